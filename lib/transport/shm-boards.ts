// The boards in a host's shared-memory segment: which are taken, and where each is.
//
// Words of the pool's page: a bit for each board that is taken, then for each board how many members still have it. A
// board is taken by one rank, for all members of its communicator, by an atomic operation on its bit. It is zero then:
// the last member to leave it clears it before it clears the bit.
import type { NativeMemory } from '../../native/load.js'
import {
  BOARDS, BOARD_MEMBERS, PAGE, boardBytes, boardOffset, poolOffset,
} from '../wire/segment.js'
import { Board } from './board.js'
import type { BoardPatience, Surroundings } from './board-surroundings.js'

const TAKEN = 0
const MEMBERS = 64
/** Board 0 is COMM_WORLD's, where it may have one. */
const WORLD = 0

export interface ShmBoardsOptions {
  readonly memory: NativeMemory
  readonly fd: number
  /** Ranks of this host by their numbers in the job, in the order of their ranks in `transport`. */
  readonly ranks: readonly number[]
  /** This rank's place among them. */
  readonly rank: number
  /** Ranks of the job. */
  readonly worldSize: number
  readonly transport: Surroundings
  readonly patience: BoardPatience
}

export class ShmBoards {
  readonly mostMembers = BOARD_MEMBERS
  readonly #memory: NativeMemory
  readonly #fd: number
  readonly #ranks: readonly number[]
  readonly #rank: number
  readonly #worldSize: number
  readonly #transport: Surroundings
  readonly #patience: BoardPatience
  readonly #words: Int32Array
  readonly #open = new Map<number, Board>()

  constructor({ memory, fd, ranks, rank, worldSize, transport, patience }: ShmBoardsOptions) {
    this.#memory = memory
    this.#fd = fd
    this.#ranks = ranks
    this.#rank = rank
    this.#worldSize = worldSize
    this.#transport = transport
    this.#patience = patience
    this.#words = new Int32Array(memory.map(fd, poolOffset(ranks.length), PAGE))
    Atomics.or(this.#words, TAKEN, 1 << WORLD)
  }

  /** COMM_WORLD's, which nobody has to take; -1 where it has too many ranks, or some on other hosts. */
  get worldBoard(): number {
    return this.#worldSize === this.#ranks.length && this.#worldSize <= BOARD_MEMBERS ? WORLD : -1
  }

  reaches(ranks: readonly number[]): boolean {
    return ranks.every((rank) => this.#ranks.includes(rank))
  }

  take(members: number): number {
    for (let board = 0; board < BOARDS; board++) {
      const bit = 1 << (board & 31)
      if ((Atomics.or(this.#words, TAKEN + (board >> 5), bit) & bit) !== 0) continue
      Atomics.store(this.#words, MEMBERS + board, members)
      return board
    }
    return -1
  }

  open(board: number, ranks: readonly number[]): Board {
    const members = ranks.map((rank) => this.#ranks.indexOf(rank))
    const memory = this.#memory.map(this.#fd, boardOffset(board, this.#ranks.length), boardBytes(members.length))
    const opened = new Board(memory, members, members.indexOf(this.#rank), this.#transport, this.#patience)
    this.#open.set(board, opened)
    return opened
  }

  leave(board: number): void {
    const opened = this.#open.get(board)
    this.#open.delete(board)
    if (Atomics.sub(this.#words, MEMBERS + board, 1) !== 1) return
    opened?.clear()
    Atomics.and(this.#words, TAKEN + (board >> 5), ~(1 << (board & 31)))
  }
}
