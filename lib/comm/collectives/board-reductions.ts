// reduce and allreduce on a board: numbers and typed arrays, with any op on short ones and MPI's on all that fit.
import { NumberReduction, VectorReduction } from '../../coll/allreduce/shm.js'
import type { BoardQueue } from '../../coll/drive-board-queue.js'
import { Rows } from '../../coll/drive-board-rows.js'
import { MAX, MIN, Op, PROD, SUM } from '../../data/op.js'
import { checkOp } from '../../data/reduce.js'
import { CONSTRUCTORS, ELEMENT_BYTES } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import { boardSignature, withRoot } from './board-limits.js'
import type { BoardLimits } from './board-limits.js'
import { checkOptions, isTyped, resultArray } from './call.js'
import type { CollectiveIntoOptions, CollectiveScope } from './call.js'
import type { Large } from './large.js'

/** All ranks call a user-defined op n - 1 times for each element; by messages log2 n times. */
const USER_OP_BYTES = 128
const USER_OP = 31

/** One of the two. */
export class BoardReduction {
  readonly #comm: CollectiveScope
  readonly #queue: BoardQueue
  readonly #limits: BoardLimits
  readonly #large: Large
  readonly #collective: 'reduce' | 'allreduce'
  readonly #rows: Rows
  /** By op code; USER_OP for one of the user's. */
  readonly #signatures: readonly number[]
  #number: NumberReduction
  #vector: VectorReduction

  constructor(comm: CollectiveScope, queue: BoardQueue, limits: BoardLimits, collective: 'reduce' | 'allreduce', large: Large) {
    this.#comm = comm
    this.#queue = queue
    this.#limits = limits
    this.#large = large
    this.#collective = collective
    this.#rows = new Rows(queue.board)
    this.#signatures = Array.from({ length: USER_OP + 1 }, (_, code) => boardSignature(collective, code, true))
    this.#number = new NumberReduction(queue, this.#rows)
    this.#vector = new VectorReduction(queue, this.#rows, large, collective)
  }

  /** `root`: -1 for allreduce. Undefined where the call goes by messages. */
  start(
    value: unknown, op: Op, root: number, options: CollectiveIntoOptions | undefined,
  ): NumberReduction | VectorReduction | undefined {
    if (!(op instanceof Op)) return undefined
    const most = this.#limits.of(this.#collective, options)
    if (typeof value === 'number') return this.#startNumber(value, op, root, options, most)
    if (this.#vector.spent) this.#vector = new VectorReduction(this.#queue, this.#rows, this.#large, this.#collective)
    const call = this.#vector
    const into = root < 0 || root === this.#comm.rank ? options?.into : undefined
    if (!call.remembers(value, into) || options?.segmentBytes !== undefined) {
      if (options !== undefined) checkOptions(this.#comm, this.#collective, options)
      call.setInput(value)
      if (into !== undefined && isTyped(call.type)) resultArray(this.#comm, this.#collective, value as TypedArray, into)
      call.setInto(into)
    }
    if (!isTyped(call.type)) return undefined
    return this.#startVector(call, value as TypedArray, op, root, into, options, op.code < 0 ? Math.min(most, USER_OP_BYTES) : most)
  }

  #startNumber(
    value: number, op: Op, root: number, options: CollectiveIntoOptions | undefined, most: number,
  ): NumberReduction | undefined {
    const onDoubles = op === SUM || op === PROD || op === MIN || op === MAX
    if (most < 8 || !onDoubles || options?.into !== undefined) return undefined
    if (options !== undefined) checkOptions(this.#comm, this.#collective, options)
    if (this.#number.spent) this.#number = new NumberReduction(this.#queue, this.#rows)
    const call = this.#number
    call.input = value
    call.op = op
    this.#enter(call, op, root, false)
    return call
  }

  #startVector(
    call: VectorReduction, value: TypedArray, op: Op, root: number, into: TypedArray | undefined,
    options: CollectiveIntoOptions | undefined, most: number,
  ): VectorReduction | undefined {
    const { type, length } = call
    if (length > most) return undefined
    const elements = length / ELEMENT_BYTES[type]
    checkOp(op, type, elements)
    const wanted = root < 0 || root === this.#comm.rank
    call.out = wanted ? (into ?? new CONSTRUCTORS[type as 0](elements)) : undefined
    call.op = op
    call.root = root
    call.limit(most, (into === value || call.isApart) && this.#queue.board.reach(), call.out)
    call.given = value
    call.options = options
    this.#enter(call, op, root, call.announces)
    return call
  }

  /** `all`: not the root alone collects. */
  #enter(call: NumberReduction | VectorReduction, op: Op, root: number, all: boolean): void {
    const { rank, size } = this.#comm
    const signature = this.#signatures[op.code & USER_OP]
    if (root < 0) this.#queue.enter(call, signature, call.shape, false, 0, size)
    else this.#queue.enter(call, withRoot(signature, root), call.shape, false, 0, rank === root || all ? size : 0)
  }
}
