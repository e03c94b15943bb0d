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
import { ValueOnBoard } from '../drive-board-values.js'
import { blockOf } from '../drive-values.js'
import type { Block } from '../drive-values.js'

/** Receives at the root the blocks that are undefined, or sends this rank's there. */
export interface LargeGather {
  gather(call: GatherOnBoard, blocks: (Block | undefined)[]): CollectiveOperation
}

export class GatherOnBoard extends ValueOnBoard {
  root = 0
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

  #finishLarge(given: unknown): CollectiveOperation {
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
      const type = board.type(number, rank)
      if (type !== output.type) throw this.refuse(into, `a ${TYPE_NAMES[type]} (block ${rank})`)
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
}
