// Alltoall on a board: every rank publishes all its blocks and collects its own from all others.
//
// One publication of n blocks and n - 1 reads of one block a rank. Where the blocks of a rank are too long for the board,
// all ranks see that: they copy from each other's memory, or all of them go by messages.
import { TYPE_NAMES } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import { copyAligned } from '../../wire/bytes.js'
import type { CollectiveOperation } from '../drive.js'
import type { BoardQueue } from '../drive-board-queue.js'
import { ValueOnBoard } from '../drive-board-values.js'

/** Exchanges by messages. */
export interface LargeAlltoall {
  alltoall(call: AlltoallOnBoard): CollectiveOperation
}

/** Of a block. Through the board each byte is copied once more. */
const ROOM = 16 * 1024

export class AlltoallOnBoard extends ValueOnBoard {
  /** Bytes of a block where all ranks pass a typed array; undefined where they pass arrays of values. */
  blockBytes: number | undefined = undefined
  protected override readonly room = ROOM * this.board.size
  readonly #large: LargeAlltoall

  constructor(queue: BoardQueue, large: LargeAlltoall) {
    super(queue)
    this.#large = large
  }

  protected finish(): CollectiveOperation | undefined {
    const { into, blockBytes } = this
    if (blockBytes !== undefined && into !== undefined) {
      if (this.announces) return this.#exchangeLent(into, blockBytes)
      this.#exchange(into, blockBytes)
    } else {
      for (let rank = 0; rank < this.board.size; rank++) if (this.isAnnounced(rank)) return this.#large.alltoall(this)
      if (into === undefined) this.value = this.#list()
      else this.#fill(into)
    }
    this.given = undefined
    return undefined
  }

  /** All ranks have published an array of this type and length. */
  #exchange(into: TypedArray, length: number): void {
    const { board, number, output } = this
    const own = board.rank * length
    for (let rank = 0; rank < board.size; rank++) {
      copyAligned(output, rank * length, board, board.offset(number, rank) + own, length)
    }
    this.value = into
  }

  /** The same, each in its rank's own memory. */
  #exchangeLent(into: TypedArray, length: number): CollectiveOperation | undefined {
    const { board, input, output } = this
    const rows = this.lentByAll()
    if (rows === undefined) return this.#large.alltoall(this)
    this.awaitFetched({ row: 0, end: board.size })
    const own = board.rank * length
    output.bytes.set(input.bytes.subarray(own, own + length), own)
    // Begins with the next rank, so that not all copy from one.
    for (let i = 1; i < board.size; i++) {
      const rank = (board.rank + i) % board.size
      this.fetch(rank, rows[rank].address + own, output.bytes, rank * length, length)
    }
    this.value = into
    return undefined
  }

  #list(): unknown[] {
    const { board, block } = this
    const list: unknown[] = []
    for (let rank = 0; rank < board.size; rank++) {
      this.findBlock(rank, board.rank)
      list.push(this.valueFrom(rank, block.type, block.offset, block.length))
    }
    return list
  }

  /** The blocks one after the other; together they must fill `into`. */
  #fill(into: TypedArray): void {
    const { board, block, output } = this
    for (let rank = 0, at = 0; rank < board.size; rank++) {
      this.findBlock(rank, board.rank)
      at += block.length
      if (block.type !== output.type) throw this.refuse(into, `a ${TYPE_NAMES[block.type]} (block ${rank})`)
      if (rank === board.size - 1 && at !== into.byteLength) throw this.refuse(into, `${at} bytes`)
    }
    for (let rank = 0, at = 0; rank < board.size; rank++) {
      this.findBlock(rank, board.rank)
      copyAligned(output, at, board, block.offset, block.length)
      at += block.length
    }
    this.value = into
  }
}
