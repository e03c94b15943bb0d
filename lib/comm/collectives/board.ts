// Collectives that a communicator runs on its board: which calls go there, and what they publish.
//
// Each method gives a call that has taken its place in the order of calls, or undefined where the call goes by messages:
// all ranks come to the same, from what all of them know. What is wrong on this rank alone is told before.
import { AllgatherOnBoard } from '../../coll/allgather/shm.js'
import { AlltoallOnBoard } from '../../coll/alltoall/shm.js'
import { BarrierOnBoard } from '../../coll/barrier/shm.js'
import { BcastOnBoard } from '../../coll/bcast/shm.js'
import type { BoardQueue } from '../../coll/drive-board.js'
import { pack } from '../../coll/drive-values.js'
import { GatherOnBoard } from '../../coll/gather/shm.js'
import { ScatterOnBoard } from '../../coll/scatter/shm.js'
import type { CollectiveName } from '../../coll/schedule.js'
import { typeOf } from '../../data/payload.js'
import type { Op } from '../../data/op.js'
import { BLOCKS } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import { checkRoot } from '../group.js'
import { blocksOf, notDivisible } from './blocks.js'
import { BoardReductions } from './board-reductions.js'
import { BoardLimits, boardSignature, withRoot } from './board-limits.js'
import { checkOptions, isTyped, resultArray } from './call.js'
import type { CollectiveIntoOptions, CollectiveOptions, CollectiveScope } from './call.js'
import { checkAllgatherInto } from './exchange.js'
import { Large } from './large.js'

const BARRIER = boardSignature('barrier', 0, true)
const BCAST = boardSignature('bcast', 0, false)
const SCATTER = boardSignature('scatter', 0, false)
const GATHER = boardSignature('gather', 0, false)
const ALLGATHER = boardSignature('allgather', 0, false)
const ALLGATHER_INTO = boardSignature('allgather', 0, true)
const ALLTOALL = boardSignature('alltoall', 0, false)
const ALLTOALL_TYPED = boardSignature('alltoall', 0, true)

export class BoardCollectives {
  readonly #comm: CollectiveScope
  readonly #queue: BoardQueue
  readonly #limits: BoardLimits
  readonly #reductions: BoardReductions
  readonly #large: Large
  #barrier: BarrierOnBoard
  #bcast: BcastOnBoard
  #scatter: ScatterOnBoard
  #gather: GatherOnBoard
  #allgather: AllgatherOnBoard
  #alltoall: AlltoallOnBoard

  constructor(comm: CollectiveScope, queue: BoardQueue) {
    this.#comm = comm
    this.#queue = queue
    this.#limits = new BoardLimits(comm, queue.board.capacity)
    this.#large = new Large(comm)
    this.#reductions = new BoardReductions(comm, queue, this.#limits)
    this.#barrier = new BarrierOnBoard(queue)
    this.#bcast = new BcastOnBoard(queue, this.#large)
    this.#scatter = new ScatterOnBoard(queue, this.#large)
    this.#gather = new GatherOnBoard(queue, this.#large)
    this.#allgather = new AllgatherOnBoard(queue, this.#large)
    this.#alltoall = new AlltoallOnBoard(queue, this.#large)
  }

  barrier(options: CollectiveOptions | undefined): BarrierOnBoard | undefined {
    if (this.#limits.of('barrier', options) < 0) return undefined
    if (this.#barrier.spent) this.#barrier = new BarrierOnBoard(this.#queue)
    const call = this.#barrier
    this.#queue.enter(call, BARRIER, 0, false, 0, this.#comm.size)
    return call
  }

  bcast(value: unknown, root: number, options: CollectiveIntoOptions | undefined): BcastOnBoard | undefined {
    const most = this.#begin('bcast', root, options)
    if (most < 0) return undefined
    if (this.#bcast.spent) this.#bcast = new BcastOnBoard(this.#queue, this.#large)
    const call = this.#bcast
    const atRoot = this.#comm.rank === root
    call.root = root
    call.options = options
    call.given = value
    call.setInto(options?.into)
    if (atRoot) call.setInput(value, most)
    this.#queue.enter(call, withRoot(BCAST, root), 0, !atRoot, root, atRoot ? root : root + 1)
    return call
  }

  scatter(values: unknown, root: number, options: CollectiveIntoOptions | undefined): ScatterOnBoard | undefined {
    const most = this.#begin('scatter', root, options)
    if (most < 0) return undefined
    if (this.#scatter.spent) this.#scatter = new ScatterOnBoard(this.#queue, this.#large)
    const call = this.#scatter
    const atRoot = this.#comm.rank === root
    if (atRoot) this.#setBlocks(call, values, most)
    call.root = root
    call.options = options
    call.given = values
    call.setInto(options?.into)
    this.#queue.enter(call, withRoot(SCATTER, root), 0, !atRoot, root, atRoot ? root : root + 1)
    return call
  }

  #setBlocks(call: ScatterOnBoard, values: unknown, most: number): void {
    const blocks = blocksOf(this.#comm, 'scatter', values)
    call.own = blocks[this.#comm.rank]
    if (isTyped(typeOf(values))) call.setInput(values, most)
    else call.setBytes(BLOCKS, pack(blocks), most)
  }

  gather(value: unknown, root: number, options: CollectiveIntoOptions | undefined): GatherOnBoard | undefined {
    const most = this.#begin('gather', root, options)
    if (most < 0) return undefined
    if (this.#gather.spent) this.#gather = new GatherOnBoard(this.#queue, this.#large)
    const call = this.#gather
    const atRoot = this.#comm.rank === root
    call.setInput(value, most)
    call.root = root
    call.options = options
    call.given = value
    call.setInto(options?.into)
    this.#queue.enter(call, withRoot(GATHER, root), 0, false, 0, atRoot ? this.#comm.size : 0)
    return call
  }

  allgather(value: unknown, options: CollectiveIntoOptions | undefined): AllgatherOnBoard | undefined {
    const most = this.#begin('allgather', 0, options)
    const into = options?.into
    if (into !== undefined) checkAllgatherInto(this.#comm, value, into)
    if (most < 0 || (into !== undefined && (value as TypedArray).byteLength > most)) return undefined
    if (this.#allgather.spent) this.#allgather = new AllgatherOnBoard(this.#queue, this.#large)
    const call = this.#allgather
    call.setInput(value, most)
    call.options = options
    call.given = value
    call.setInto(into)
    if (into === undefined) this.#queue.enter(call, ALLGATHER, 0, false, 0, this.#comm.size)
    else this.#queue.enter(call, ALLGATHER_INTO, call.shape, false, 0, this.#comm.size)
    return call
  }

  alltoall(values: unknown, options: CollectiveIntoOptions | undefined): AlltoallOnBoard | undefined {
    const most = this.#begin('alltoall', 0, options)
    const typed = isTyped(typeOf(values))
    if (most < 0 || (typed && (values as TypedArray).byteLength > most)) return undefined
    if (this.#alltoall.spent) this.#alltoall = new AlltoallOnBoard(this.#queue, this.#large)
    const call = this.#alltoall
    if (typed) this.#exchangeArrays(call, values as TypedArray, options?.into, most)
    else this.#exchangeValues(call, values, options, most)
    return call
  }

  #exchangeArrays(call: AlltoallOnBoard, vector: TypedArray, into: TypedArray | undefined, most: number): void {
    const comm = this.#comm
    if (vector.length % comm.size !== 0) throw notDivisible(comm, 'alltoall', vector)
    call.setInto(resultArray(comm, 'alltoall', vector, into))
    call.setInput(vector, most)
    call.blockBytes = vector.byteLength / comm.size
    this.#queue.enter(call, ALLTOALL_TYPED, call.shape, false, 0, comm.size)
  }

  #exchangeValues(call: AlltoallOnBoard, values: unknown, options: CollectiveIntoOptions | undefined, most: number): void {
    const comm = this.#comm
    call.setBytes(BLOCKS, pack(blocksOf(comm, 'alltoall', values)), most)
    call.options = options
    call.given = values
    call.setInto(options?.into)
    call.blockBytes = undefined
    this.#queue.enter(call, ALLTOALL, 0, false, 0, comm.size)
  }

  reduce(value: unknown, op: Op, root: number, options: CollectiveIntoOptions | undefined): ReturnType<BoardReductions['start']> {
    checkRoot(root, this.#comm.size, this.#comm.name)
    return this.#reductions.start('reduce', value, op, root, options)
  }

  allreduce(value: unknown, op: Op, options: CollectiveIntoOptions | undefined): ReturnType<BoardReductions['start']> {
    return this.#reductions.start('allreduce', value, op, -1, options)
  }

  /** Checks root and options; gives the most bytes that a rank may publish, or -1. */
  #begin(collective: CollectiveName, root: number, options: CollectiveIntoOptions | undefined): number {
    checkRoot(root, this.#comm.size, this.#comm.name)
    if (options !== undefined) checkOptions(this.#comm, collective, options)
    return this.#limits.of(collective, options)
  }
}
