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
import type { BoardPatience, Surroundings } from './board.js'

const TAKEN = 0
const MEMBERS = 64
/** Board 0 is COMM_WORLD's, where it may have one. */
const WORLD = 0

export interface ShmBoardsOptions {
  readonly memory: NativeMemory
  readonly fd: number
  /** Ranks of this host. */
  readonly size: number
  readonly rank: number
  readonly transport: Surroundings
  readonly patience: BoardPatience
}

export class ShmBoards {
  readonly mostMembers = BOARD_MEMBERS
  readonly #memory: NativeMemory
  readonly #fd: number
  readonly #size: number
  readonly #rank: number
  readonly #transport: Surroundings
  readonly #patience: BoardPatience
  readonly #words: Int32Array
  readonly #open = new Map<number, Board>()

  constructor({ memory, fd, size, rank, transport, patience }: ShmBoardsOptions) {
    this.#memory = memory
    this.#fd = fd
    this.#size = size
    this.#rank = rank
    this.#transport = transport
    this.#patience = patience
    this.#words = new Int32Array(memory.map(fd, poolOffset(size), PAGE))
    Atomics.or(this.#words, TAKEN, 1 << WORLD)
  }

  /** COMM_WORLD's, which nobody has to take; -1 where it has too many ranks. */
  get worldBoard(): number {
    return this.#size <= BOARD_MEMBERS ? WORLD : -1
  }

  reaches(ranks: readonly number[]): boolean {
    return ranks.every((rank) => rank < this.#size)
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
    const memory = this.#memory.map(this.#fd, boardOffset(board, this.#size), boardBytes(ranks.length))
    const opened = new Board(memory, ranks, ranks.indexOf(this.#rank), this.#transport, this.#patience)
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
