// Reductions of typed arrays: every op, type, length, offset and implementation against element-by-element arithmetic.
import t from 'tap'
import { reduceInTypeScript } from '../../lib/data/loops.js'
import { BAND, BOR, BXOR, LAND, LOR, LXOR, MAX, MAXLOC, MIN, MINLOC, Op, PROD, SUM } from '../../lib/data/op.js'
import { rawBytes } from '../../lib/data/payload.js'
import { reduceInto } from '../../lib/data/reduce.js'
import { BIGINT64, CONSTRUCTORS, FLOAT32, FLOAT64, UINT8_CLAMPED } from '../../lib/data/types.js'
import type { TypedArray } from '../../lib/data/types.js'
import { native } from '../../native/load.js'
import { seeded } from './values.js'

const OPS = [SUM, PROD, MIN, MAX, LAND, LOR, LXOR, BAND, BOR, BXOR, MINLOC, MAXLOC]
const LENGTHS = [0, 1, 2, 3, 7, 8, 15, 16, 17, 33, 1000, 1001]
const OFFSETS = [0, 1, 3]
type Scalar = number | bigint

const isFloat = (type: number): boolean => type === FLOAT32 || type === FLOAT64

/** Integers by exact arithmetic on bigints, then cut to size by the store; floats as IEEE 754 says. */
function integer(op: Op, type: number, x: bigint, y: bigint): bigint {
  const saturate = (r: bigint): bigint => (type === UINT8_CLAMPED && r > 255n ? 255n : r)
  const results: Record<string, () => bigint> = {
    SUM: () => saturate(x + y),
    PROD: () => saturate(x * y),
    MIN: () => (x < y ? x : y),
    MAX: () => (x > y ? x : y),
    LAND: () => (x !== 0n && y !== 0n ? 1n : 0n),
    LOR: () => (x !== 0n || y !== 0n ? 1n : 0n),
    LXOR: () => ((x !== 0n) !== (y !== 0n) ? 1n : 0n),
    BAND: () => x & y,
    BOR: () => x | y,
    BXOR: () => x ^ y,
  }
  return results[op.name]()
}

function float(op: Op, x: number, y: number): number {
  const results: Record<string, () => number> = {
    SUM: () => x + y,
    PROD: () => x * y,
    MIN: () => Math.min(x, y),
    MAX: () => Math.max(x, y),
    LAND: () => Number(Boolean(x) && Boolean(y)),
    LOR: () => Number(Boolean(x) || Boolean(y)),
    LXOR: () => Number(Boolean(x) !== Boolean(y)),
  }
  return results[op.name]()
}

/** Where a value stands in the order of Math.min: NaN, -Infinity … -0, +0 … Infinity. */
function precedes(x: Scalar, y: Scalar, maximum = false): boolean {
  if (Object.is(x, y)) return false
  if (typeof x === 'number' && Number.isNaN(x)) return true
  if (typeof y === 'number' && Number.isNaN(y)) return false
  if (x === y) return Object.is(x, -0) !== maximum
  return x < y !== maximum
}

function naive(op: Op, type: number, inout: TypedArray, input: TypedArray): void {
  const a = inout as Float64Array
  const b = input as Float64Array
  const wide = (x: number): bigint => BigInt(x)
  for (let i = 0; i < a.length; i++) {
    if (op === MINLOC || op === MAXLOC) {
      const closer = Object.is(a[i], b[i]) ? precedes(b[i + 1], a[i + 1]) : precedes(b[i], a[i], op === MAXLOC)
      if (closer) a.set(b.subarray(i, i + 2), i)
      i++
    } else if (isFloat(type)) a[i] = float(op, a[i], b[i])
    else {
      const exact = integer(op, type, wide(a[i]), wide(b[i]))
      const cut = type >= BIGINT64 ? exact : Number(BigInt.asIntN(32, exact))
      ;(a as unknown as Scalar[])[i] = cut
    }
  }
  if (isFloat(type)) for (let i = 0; i < a.length; i++) if (Number.isNaN(a[i])) a[i] = NaN
}

const FLOATS = [0, -0, 1, -1, NaN, Infinity, -Infinity, 5e-324, 1.1754943508222875e-38, 3.4e38, -3.4e38, 2 ** 24 + 1]
const INTEGERS = [7, 8, 15, 16, 31, 32, 63].flatMap((bits) => [2n ** BigInt(bits) - 1n, -(2n ** BigInt(bits))])

/** Extremes, small values with many ties, and random bits (for floats NaNs with payloads and signs, too). */
function fill(random: () => number, type: number, array: TypedArray): void {
  const bytes = rawBytes(array)
  for (let i = 0; i < bytes.length; i++) bytes[i] = random() * 256
  const any = array as unknown as Scalar[]
  for (let i = 0; i < array.length; i++) {
    const kind = random()
    if (kind < 0.3) continue
    const small = Math.floor(random() * 4) - 1
    const extreme = INTEGERS[Math.floor(random() * INTEGERS.length)]
    if (isFloat(type)) any[i] = kind < 0.6 ? small : FLOATS[Math.floor(random() * FLOATS.length)]
    else if (type >= BIGINT64) any[i] = kind < 0.6 ? BigInt(small) : extreme
    else any[i] = kind < 0.6 ? small : Number(BigInt.asIntN(32, extreme))
  }
}

type Reduce = (op: Op, type: number, inout: TypedArray, input: TypedArray) => void

const addon = native()
const implementations: [string, Reduce][] = [
  ['TypeScript', (op, type, inout, input) => reduceInTypeScript(op.code, type, inout, input)],
  ['reduceInto', (op, type, inout, input) => reduceInto(op, type, inout, input, false)],
  ...(addon?.reduceKernels() ?? []).map((name, kernel): [string, Reduce] => [
    name,
    (op, type, inout, input) => addon?.reduce(op.code, type, inout, input, kernel),
  ]),
]

const sameBits = (a: TypedArray, b: TypedArray): boolean => Buffer.compare(rawBytes(a), rawBytes(b)) === 0

/** A copy of `array` that starts `offset` elements into its buffer, with one element behind it that must not change. */
function place(array: TypedArray, type: number, offset: number): TypedArray {
  const whole: TypedArray = new CONSTRUCTORS[type](array.length + offset + 1)
  const view = whole.subarray(offset, offset + array.length)
  ;(view as Float64Array).set(array as Float64Array)
  return view
}

for (const [name, reduce] of implementations) {
  await t.test(name, async (t) => {
    const random = seeded(99)
    for (const op of OPS) {
      for (const [type, constructor] of CONSTRUCTORS.entries()) {
        if (isFloat(type) && op.name.startsWith('B')) continue
        for (const length of LENGTHS) {
          if (op.name.endsWith('LOC') && length % 2 === 1) continue
          const a: TypedArray = new constructor(length)
          const b: TypedArray = new constructor(length)
          fill(random, type, a)
          fill(random, type, b)
          const expected: TypedArray = new constructor(length)
          ;(expected as Float64Array).set(a as Float64Array)
          naive(op, type, expected, b)
          for (const offset of OFFSETS) {
            const ours = place(a, type, offset)
            const theirs = place(b, type, (offset * 2) % 5)
            const before = Buffer.from(rawBytes(theirs))
            reduce(op, type, ours, theirs)
            const swapped = place(b, type, offset)
            reduce(op, type, swapped, place(a, type, 0))
            const what = `${op.name} ${constructor.name}(${length}) at ${offset}`
            if (!sameBits(ours, expected)) t.strictSame(ours, expected, what)
            if (!sameBits(swapped, expected)) t.strictSame(swapped, expected, `${what}, swapped`)
            if (Buffer.compare(rawBytes(theirs), before) !== 0) t.fail(`${what} changed its input`)
            if (Number(new constructor(ours.buffer as ArrayBuffer).at(-1)) !== 0) t.fail(`${what} wrote beyond its end`)
          }
        }
      }
    }
  })
}

await t.test('order of a user-defined op, and what is refused', async (t) => {
  const minus = Op.create((a: number, b: number) => a - b)
  for (const [inputIsLeft, expected] of [[true, [9, 18]], [false, [-9, -18]]] as const) {
    const inout = Float64Array.of(1, 2)
    reduceInto(minus, FLOAT64, inout, Float64Array.of(10, 20), inputIsLeft)
    t.same([...inout], expected)
  }
  const long = new Float64Array(100)
  const odd = new Float64Array(99)
  t.throws(() => reduceInto(SUM, FLOAT64, long, odd, true), { code: 'TSMPI_MISMATCH', message: /100.*99/ })
  t.throws(() => reduceInto(BAND, FLOAT64, long, long.slice(), true), { code: 'TSMPI_ARGUMENT' })
  t.throws(() => reduceInto(MINLOC, FLOAT64, odd, odd.slice(), true), { code: 'TSMPI_ARGUMENT' })
})

await t.test('the addon refuses what could touch memory that is not the arrays', { skip: !addon }, async (t) => {
  const a = new Float64Array(4)
  const odd = new Float64Array(3)
  const wrong: unknown[][] = [
    [], [0, 8, a], [0, 8, a, 5], [0, 7, a, a], [12, 8, a, a], [-1, 8, a, a], [0, 11, a, a], [7, 8, a, a],
    [0, 8, a, odd], [0, 8, a, new Float32Array(4)], [10, 8, odd, odd], [0, 8, a, a, 99], [0, 8, a.buffer, a.buffer],
  ]
  const reduce = addon?.reduce.bind(addon) as (...args: unknown[]) => void
  for (const args of wrong) t.throws(() => reduce(...args), TypeError)
})
