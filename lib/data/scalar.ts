// The built-in ops on single values: numbers, bigints, booleans and { value, index } pairs.
import { ArgumentError, MismatchError } from '../errors.js'
import { compareForMax, compareForMin } from './loops.js'

/** What MINLOC and MAXLOC combine. */
export interface Located {
  readonly value: number | bigint
  readonly index: number | bigint
}

export const [SUM, PROD, MIN, MAX, LAND, LOR, LXOR, BAND, BOR, BXOR, MINLOC, MAXLOC] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
] as const

/** Names by code. */
export const OP_NAMES = [
  'SUM', 'PROD', 'MIN', 'MAX', 'LAND', 'LOR', 'LXOR', 'BAND', 'BOR', 'BXOR', 'MINLOC', 'MAXLOC',
] as const

export const isLogical = (code: number): boolean => code >= LAND && code <= LXOR
export const isBitwise = (code: number): boolean => code >= BAND && code <= BXOR
export const isLocating = (code: number): boolean => code === MINLOC || code === MAXLOC

/** How a value is named in messages. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  const name: unknown = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null)?.constructor?.name
  if (!ArrayBuffer.isView(value) || typeof name !== 'string') return typeof name === 'string' ? name : 'object'
  return `${name}(${'length' in value ? String(value.length) : value.byteLength})`
}

/** The integers that BAND, BOR and BXOR of numbers take and give: 54 bits, two's complement, exact in a double. */
const isBitwiseInteger = (x: number): boolean => Number.isInteger(x) && x >= -(2 ** 53) && x < 2 ** 53

function bitwiseNumbers(code: number, a: number, b: number): number {
  if (!isBitwiseInteger(a) || !isBitwiseInteger(b)) {
    const wrong = isBitwiseInteger(a) ? b : a
    throw new ArgumentError(`${OP_NAMES[code]} takes integers from -2^53 to 2^53 - 1 (or bigints), not ${wrong}`)
  }
  if ((a | 0) !== a || (b | 0) !== b) return Number(combineBigInts(code, BigInt(a), BigInt(b)))
  return code === BAND ? a & b : code === BOR ? a | b : a ^ b
}

function combineBooleans(code: number, a: boolean, b: boolean): boolean {
  if (code === LAND) return a && b
  return code === LOR ? a || b : a !== b
}

function combineNumbers(code: number, a: number, b: number): number {
  switch (code) {
    case SUM:
      return a + b
    case PROD:
      return a * b
    case MIN:
      return Math.min(a, b)
    case MAX:
      return Math.max(a, b)
    case BAND:
    case BOR:
    case BXOR:
      return bitwiseNumbers(code, a, b)
    default:
      return combineBooleans(code, !!a, !!b) ? 1 : 0
  }
}

function combineBigInts(code: number, a: bigint, b: bigint): bigint {
  switch (code) {
    case SUM:
      return a + b
    case PROD:
      return a * b
    case MIN:
      return b < a ? b : a
    case MAX:
      return b > a ? b : a
    case BAND:
      return a & b
    case BOR:
      return a | b
    case BXOR:
      return a ^ b
    default:
      return combineBooleans(code, !!a, !!b) ? 1n : 0n
  }
}

const isNumeric = (x: unknown): x is number | bigint => typeof x === 'number' || typeof x === 'bigint'

function located(code: number, x: unknown): Located {
  if (typeof x === 'object' && x !== null) {
    const pair = x as Partial<Located>
    if (isNumeric(pair.value) && isNumeric(pair.index)) return pair as Located
  }
  throw new ArgumentError(`${OP_NAMES[code]} takes { value, index } with numbers or bigints, not ${describe(x)}`)
}

function compare(maximum: boolean, x: number | bigint, y: number | bigint): number {
  if (typeof x === 'number' && typeof y === 'number') return maximum ? compareForMax(x, y) : compareForMin(x, y)
  if (x === y) return 0
  return x < y === maximum ? 1 : -1
}

function combineLocated(code: number, x: unknown, y: unknown): Located {
  const a = located(code, x)
  const b = located(code, y)
  if (typeof a.value !== typeof b.value || typeof a.index !== typeof b.index) {
    const name = (pair: Located): string => `{ value: ${typeof pair.value}, index: ${typeof pair.index} }`
    throw new MismatchError(`${OP_NAMES[code]} cannot combine ${name(a)} with ${name(b)}`)
  }
  const order = compare(code === MAXLOC, a.value, b.value) || compare(false, a.index, b.index)
  const { value, index } = order <= 0 ? a : b
  return { value, index }
}

function takes(code: number): string {
  if (isLocating(code)) return 'objects { value, index } and typed arrays of such pairs'
  if (isLogical(code)) return 'booleans, numbers, bigints and typed arrays'
  return isBitwise(code) ? 'integers, bigints and typed arrays of integers' : 'numbers, bigints and typed arrays'
}

/**
 * Combines two single values by the built-in op `code`.
 * @throws ArgumentError for a value that the op does not take, MismatchError for two values of different kinds.
 */
export function combineScalars(code: number, a: unknown, b: unknown): unknown {
  if (!isLocating(code)) {
    if (typeof a === 'number' && typeof b === 'number') return combineNumbers(code, a, b)
    if (typeof a === 'bigint' && typeof b === 'bigint') return combineBigInts(code, a, b)
    if (typeof a === 'boolean' && typeof b === 'boolean' && isLogical(code)) return combineBooleans(code, a, b)
  } else if (typeof a === 'object' && typeof b === 'object') return combineLocated(code, a, b)
  if (describe(a) !== describe(b)) {
    throw new MismatchError(`${OP_NAMES[code]} cannot combine ${describe(a)} with ${describe(b)}`)
  }
  const advice = 'Op.create makes an op for other values'
  throw new ArgumentError(`${OP_NAMES[code]} takes ${takes(code)}, not ${describe(a)}; ${advice}`)
}
