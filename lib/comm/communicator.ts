// A communicator: a group of ranks with a message space of its own, and how others are made of it. Its messages are in
// point-to-point.ts, its collectives in collectives.ts.
import { ArgumentError } from '../errors.js'
import type { BoardPool } from '../p2p/board.js'
import type { Progress } from '../p2p/request.js'
import { UNDEFINED } from '../p2p/status.js'
import { Collectives } from './collectives.js'
import type { Contexts } from './contexts.js'
import { Group } from './group.js'

/** What communicators of a process share. */
export interface CommunicatorHome {
  readonly progress: Progress
  readonly contexts: Contexts
  readonly worldRank: number
  /** By rank in COMM_WORLD. */
  readonly hosts: readonly string[]
  /** Ranks a core on the fullest host: selects algorithms, the same on all ranks. */
  readonly ranksPerCore: number
  /** Where the host has them. */
  readonly boards?: BoardPool
}

/** For `splitType`: ranks that share a host. */
export const SHARED = 1

/** No board. */
const NONE = -1

export class Communicator extends Collectives {
  /** This rank among those of the communicator that are on its host, and how many those are. */
  readonly localRank: number
  readonly localSize: number
  readonly #home: CommunicatorHome
  /** In the pool of boards. */
  #boardNumber = NONE

  /** @internal */
  constructor(home: CommunicatorHome, context: number, group: Group, name: string, board = NONE) {
    const hosts = Object.freeze(Array.from({ length: group.size }, (_, rank) => home.hosts[group.worldRankOf(rank)]))
    super(home.progress, context, group, name, { ranksPerCore: home.ranksPerCore, hosts })
    this.#home = home
    const isLocal = (host: string): boolean => host === hosts[group.rank]
    this.localSize = hosts.filter(isLocal).length
    this.localRank = hosts.slice(0, group.rank).filter(isLocal).length
    this.#openBoard(board)
  }

  /**
   * Splits the communicator: ranks of one `color` (an integer from 0) form a new one, in the order of `key`, then of
   * their present ranks. UNDEFINED as color: no new communicator, the result is undefined. Collective.
   */
  async split(color: number, key = 0): Promise<Communicator | undefined> {
    if (!Number.isSafeInteger(color) || (color < 0 && color !== UNDEFINED)) {
      throw new ArgumentError(`split: color ${color} is neither an integer from 0 nor UNDEFINED`)
    }
    if (!Number.isSafeInteger(key)) throw new ArgumentError(`split: key ${key} is not an integer`)
    return await this.#split(color, key, `${this.name}.split(${color})`)
  }

  /**
   * Splits the communicator by host: with SHARED, ranks of the same host form a new one, in the order of `key`, then of
   * their present ranks. UNDEFINED instead: no new communicator, the result is undefined. Collective.
   */
  splitType(type: typeof SHARED, key?: number): Promise<Communicator>
  splitType(type: number, key?: number): Promise<Communicator | undefined>
  async splitType(type: number, key = 0): Promise<Communicator | undefined> {
    if (type !== SHARED && type !== UNDEFINED) throw new ArgumentError(`splitType: ${type} is neither SHARED nor UNDEFINED`)
    if (!Number.isSafeInteger(key)) throw new ArgumentError(`splitType: key ${key} is not an integer`)
    const color = type === SHARED ? this.hosts.indexOf(this.hosts[this.rank]) : UNDEFINED
    return await this.#split(color, key, `${this.name}.splitType(SHARED)`)
  }

  /** A communicator of the same ranks with a message space of its own. Collective. */
  async dup(): Promise<Communicator> {
    return (await this.#split(0, this.rank, `${this.name}.dup()`)) as Communicator
  }

  async #split(color: number, key: number, name: string): Promise<Communicator | undefined> {
    this.checkAlive()
    const context = this.#home.contexts.take()
    const into = new Float64Array(3 * this.size)
    await this.allgather(new Float64Array([color, key, context]), { into })
    const members = Array.from({ length: this.size }, (_, rank) => rank)
      .filter((rank) => into[3 * rank] === color)
      .sort((a, b) => (into[3 * a + 1]) - (into[3 * b + 1]) || a - b)
    const leader = members[0]
    // The first member's proposal names the new context: unique, since its first half is that process.
    if (color === UNDEFINED || leader !== this.rank) this.#home.contexts.giveBack(context)
    if (color === UNDEFINED) return undefined
    const group = new Group(members.map((rank) => this.worldRankOf(rank)), this.#home.worldRank)
    const made = new Communicator(this.#home, into[3 * leader + 2], group, name)
    await made.#agreeOnBoard()
    return made
  }

  /** The first member takes a board for all, if there is one. */
  async #agreeOnBoard(): Promise<void> {
    const { boards } = this.#home
    if (boards === undefined || this.size === 1 || this.size > boards.mostMembers) return
    if (!boards.reaches(this.#worldRanks())) return
    this.#openBoard(await this.bcast(this.rank === 0 ? boards.take(this.size) : NONE, 0))
  }

  #openBoard(number: number): void {
    const { boards } = this.#home
    if (number === NONE || boards === undefined) return
    this.#boardNumber = number
    this.useBoard(boards.open(number, this.#worldRanks()))
  }

  #worldRanks(): number[] {
    return Array.from({ length: this.size }, (_, rank) => this.worldRankOf(rank))
  }

  /**
   * Ends the communicator's use, once all its ranks have called it. Collective.
   * @throws ArgumentError for COMM_WORLD and COMM_SELF
   */
  async free(): Promise<void> {
    this.checkAlive()
    if (this.#home.contexts.isPredefined(this.context)) throw new ArgumentError(`${this.name} cannot be freed`)
    await this.barrier()
    this.freed = true
    this.progress.engine.dropContext(this.context)
    this.progress.engine.dropContext(this.context + 1)
    this.#home.contexts.giveBack(this.context)
    if (this.#boardNumber !== NONE) this.#home.boards?.leave(this.#boardNumber)
  }

  /** `await using half = await world.split(…)` frees it at the end of the block, on all its ranks. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.free()
  }
}
