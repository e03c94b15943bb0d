// What a board has no room for goes by messages, after the board has said so to everyone whom it concerns.
import type { AllgatherOnBoard, LargeAllgather } from '../../coll/allgather/shm.js'
import type { LargeReduction, VectorReduction } from '../../coll/allreduce/shm.js'
import type { AlltoallOnBoard, LargeAlltoall } from '../../coll/alltoall/shm.js'
import type { BcastOnBoard, LargeBcast } from '../../coll/bcast/shm.js'
import type { CollectiveOperation } from '../../coll/drive.js'
import type { BoardCall } from '../../coll/drive-board.js'
import type { Announced } from '../../coll/drive-board-values.js'
import { ValueRun, valueOfBlock } from '../../coll/drive-values.js'
import type { Block } from '../../coll/drive-values.js'
import type { GatherOnBoard, LargeGather } from '../../coll/gather/shm.js'
import type { LargeScatter, ScatterOnBoard } from '../../coll/scatter/shm.js'
import { INPUT, RESULT, Round } from '../../coll/schedule.js'
import type { Schedule } from '../../coll/schedule.js'
import { bcastVector } from './bcast.js'
import { fillInto } from './blocks.js'
import type { CollectiveIntoOptions, CollectiveScope } from './call.js'
import { startAllgather, startAlltoall } from './exchange.js'
import { startReduction } from './reduction.js'
import { startScatter } from './scatter-gather.js'

/** The algorithm that was named is the board. */
function withoutAlgorithm(options: CollectiveIntoOptions | undefined): CollectiveIntoOptions {
  const rest = { ...options }
  delete rest.algorithm
  return rest
}

function* sendTo(root: number): Schedule {
  yield new Round().send(root, INPUT)
}

function* receiveMissing(blocks: readonly (Block | undefined)[]): Schedule {
  const round = new Round()
  for (const [rank, block] of blocks.entries()) if (block === undefined) round.recv(rank, RESULT, rank)
  yield round
}

export class Large implements LargeBcast, LargeScatter, LargeGather, LargeAllgather, LargeAlltoall, LargeReduction {
  readonly #comm: CollectiveScope

  constructor(comm: CollectiveScope) {
    this.#comm = comm
  }

  bcast(call: BcastOnBoard, announced: Announced): CollectiveOperation {
    const context = call.contextOfRest(call.signature)
    return bcastVector(this.#comm, context, call.given, call.root, announced, withoutAlgorithm(call.options))
  }

  scatter(call: ScatterOnBoard): CollectiveOperation {
    return startScatter(this.#scope(call), call.given, call.root, withoutAlgorithm(call.options))
  }

  gather(call: GatherOnBoard, blocks: (Block | undefined)[]): CollectiveOperation {
    const comm = this.#comm
    const context = call.contextOfRest(call.signature)
    const { into, root } = call
    if (comm.rank !== root) return new ValueRun(context, sendTo(root), () => undefined, [blocks, [], []])
    const finish = (): unknown => {
      if (into === undefined) return (blocks as Block[]).map(valueOfBlock)
      fillInto(comm, 'gather', into, blocks as Block[])
      return into
    }
    return new ValueRun(context, receiveMissing(blocks), finish, [[], blocks, []])
  }

  allgather(call: AllgatherOnBoard): CollectiveOperation {
    return startAllgather(this.#scope(call), call.given, withoutAlgorithm(call.options))
  }

  alltoall(call: AlltoallOnBoard): CollectiveOperation {
    return startAlltoall(this.#scope(call), call.given, withoutAlgorithm(call.options))
  }

  /** By the algorithm that gives the bits that the board would have given. */
  reduce(call: VectorReduction): CollectiveOperation {
    const { given, op, out, root } = call
    const collective = root < 0 ? 'allreduce' : 'reduce'
    const options = { ...call.options, algorithm: 'rabenseifner', ...(out === undefined ? {} : { into: out }) }
    return startReduction(this.#scope(call), collective, given, op, Math.max(root, 0), options)
  }

  /** The communicator as those see it who send the rest of `call`: it has its place in the order of calls. */
  #scope(call: BoardCall): CollectiveScope {
    const { name, rank, size, ranksPerCore, hostIndices } = this.#comm
    return { name, rank, size, ranksPerCore, hostIndices, contextFor: (signature) => call.contextOfRest(signature) }
  }
}
