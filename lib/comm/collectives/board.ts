// Collectives that a communicator runs on its board: which calls go there, and what they publish.
//
// Each method gives a call that has taken its place in the order of calls, or undefined where the call goes by messages.
import { NumberOnBoard, VectorOnBoard } from '../../coll/allreduce/shm.js'
import { BarrierOnBoard } from '../../coll/barrier/shm.js'
import type { BoardQueue } from '../../coll/drive-board.js'
import { Rows } from '../../coll/drive-board-rows.js'
import { MAX, MIN, Op, PROD, SUM } from '../../data/op.js'
import { LastMemory, rawBytes, typeOf } from '../../data/payload.js'
import { checkOp } from '../../data/reduce.js'
import { EMPTY, NUMBER } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import { COLLECTIVES, signatureOf } from '../../p2p/signature.js'
import { isTyped, resultArray } from './call.js'
import type { CollectiveIntoOptions, CollectiveOptions, CollectiveScope } from './call.js'

/** In signatures: no schedule has this number. */
const SHM = 31
const BARRIER = signatureOf(COLLECTIVES.indexOf('barrier'), 0, SHM, true, 0)
const ALLREDUCE = COLLECTIVES.indexOf('allreduce')

const lastOperand = new LastMemory()

export class BoardCollectives {
  readonly #comm: CollectiveScope
  readonly #queue: BoardQueue
  readonly #rows: Rows
  readonly #mostBytes: number
  #barrier: BarrierOnBoard
  #number: NumberOnBoard
  #vector: VectorOnBoard

  constructor(comm: CollectiveScope, queue: BoardQueue, mostBytes: number) {
    this.#comm = comm
    this.#queue = queue
    this.#mostBytes = mostBytes
    this.#rows = new Rows(queue.board)
    this.#barrier = new BarrierOnBoard(queue)
    this.#number = new NumberOnBoard(queue, this.#rows)
    this.#vector = new VectorOnBoard(queue, this.#rows)
  }

  barrier(options: CollectiveOptions | undefined): BarrierOnBoard | undefined {
    if (options?.algorithm !== undefined) return undefined
    const call = this.#barrier.queued ? (this.#barrier = new BarrierOnBoard(this.#queue)) : this.#barrier
    call.type = EMPTY
    this.#queue.enter(call, BARRIER, 0, this.#comm.size, true)
    return call
  }

  allreduce(value: unknown, op: Op, options: CollectiveIntoOptions | undefined): NumberOnBoard | VectorOnBoard | undefined {
    if (options?.algorithm !== undefined || !(op instanceof Op)) return undefined
    if (typeof value === 'number') return this.#allreduceNumber(value, op, options)
    if (!lastOperand.is(value)) {
      const type = typeOf(value)
      if (!isTyped(type)) return undefined
      lastOperand.note(value, type, rawBytes(value as TypedArray))
    }
    const { type } = lastOperand
    return isTyped(type) ? this.#allreduceVector(value as TypedArray, type, op, options) : undefined
  }

  #allreduceNumber(value: number, op: Op, options: CollectiveIntoOptions | undefined): NumberOnBoard | undefined {
    if (options?.into !== undefined || !(op === SUM || op === PROD || op === MIN || op === MAX)) return undefined
    const call = this.#number.queued ? (this.#number = new NumberOnBoard(this.#queue, this.#rows)) : this.#number
    call.type = NUMBER
    call.length = 8
    call.input = value
    call.op = op
    this.#queue.enter(call, signatureOf(ALLREDUCE, op.code, SHM, true, 0), 0, this.#comm.size, true)
    return call
  }

  #allreduceVector(
    value: TypedArray, type: number, op: Op, options: CollectiveIntoOptions | undefined,
  ): VectorOnBoard | undefined {
    const length = value.byteLength
    if (length > this.#mostBytes) return undefined
    checkOp(op, type, value.length)
    const call = this.#vector.queued ? (this.#vector = new VectorOnBoard(this.#queue, this.#rows)) : this.#vector
    call.into = resultArray(this.#comm, 'allreduce', value, options?.into)
    call.input = lastOperand.bytes
    call.type = type
    call.length = length
    call.op = op
    this.#queue.enter(call, signatureOf(ALLREDUCE, op.code, SHM, true, 0), 0, this.#comm.size, true)
    return call
  }
}
