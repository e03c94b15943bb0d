// Elementwise reductions in TypeScript, `a[i] = a[i] op b[i]`: for short vectors, and where the addon is not there.
//
// native/reduce_kernels.h does the same arithmetic, bit for bit. The store into the array does what C does: integers
// wrap, Uint8Clamped saturates, Float32 rounds once (a double holds the sum and the product of two floats with enough
// digits that rounding twice does not show). A NaN result is always the one NaN of the literal below: its sign and
// payload would otherwise depend on the processor and the order of operands.
import { BIGINT64, FLOAT32, FLOAT64, UINT8_CLAMPED } from './types.js'
import type { TypedArray } from './types.js'

type NumberArray = Exclude<TypedArray, BigInt64Array | BigUint64Array>
type BigIntArray = BigInt64Array | BigUint64Array

function sum(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) {
    const r = a[i] + b[i]
    a[i] = r === r ? r : NaN
  }
}

/** For floats and Uint8Clamped. */
function product(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) {
    const r = a[i] * b[i]
    a[i] = r === r ? r : NaN
  }
}

/** For integers that wrap. */
function wrappedProduct(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) a[i] = Math.imul(a[i], b[i])
}

function min(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) {
    const r = Math.min(a[i], b[i])
    a[i] = r === r ? r : NaN
  }
}

function max(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) {
    const r = Math.max(a[i], b[i])
    a[i] = r === r ? r : NaN
  }
}

function logicalAnd(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] && b[i] ? 1 : 0
}

function logicalOr(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] || b[i] ? 1 : 0
}

function logicalXor(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) a[i] = !a[i] === !b[i] ? 0 : 1
}

function bitAnd(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] & b[i]
}

function bitOr(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] | b[i]
}

function bitXor(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] ^ b[i]
}

/** -1, 0 or 1; a NaN stands before everything, and -0 before +0. */
export function compareForMin(x: number, y: number): number {
  if (x < y) return -1
  if (x > y) return 1
  if (x !== x) return y !== y ? 0 : -1
  if (y !== y) return 1
  return x !== 0 || Object.is(x, y) ? 0 : Object.is(x, -0) ? -1 : 1
}

/** The same for the maximum, with a NaN still before everything. */
export function compareForMax(x: number, y: number): number {
  return x !== x || y !== y ? compareForMin(x, y) : compareForMin(y, x)
}

function storePair(a: NumberArray, i: number, value: number, index: number): void {
  a[i] = value === value ? value : NaN
  a[i + 1] = index === index ? index : NaN
}

function minloc(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i += 2) {
    const order = compareForMin(a[i], b[i]) || compareForMin(a[i + 1], b[i + 1])
    const from = order <= 0 ? a : b
    storePair(a, i, from[i], from[i + 1])
  }
}

function maxloc(a: NumberArray, b: NumberArray): void {
  for (let i = 0; i < a.length; i += 2) {
    const order = compareForMax(a[i], b[i]) || compareForMin(a[i + 1], b[i + 1])
    const from = order <= 0 ? a : b
    storePair(a, i, from[i], from[i + 1])
  }
}

function bigSum(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] + b[i]
}

function bigProduct(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] * b[i]
}

function bigMin(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) if (b[i] < a[i]) a[i] = b[i]
}

function bigMax(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) if (b[i] > a[i]) a[i] = b[i]
}

function bigLogicalAnd(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] && b[i] ? 1n : 0n
}

function bigLogicalOr(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] || b[i] ? 1n : 0n
}

function bigLogicalXor(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) a[i] = !a[i] === !b[i] ? 0n : 1n
}

function bigBitAnd(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] & b[i]
}

function bigBitOr(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] | b[i]
}

function bigBitXor(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i++) a[i] = a[i] ^ b[i]
}

function takePair(a: BigIntArray, b: BigIntArray, i: number): void {
  a[i] = b[i]
  a[i + 1] = b[i + 1]
}

function bigMinloc(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i += 2) {
    if (b[i] < a[i] || (b[i] === a[i] && b[i + 1] < a[i + 1])) takePair(a, b, i)
  }
}

function bigMaxloc(a: BigIntArray, b: BigIntArray): void {
  for (let i = 0; i < a.length; i += 2) {
    if (b[i] > a[i] || (b[i] === a[i] && b[i + 1] < a[i + 1])) takePair(a, b, i)
  }
}

/** By op code: see op.ts. Bitwise ops are for integers. */
const NUMBER_LOOPS = [
  sum, wrappedProduct, min, max, logicalAnd, logicalOr, logicalXor, bitAnd, bitOr, bitXor, minloc, maxloc,
] as const

const BIGINT_LOOPS = [
  bigSum, bigProduct, bigMin, bigMax, bigLogicalAnd, bigLogicalOr, bigLogicalXor, bigBitAnd, bigBitOr, bigBitXor,
  bigMinloc, bigMaxloc,
] as const

const PROD = 1
const doesNotWrap = (type: number): boolean => type === FLOAT64 || type === FLOAT32 || type === UINT8_CLAMPED

/** `inout[i] = inout[i] op input[i]` for the built-in op `code` and arrays of kind `type` (types.ts) that fit. */
export function reduceInTypeScript(code: number, type: number, inout: TypedArray, input: TypedArray): void {
  if (type >= BIGINT64) BIGINT_LOOPS[code](inout as BigIntArray, input as BigIntArray)
  else if (code === PROD && doesNotWrap(type)) product(inout as NumberArray, input as NumberArray)
  else NUMBER_LOOPS[code](inout as NumberArray, input as NumberArray)
}
