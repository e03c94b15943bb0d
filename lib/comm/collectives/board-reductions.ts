// reduce and allreduce on a board: numbers and typed arrays, with any op on short ones and MPI's on all that fit.
import { NumberReduction, VectorReduction } from '../../coll/allreduce/shm.js'
import type { BoardQueue } from '../../coll/drive-board.js'
import { Rows } from '../../coll/drive-board-rows.js'
import { MAX, MIN, Op, PROD, SUM } from '../../data/op.js'
import { typeOf } from '../../data/payload.js'
import { checkOp } from '../../data/reduce.js'
import type { TypedArray } from '../../data/types.js'
import { boardSignature, withRoot } from './board-limits.js'
import type { BoardLimits } from './board-limits.js'
import { checkOptions, emptyLike, isTyped, resultArray } from './call.js'
import type { CollectiveIntoOptions, CollectiveScope } from './call.js'

/** All ranks call a user-defined op n - 1 times for each element; by messages log2 n times. */
const USER_OP_BYTES = 128

const signaturesOf = (collective: 'reduce' | 'allreduce'): number[] =>
  Array.from({ length: 32 }, (_, code) => boardSignature(collective, code, true))
/** By op code, -1 for one of the user's as 31. */
const SIGNATURES = { reduce: signaturesOf('reduce'), allreduce: signaturesOf('allreduce') }

export class BoardReductions {
  readonly #comm: CollectiveScope
  readonly #queue: BoardQueue
  readonly #limits: BoardLimits
  readonly #rows: Rows
  #number: NumberReduction
  #vector: VectorReduction

  constructor(comm: CollectiveScope, queue: BoardQueue, limits: BoardLimits) {
    this.#comm = comm
    this.#queue = queue
    this.#limits = limits
    this.#rows = new Rows(queue.board)
    this.#number = new NumberReduction(queue, this.#rows)
    this.#vector = new VectorReduction(queue, this.#rows)
  }

  /** `root`: -1 for allreduce. */
  start(
    collective: 'reduce' | 'allreduce', value: unknown, op: Op, root: number, options: CollectiveIntoOptions | undefined,
  ): NumberReduction | VectorReduction | undefined {
    if (!(op instanceof Op)) return undefined
    if (options !== undefined) checkOptions(this.#comm, collective, options)
    const most = this.#limits.of(collective, options)
    if (typeof value === 'number') return this.#startNumber(collective, value, op, root, options, most)
    const type = typeOf(value)
    if (!isTyped(type) || (value as TypedArray).byteLength > (op.code < 0 ? Math.min(most, USER_OP_BYTES) : most)) return undefined
    checkOp(op, type, (value as TypedArray).length)
    return this.#startVector(collective, value as TypedArray, op, root, options, most)
  }

  #startNumber(
    collective: 'reduce' | 'allreduce', value: number, op: Op, root: number, options: CollectiveIntoOptions | undefined,
    most: number,
  ): NumberReduction | undefined {
    const onDoubles = op === SUM || op === PROD || op === MIN || op === MAX
    if (most < 8 || !onDoubles || options?.into !== undefined) return undefined
    if (this.#number.spent) this.#number = new NumberReduction(this.#queue, this.#rows)
    const call = this.#number
    call.input = value
    call.op = op
    this.#enter(call, collective, root)
    return call
  }

  #startVector(
    collective: 'reduce' | 'allreduce', value: TypedArray, op: Op, root: number, options: CollectiveIntoOptions | undefined,
    most: number,
  ): VectorReduction {
    if (this.#vector.spent) this.#vector = new VectorReduction(this.#queue, this.#rows)
    const call = this.#vector
    const into = options?.into
    const wanted = root < 0 || root === this.#comm.rank
    call.out = wanted ? (into === undefined ? emptyLike(value) : resultArray(this.#comm, collective, value, into)) : undefined
    call.setInto(wanted ? into : undefined)
    call.setInput(value, most)
    call.op = op
    this.#enter(call, collective, root)
    return call
  }

  #enter(call: NumberReduction | VectorReduction, collective: 'reduce' | 'allreduce', root: number): void {
    const { rank, size } = this.#comm
    const signature = SIGNATURES[collective][call.op.code & 31]
    if (root < 0) this.#queue.enter(call, signature, call.shape, false, 0, size)
    else this.#queue.enter(call, withRoot(signature, root), call.shape, false, 0, rank === root ? size : 0)
  }
}
