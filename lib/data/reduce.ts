// Elementwise reductions of typed arrays: in the addon where the vector is long enough to pay for the call.
import { native } from '../../native/load.js'
import { ArgumentError, MismatchError } from '../errors.js'
import { reduceInTypeScript } from './loops.js'
import type { Op } from './op.js'
import { isBitwise, isLocating } from './scalar.js'
import { BIGINT64, BIGUINT64, EMPTY, FLOAT32, FLOAT64, NUMBER, OBJECT, TYPE_NAMES } from './types.js'
import type { TypedArray } from './types.js'

/** From this many elements on the addon is faster than a loop here: measured by bench/parts/reduce.ts. */
const NATIVE_FROM = 16

const isFloat = (type: number): boolean => type === FLOAT32 || type === FLOAT64

/**
 * Checks early that `op` can combine values of a payload type (types.ts), for typed arrays of `length` elements.
 * @throws ArgumentError where it cannot.
 */
export function checkOp(op: Op, type: number, length: number): void {
  if (op.code < 0 || type === OBJECT || type === NUMBER) return
  const name = TYPE_NAMES[type]
  if (type > BIGUINT64) {
    const advice = type === EMPTY ? '' : '; pass a Uint8Array over the same bytes'
    throw new ArgumentError(`${op.name} does not take ${name}${advice}`)
  }
  if (isBitwise(op.code) && isFloat(type)) throw new ArgumentError(`${op.name} takes integers, not a ${name}`)
  if (isLocating(op.code) && length % 2 !== 0) {
    throw new ArgumentError(`${op.name} takes pairs of value and index: the length of ${name}(${length}) must be even`)
  }
}

function reduceByUser(op: Op, type: number, inout: TypedArray, input: TypedArray, inputIsLeft: boolean): void {
  const kind = type >= BIGINT64 ? 'bigint' : 'number'
  for (let i = 0; i < inout.length; i++) {
    const element = inputIsLeft ? op.apply(input[i], inout[i]) : op.apply(inout[i], input[i])
    if (typeof element !== kind) {
      const name = TYPE_NAMES[type]
      throw new MismatchError(`op ${op.name} gave a ${typeof element} for an element of ${name}, not a ${kind}`)
    }
    inout[i] = element as never
  }
}

/**
 * `inout[i] = inputIsLeft ? op(input[i], inout[i]) : op(inout[i], input[i])` for every element; `type` (types.ts,
 * 0 to 10) is the kind of both arrays, which have one length and do not overlap. The built-in ops are symmetric, down
 * to the bits of NaN and -0; a user-defined op is called for each element. See op.ts for the arithmetic.
 * @throws ArgumentError as checkOp does; MismatchError where lengths differ, or a user-defined op returns another kind.
 */
export function reduceInto(op: Op, type: number, inout: TypedArray, input: TypedArray, inputIsLeft: boolean): void {
  const { length } = inout
  if (input.length !== length) {
    const name = TYPE_NAMES[type]
    throw new MismatchError(`${op.name} cannot combine ${name}(${length}) with ${name}(${input.length})`)
  }
  if (op.code < 0) return reduceByUser(op, type, inout, input, inputIsLeft)
  if (isBitwise(op.code) || isLocating(op.code)) checkOp(op, type, length)
  const addon = length >= NATIVE_FROM ? native() : undefined
  if (addon) addon.reduce(op.code, type, inout, input)
  else reduceInTypeScript(op.code, type, inout, input)
}
