// Gather on a board: every rank publishes its value, the root collects all.
//
// One publication a rank, which waits for nobody, and n - 1 reads by the root. A value too long for the board is announced
// there: the root copies it from that rank's memory, or it goes to the root by a message.
import { TYPE_NAMES } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import { copyAligned, copyOut } from '../../wire/bytes.js'
import type { CollectiveOperation } from '../drive.js'
import type { BoardQueue } from '../drive-board-queue.js'
import { Fetches } from '../drive-board-lent.js'
import { NOBODY } from '../drive-board.js'
import { ValueOnBoard, roomOfGathered } from '../drive-board-values.js'
import type { Announced } from '../drive-board-values.js'
import { blockOf, valueOfBlock } from '../drive-values.js'
import type { Block } from '../drive-values.js'

/** Receives at the root the blocks that are undefined, or sends this rank's there. */
export interface LargeGather {
  gather(call: GatherOnBoard, blocks: (Block | undefined)[]): CollectiveOperation
}

export class GatherOnBoard extends ValueOnBoard {
  root = 0
  protected override readonly room = roomOfGathered(this.board.size)
  readonly #large: LargeGather

  constructor(queue: BoardQueue, large: LargeGather) {
    super(queue)
    this.#large = large
  }

  protected finish(): CollectiveOperation | undefined {
    const { board, root, into, given } = this
    this.given = undefined
    if (board.rank !== root) return this.announces ? this.#finishLender(given) : undefined
    for (let rank = 0; rank < board.size; rank++) if (this.isAnnounced(rank)) return this.#finishLarge(given)
    if (into === undefined) this.value = this.valuesOfRows()
    else {
      this.#fill(into)
      this.value = into
    }
    return undefined
  }

  #finishLender(given: unknown): CollectiveOperation | undefined {
    const { board, root } = this
    if (this.announcedAt(board.rank).address === 0) return this.#large.gather(this, [blockOf(given)])
    this.awaitFetched({ row: root, end: root + 1 })
    return undefined
  }

  #finishLarge(given: unknown): CollectiveOperation | undefined {
    const { board, root, into } = this
    const rows = Array.from({ length: board.size }, (_, rank) =>
      this.isAnnounced(rank) && rank !== root ? this.announcedAt(rank) : undefined)
    if (rows.some((row) => row?.address === 0)) return this.#finishByMessages(given)
    this.awaitFetched(NOBODY)
    const own = blockOf(given)
    if (into === undefined) {
      this.value = rows.map((row, rank) => {
        if (row !== undefined) return this.fetchValue(rank, row, 0, row.bytes)
        return rank === root ? valueOfBlock(own) : this.valueAt(rank)
      })
    } else {
      this.#fillLent(into, rows, own)
      this.value = into
    }
    return undefined
  }

  #finishByMessages(given: unknown): CollectiveOperation {
    const { board, number, root } = this
    const blocks: (Block | undefined)[] = []
    const fetches = new Fetches(board)
    for (let rank = 0; rank < board.size; rank++) {
      const announced = this.isAnnounced(rank) ? this.announcedAt(rank) : undefined
      if (announced?.address === 0) blocks.push(undefined)
      else if (announced !== undefined) {
        const block = { type: announced.type, bytes: new Uint8Array(announced.bytes) }
        if (rank !== root) fetches.add(rank, announced.address, block.bytes, 0, announced.bytes)
        blocks.push(block)
      } else {
        const bytes = copyOut(board.bytes, board.offset(number, rank), board.length(number, rank))
        blocks.push({ type: board.type(number, rank), bytes })
      }
    }
    blocks[root] = blockOf(given)
    try {
      while (!fetches.step());
      return this.#large.gather(this, blocks)
    } finally {
      board.fetched(number, false)
    }
  }

  /** The rows one after the other; together they must fill `into`. */
  #fill(into: TypedArray): void {
    const { board, number, output } = this
    let total = 0
    for (let rank = 0; rank < board.size; rank++) {
      this.#check(into, rank, board.type(number, rank))
      total += board.length(number, rank)
    }
    if (total !== into.byteLength) throw this.refuse(into, `${total} bytes`)
    let at = 0
    for (let rank = 0; rank < board.size; rank++) {
      const length = board.length(number, rank)
      copyAligned(output, at, board, board.offset(number, rank), length)
      at += length
    }
  }

  /** The same where others lend theirs, and the root's is its own. */
  #fillLent(into: TypedArray, rows: readonly (Announced | undefined)[], own: Block): void {
    const { board, number, root, output } = this
    let at = 0
    for (const [rank, row] of rows.entries()) {
      const { type, bytes } = this.publishedBy(rank)
      this.#check(into, rank, type)
      if (at + bytes > into.byteLength) throw this.refuse(into, `${at + bytes} bytes and more`)
      if (rank === root) output.bytes.set(own.bytes, at)
      else if (row === undefined) copyAligned(output, at, board, board.offset(number, rank), bytes)
      else this.fetch(rank, row.address, output.bytes, at, bytes)
      at += bytes
    }
    if (at !== into.byteLength) throw this.refuse(into, `${at} bytes`)
  }

  #check(into: TypedArray, rank: number, type: number): void {
    if (type !== this.output.type) throw this.refuse(into, `a ${TYPE_NAMES[type]} (block ${rank})`)
  }
}
