// Collectives that a communicator runs on its board: which calls go there, and what they publish.
//
// Each method gives a call that has taken its place in the order of calls, or undefined where the call goes by messages:
// all ranks come to the same, from what all of them know. What is wrong on this rank alone is told before.
import { AllgatherOnBoard } from '../../coll/allgather/shm.js'
import { AlltoallOnBoard } from '../../coll/alltoall/shm.js'
import { BarrierOnBoard } from '../../coll/barrier/shm.js'
import { BcastOnBoard } from '../../coll/bcast/shm.js'
import type { BoardQueue } from '../../coll/drive-board-queue.js'
import type { ValueOnBoard } from '../../coll/drive-board-values.js'
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
import { BoardReduction } from './board-reductions.js'
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
  readonly #reduce: BoardReduction
  readonly #allreduce: BoardReduction
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
    this.#limits = new BoardLimits(comm)
    this.#large = new Large(comm)
    this.#reduce = new BoardReduction(comm, queue, this.#limits, 'reduce', this.#large)
    this.#allreduce = new BoardReduction(comm, queue, this.#limits, 'allreduce', this.#large)
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
    const most = this.#limits.of('bcast', options)
    if (most < 0) return undefined
    if (this.#bcast.spent) this.#bcast = new BcastOnBoard(this.#queue, this.#large)
    const call = this.#bcast
    const atRoot = this.#comm.rank === root
    this.#check(call, 'bcast', root, options)
    if (atRoot) {
      call.setInput(value)
      call.limit(most, call.isReached)
    }
    call.root = root
    call.options = options
    call.given = value
    this.#queue.enter(call, withRoot(BCAST, root), 0, !atRoot, root, atRoot ? root : root + 1)
    return call
  }

  scatter(values: unknown, root: number, options: CollectiveIntoOptions | undefined): ScatterOnBoard | undefined {
    const most = this.#limits.of('scatter', options)
    if (most < 0) return undefined
    if (this.#scatter.spent) this.#scatter = new ScatterOnBoard(this.#queue, this.#large)
    const call = this.#scatter
    const atRoot = this.#comm.rank === root
    this.#check(call, 'scatter', root, options)
    if (atRoot) {
      this.#setBlocks(call, values)
      call.limit(most, call.isReached)
    }
    call.root = root
    call.options = options
    call.given = values
    this.#queue.enter(call, withRoot(SCATTER, root), 0, !atRoot, root, atRoot ? root : root + 1)
    return call
  }

  #setBlocks(call: ScatterOnBoard, values: unknown): void {
    const blocks = blocksOf(this.#comm, 'scatter', values)
    call.own = blocks[this.#comm.rank]
    if (isTyped(typeOf(values))) call.setInput(values)
    else call.setBytes(BLOCKS, pack(blocks))
  }

  gather(value: unknown, root: number, options: CollectiveIntoOptions | undefined): GatherOnBoard | undefined {
    const most = this.#limits.of('gather', options)
    if (most < 0) return undefined
    if (this.#gather.spent) this.#gather = new GatherOnBoard(this.#queue, this.#large)
    const call = this.#gather
    this.#check(call, 'gather', root, options)
    call.setInput(value)
    call.limit(most, this.#queue.board.reachedBy(root))
    call.root = root
    call.options = options
    call.given = value
    this.#queue.enter(call, withRoot(GATHER, root), 0, false, 0, this.#comm.rank === root ? this.#comm.size : 0)
    return call
  }

  allgather(value: unknown, options: CollectiveIntoOptions | undefined): AllgatherOnBoard | undefined {
    const most = this.#limits.of('allgather', options)
    if (most < 0) return undefined
    if (this.#allgather.spent) this.#allgather = new AllgatherOnBoard(this.#queue, this.#large)
    const call = this.#allgather
    const into = options?.into
    if (into !== undefined && !call.remembers(value, into)) checkAllgatherInto(this.#comm, value, into)
    this.#check(call, 'allgather', 0, options)
    call.setInput(value)
    if (into !== undefined && call.length > most) return undefined
    call.limit(most, call.isApart && this.#queue.board.reach())
    call.options = options
    call.given = value
    if (into === undefined) this.#queue.enter(call, ALLGATHER, 0, false, 0, this.#comm.size)
    else this.#queue.enter(call, ALLGATHER_INTO, call.shape, false, 0, this.#comm.size)
    return call
  }

  alltoall(values: unknown, options: CollectiveIntoOptions | undefined): AlltoallOnBoard | undefined {
    const most = this.#limits.of('alltoall', options)
    if (most < 0) return undefined
    if (this.#alltoall.spent) this.#alltoall = new AlltoallOnBoard(this.#queue, this.#large)
    const call = this.#alltoall
    this.#check(call, 'alltoall', 0, options)
    if (call.input.is(values) || isTyped(typeOf(values))) return this.#exchangeArrays(call, values as TypedArray, options, most)
    call.setBytes(BLOCKS, pack(blocksOf(this.#comm, 'alltoall', values)))
    call.limit(most, false)
    call.options = options
    call.given = values
    call.blockBytes = undefined
    this.#queue.enter(call, ALLTOALL, 0, false, 0, this.#comm.size)
    return call
  }

  #exchangeArrays(
    call: AlltoallOnBoard, values: TypedArray, options: CollectiveIntoOptions | undefined, most: number,
  ): AlltoallOnBoard | undefined {
    const comm = this.#comm
    const into = options?.into
    if (into === undefined || !call.remembers(values, into)) {
      call.setInput(values)
      if (values.length % comm.size !== 0) throw notDivisible(comm, 'alltoall', values)
      if (call.length > most) return undefined
      call.setInto(resultArray(comm, 'alltoall', values, into))
    } else if (call.length > most) return undefined
    call.blockBytes = call.length / comm.size
    call.limit(most, call.isApart && this.#queue.board.reach())
    call.options = options
    call.given = values
    this.#queue.enter(call, ALLTOALL_TYPED, call.shape, false, 0, comm.size)
    return call
  }

  reduce(value: unknown, op: Op, root: number, options: CollectiveIntoOptions | undefined): ReturnType<BoardReduction['start']> {
    checkRoot(root, this.#comm.size, this.#comm.name)
    return this.#reduce.start(value, op, root, options)
  }

  allreduce(value: unknown, op: Op, options: CollectiveIntoOptions | undefined): ReturnType<BoardReduction['start']> {
    return this.#allreduce.start(value, op, -1, options)
  }

  /** Checks root and options, and notes `into`. */
  #check(call: ValueOnBoard, collective: CollectiveName, root: number, options: CollectiveIntoOptions | undefined): void {
    checkRoot(root, this.#comm.size, this.#comm.name)
    const into = options?.into
    if (options?.segmentBytes !== undefined || (into !== undefined && !call.output.is(into))) {
      checkOptions(this.#comm, collective, options as CollectiveIntoOptions)
    }
    call.setInto(into)
  }
}
