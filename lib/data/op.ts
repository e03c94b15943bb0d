// Reduction operations: MPI's twelve, and the user's own.
import { MismatchError, ArgumentError } from '../errors.js'
import { typeOf } from './payload.js'
import { checkOp, reduceInto } from './reduce.js'
import { OP_NAMES, combineScalars, describe } from './scalar.js'
import { BIGUINT64, CONSTRUCTORS } from './types.js'
import type { TypedArray } from './types.js'

type Combine = (a: unknown, b: unknown) => unknown

export interface OpOptions {
  /** The result does not depend on the order of operands: algorithms may combine ranks out of order. Default false. */
  commute?: boolean
  /** For messages. Default: the function's name. */
  name?: string
}

/**
 * How two operands become one. Every op must be associative. `create` makes one of a function; the constants are MPI's.
 *
 * The built-in ops take numbers, bigints (of any size), and typed arrays, elementwise. Arithmetic is that of the kind:
 * integer arrays wrap, Uint8Clamped arrays saturate, Float32 arrays round each result to a float.
 * - MIN and MAX are Math.min and Math.max: NaN wins over every number, and -0 is less than +0.
 * - LAND, LOR and LXOR take truth as JavaScript does (0, NaN and 0n are false) and give 0 or 1; booleans give booleans.
 * - BAND, BOR and BXOR take integers: numbers from -2^53 to 2^53 - 1 in two's complement, or bigints; no float arrays.
 * - MINLOC and MAXLOC take `{ value, index }`, or typed arrays [value, index, value, index, …]. Of equal values the
 *   lowest index wins; NaN and -0 as in MIN and MAX.
 *
 * A NaN in the result of a typed array has the same bits whatever the operands and the processor.
 */
export class Op {
  readonly name: string
  /** 0 to 11 for the built-in ops, -1 for user-defined ones. */
  readonly code: number
  readonly commute: boolean
  /** The function on single values, elements of typed arrays included. */
  readonly apply: Combine

  private constructor(name: string, code: number, commute: boolean, apply: Combine) {
    this.name = name
    this.code = code
    this.commute = commute
    this.apply = apply
  }

  /**
   * An op from a function of two operands, `a` from lower ranks than `b`. On typed arrays it is called for each
   * element; anything else it gets whole, and it must not change its operands.
   */
  static create<T>(fn: (a: T, b: T) => T, options: OpOptions = {}): Op {
    if (typeof fn !== 'function') throw new ArgumentError(`Op.create takes a function, not ${describe(fn)}`)
    return new Op(options.name ?? (fn.name || 'user-defined'), -1, options.commute ?? false, fn as Combine)
  }

  /** @internal */
  static builtIn(code: number): Op {
    return new Op(OP_NAMES[code], code, true, (a, b) => combineScalars(code, a, b))
  }

  /**
   * Combines two values into a new one; `a` is from lower ranks.
   * @throws ArgumentError for a value that the op does not take; MismatchError for values of different kind or length.
   */
  combine(a: unknown, b: unknown): unknown {
    if (typeof a !== 'object' || a === null || !ArrayBuffer.isView(a)) return this.apply(a, b)
    const type = typeOf(a)
    if (this.code >= 0) checkOp(this, type, (a as TypedArray).length)
    if (type > BIGUINT64) return this.apply(a, b)
    if (typeOf(b) !== type || (b as TypedArray).length !== (a as TypedArray).length) {
      throw new MismatchError(`${this.name} cannot combine ${describe(a)} with ${describe(b)}`)
    }
    const result: TypedArray = new CONSTRUCTORS[type as 0](a as Int8Array)
    reduceInto(this, type, result, b as TypedArray, false)
    return result
  }
}

export const SUM = Op.builtIn(0)
export const PROD = Op.builtIn(1)
export const MIN = Op.builtIn(2)
export const MAX = Op.builtIn(3)
/** Logical and. */
export const LAND = Op.builtIn(4)
export const LOR = Op.builtIn(5)
export const LXOR = Op.builtIn(6)
/** Bitwise and. */
export const BAND = Op.builtIn(7)
export const BOR = Op.builtIn(8)
export const BXOR = Op.builtIn(9)
/** The least value and where it is. */
export const MINLOC = Op.builtIn(10)
export const MAXLOC = Op.builtIn(11)
