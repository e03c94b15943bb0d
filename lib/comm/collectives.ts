// The collective operations of a communicator: every rank calls them, in the same order. Each goes to the board where the
// ranks share one and what is sent fits there, else by messages.
import type { CollectiveOperation, RunContext } from '../coll/drive.js'
import { BoardCall } from '../coll/drive-board.js'
import { BoardQueue } from '../coll/drive-board-queue.js'
import { CallOrder, MOST_UNDER_WAY, lapOf } from '../coll/order.js'
import type { TypedArray } from '../data/types.js'
import type { Op } from '../data/op.js'
import type { Board } from '../p2p/board.js'
import type { Scope } from '../p2p/operation.js'
import { Request } from '../p2p/request.js'
import type { Progress } from '../p2p/request.js'
import { withLap } from '../p2p/signature.js'
import { startBarrier } from './collectives/barrier.js'
import { BoardCollectives } from './collectives/board.js'
import { startBcast } from './collectives/bcast.js'
import type { CollectiveIntoOptions, CollectiveOptions, CollectiveScope } from './collectives/call.js'
import { startAllgather, startAlltoall } from './collectives/exchange.js'
import { startReduction } from './collectives/reduction.js'
import { startGather, startScatter } from './collectives/scatter-gather.js'
import type { Group } from './group.js'
import { PointToPoint } from './point-to-point.js'

const NO_OPTIONS = {}

/** The hosts of a communicator's ranks. */
export interface Places {
  /** Ranks a core on the fullest host of the job. */
  readonly ranksPerCore: number
  /** The host of each rank. */
  readonly hosts: readonly string[]
}

/** The host of each rank by number, in the order of their first ranks; undefined for one host, or one rank on each. */
function indicesOf(hosts: readonly string[]): number[] | undefined {
  const numbers = new Map<string, number>()
  for (const host of hosts) if (!numbers.has(host)) numbers.set(host, numbers.size)
  if (numbers.size === 1 || numbers.size === hosts.length) return undefined
  return hosts.map((host) => numbers.get(host)!)
}

export abstract class Collectives extends PointToPoint implements CollectiveScope {
  /** @internal */
  readonly ranksPerCore: number
  /** The host of each rank, in rank order. */
  readonly hosts: readonly string[]
  /** @internal */
  readonly hostIndices: readonly number[] | undefined
  readonly #scope: Scope
  readonly #underWay: (CollectiveOperation | undefined)[] = []
  readonly #order = new CallOrder()
  #board: BoardCollectives | undefined
  #queue: BoardQueue | undefined

  protected constructor(progress: Progress, context: number, group: Group, name: string, { ranksPerCore, hosts }: Places) {
    super(progress, context, group, name)
    this.ranksPerCore = ranksPerCore
    this.hosts = hosts
    this.hostIndices = indicesOf(hosts)
    this.#scope = {
      context: context + 1,
      name,
      rank: group.rank,
      size: group.size,
      rankOf: (worldRank) => group.rankOf(worldRank),
      worldRankOf: (rank) => group.worldRankOf(rank),
    }
  }

  /** Collectives go by way of the board from now on. */
  protected useBoard(board: Board): void {
    this.#queue = new BoardQueue(board, this.progress, this.#scope, this.#order)
    this.#board = new BoardCollectives(this, this.#queue)
  }

  /** Resolves when all ranks have called it. */
  barrier(options?: CollectiveOptions): Promise<void> {
    try {
      this.checkAlive()
      return this.#board?.barrier(options)?.complete() ?? this.#wait(startBarrier(this, options ?? NO_OPTIONS))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  ibarrier(options?: CollectiveOptions): Request<void> {
    this.checkAlive()
    return this.#start(this.#board?.barrier(options) ?? startBarrier(this, options ?? NO_OPTIONS))
  }

  /**
   * The root's value on every rank; the others' `value` does not matter. With `into`, the root's typed array is written
   * there and must have its type and length.
   */
  bcast<T>(value: T, root?: number, options?: CollectiveOptions): Promise<T>
  bcast<B extends TypedArray>(value: unknown, root: number, options: CollectiveOptions & { into: B }): Promise<B>
  bcast(value: unknown, root = 0, options?: CollectiveIntoOptions): Promise<unknown> {
    try {
      this.checkAlive()
      return this.#board?.bcast(value, root, options)?.complete() ??
        this.#wait(startBcast(this, value, root, options ?? NO_OPTIONS))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  ibcast<T>(value: T, root?: number, options?: CollectiveOptions): Request<T>
  ibcast<B extends TypedArray>(value: unknown, root: number, options: CollectiveOptions & { into: B }): Request<B>
  ibcast(value: unknown, root = 0, options?: CollectiveIntoOptions): Request<unknown> {
    this.checkAlive()
    return this.#start(this.#board?.bcast(value, root, options) ?? startBcast(this, value, root, options ?? NO_OPTIONS))
  }

  /**
   * Rank i gets block i of the root's `values`: an array of `size` values, or a typed array cut into equal blocks. The
   * others' `values` does not matter.
   */
  scatter<B extends TypedArray>(values: B, root?: number, options?: CollectiveIntoOptions<B>): Promise<B>
  scatter<T>(values: readonly T[], root?: number, options?: CollectiveOptions): Promise<T>
  scatter<B extends TypedArray>(values: unknown, root: number, options: CollectiveOptions & { into: B }): Promise<B>
  scatter(values: unknown, root?: number, options?: CollectiveOptions): Promise<unknown>
  scatter(values: unknown, root = 0, options?: CollectiveIntoOptions): Promise<unknown> {
    try {
      this.checkAlive()
      return this.#board?.scatter(values, root, options)?.complete() ??
        this.#wait(startScatter(this, values, root, options ?? NO_OPTIONS))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  iscatter<B extends TypedArray>(values: B, root?: number, options?: CollectiveIntoOptions<B>): Request<B>
  iscatter<T>(values: readonly T[], root?: number, options?: CollectiveOptions): Request<T>
  iscatter<B extends TypedArray>(values: unknown, root: number, options: CollectiveOptions & { into: B }): Request<B>
  iscatter(values: unknown, root?: number, options?: CollectiveOptions): Request<unknown>
  iscatter(values: unknown, root = 0, options?: CollectiveIntoOptions): Request<unknown> {
    this.checkAlive()
    return this.#start(this.#board?.scatter(values, root, options) ?? startScatter(this, values, root, options ?? NO_OPTIONS))
  }

  /**
   * At the root the values of all ranks, an array in rank order, or `into` filled with the typed arrays of all ranks one
   * after the other; undefined elsewhere.
   */
  gather<B extends TypedArray>(value: B, root: number, options: CollectiveOptions & { into: B }): Promise<B | undefined>
  gather<T>(value: T, root?: number, options?: CollectiveOptions): Promise<T[] | undefined>
  gather(value: unknown, root = 0, options?: CollectiveIntoOptions): Promise<unknown> {
    try {
      this.checkAlive()
      return this.#board?.gather(value, root, options)?.complete() ??
        this.#wait(startGather(this, value, root, options ?? NO_OPTIONS))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  igather<B extends TypedArray>(value: B, root: number, options: CollectiveOptions & { into: B }): Request<B | undefined>
  igather<T>(value: T, root?: number, options?: CollectiveOptions): Request<T[] | undefined>
  igather(value: unknown, root = 0, options?: CollectiveIntoOptions): Request<unknown> {
    this.checkAlive()
    return this.#start(this.#board?.gather(value, root, options) ?? startGather(this, value, root, options ?? NO_OPTIONS))
  }

  /**
   * The values of all ranks on every rank, an array in rank order. With `into` (on all ranks or none) typed arrays of
   * equal length are written there one after the other; the value may be this rank's part of `into`.
   */
  allgather<B extends TypedArray>(value: B, options: CollectiveOptions & { into: B }): Promise<B>
  allgather<T>(value: T, options?: CollectiveOptions): Promise<T[]>
  allgather(value: unknown, options?: CollectiveIntoOptions): Promise<unknown> {
    try {
      this.checkAlive()
      return this.#board?.allgather(value, options)?.complete() ??
        this.#wait(startAllgather(this, value, options ?? NO_OPTIONS))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  iallgather<B extends TypedArray>(value: B, options: CollectiveOptions & { into: B }): Request<B>
  iallgather<T>(value: T, options?: CollectiveOptions): Request<T[]>
  iallgather(value: unknown, options?: CollectiveIntoOptions): Request<unknown> {
    this.checkAlive()
    return this.#start(this.#board?.allgather(value, options) ?? startAllgather(this, value, options ?? NO_OPTIONS))
  }

  /**
   * Block i of `values` goes to rank i; gives what the others had for this rank, in rank order: an array for an array, a
   * typed array (cut into equal blocks) for a typed array. `into` may be the same array.
   */
  alltoall<B extends TypedArray>(values: B, options?: CollectiveIntoOptions<B>): Promise<B>
  alltoall<T>(values: readonly T[], options?: CollectiveOptions): Promise<T[]>
  alltoall(values: unknown, options?: CollectiveIntoOptions): Promise<unknown> {
    try {
      this.checkAlive()
      return this.#board?.alltoall(values, options)?.complete() ??
        this.#wait(startAlltoall(this, values, options ?? NO_OPTIONS))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  ialltoall<B extends TypedArray>(values: B, options?: CollectiveIntoOptions<B>): Request<B>
  ialltoall<T>(values: readonly T[], options?: CollectiveOptions): Request<T[]>
  ialltoall(values: unknown, options?: CollectiveIntoOptions): Request<unknown> {
    this.checkAlive()
    return this.#start(this.#board?.alltoall(values, options) ?? startAlltoall(this, values, options ?? NO_OPTIONS))
  }

  /**
   * The values of all ranks combined with `op`, at the root; undefined elsewhere. Typed arrays combine elementwise and
   * must have one type and length. Ops that do not commute combine in rank order.
   */
  reduce<T>(value: T, op: Op, root?: number, options?: CollectiveOptions): Promise<T | undefined>
  reduce<B extends TypedArray>(value: B, op: Op, root: number, options: CollectiveIntoOptions<B>): Promise<B | undefined>
  reduce(value: unknown, op: Op, root = 0, options?: CollectiveIntoOptions): Promise<unknown> {
    try {
      this.checkAlive()
      return this.#board?.reduce(value, op, root, options)?.complete() ??
        this.#wait(startReduction(this, 'reduce', value, op, root, options ?? NO_OPTIONS))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  ireduce<T>(value: T, op: Op, root?: number, options?: CollectiveOptions): Request<T | undefined>
  ireduce<B extends TypedArray>(value: B, op: Op, root: number, options: CollectiveIntoOptions<B>): Request<B | undefined>
  ireduce(value: unknown, op: Op, root = 0, options?: CollectiveIntoOptions): Request<unknown> {
    this.checkAlive()
    return this.#start(this.#board?.reduce(value, op, root, options) ?? startReduction(this, 'reduce', value, op, root, options ?? NO_OPTIONS))
  }

  /** Like `reduce`, with the result on every rank, identical to the last bit. */
  allreduce<B extends TypedArray>(value: B, op: Op, options: CollectiveIntoOptions<B>): Promise<B>
  allreduce<T>(value: T, op: Op, options?: CollectiveOptions): Promise<T>
  allreduce(value: unknown, op: Op, options?: CollectiveIntoOptions): Promise<unknown> {
    try {
      this.checkAlive()
      return this.#board?.allreduce(value, op, options)?.complete() ??
        this.#wait(startReduction(this, 'allreduce', value, op, 0, options ?? NO_OPTIONS))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  iallreduce<B extends TypedArray>(value: B, op: Op, options: CollectiveIntoOptions<B>): Request<B>
  iallreduce<T>(value: T, op: Op, options?: CollectiveOptions): Request<T>
  iallreduce(value: unknown, op: Op, options?: CollectiveIntoOptions): Request<unknown> {
    this.checkAlive()
    return this.#start(this.#board?.allreduce(value, op, options) ?? startReduction(this, 'allreduce', value, op, 0, options ?? NO_OPTIONS))
  }

  // ---- helpers ----

  /** @internal */
  contextFor(signature: number): RunContext {
    const beside = this.#queue?.beside()
    const call = this.#order.take(signature, 0)
    const place = { tag: call % MOST_UNDER_WAY, signature: withLap(signature, lapOf(call)) }
    return { progress: this.progress, scope: this.#scope, ...place, ...(beside && { beside }) }
  }

  #wait<T>(operation: CollectiveOperation): Promise<T> {
    operation.enter(this.#underWay)
    return this.progress.waiter.wait<T>(operation)
  }

  #start<T>(operation: BoardCall | CollectiveOperation): Request<T> {
    if (operation instanceof BoardCall) operation.start()
    else operation.enter(this.#underWay)
    return new Request<T>(this.progress, operation)
  }
}
