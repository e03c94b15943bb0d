// Allgather on a board: every rank publishes its value and collects all others'.
//
// One publication and n - 1 reads a rank. Where a value is too long for the board, all ranks see that: they copy from each
// other's memory, or all of them go by messages.
import { valueOf } from '../../data/payload.js'
import { copyAligned } from '../../wire/bytes.js'
import type { CollectiveOperation } from '../drive.js'
import type { BoardQueue } from '../drive-board-queue.js'
import { ValueOnBoard, roomOfGathered } from '../drive-board-values.js'

/** Gathers by messages. */
export interface LargeAllgather {
  allgather(call: AllgatherOnBoard): CollectiveOperation
}

export class AllgatherOnBoard extends ValueOnBoard {
  protected override readonly room = roomOfGathered(this.board.size)
  readonly #large: LargeAllgather

  constructor(queue: BoardQueue, large: LargeAllgather) {
    super(queue)
    this.#large = large
  }

  protected finish(): CollectiveOperation | undefined {
    const { board, into } = this
    for (let rank = 0; rank < board.size; rank++) if (this.isAnnounced(rank)) return this.#finishLarge()
    this.given = undefined
    if (into === undefined) this.value = this.valuesOfRows()
    else {
      // All ranks have published an array of this type and length.
      const { number, length, output } = this
      for (let rank = 0; rank < board.size; rank++) {
        copyAligned(output, rank * length, board, board.offset(number, rank), length)
      }
      this.value = into
    }
    return undefined
  }

  #finishLarge(): CollectiveOperation | undefined {
    const { board, into, input, output } = this
    const rows = this.lentByAll()
    if (rows === undefined) return this.#large.allgather(this)
    this.awaitFetched({ row: 0, end: board.size })
    if (into !== undefined) {
      const { length } = input.bytes
      output.bytes.set(input.bytes, board.rank * length)
      for (const [rank, { address }] of rows.entries()) {
        if (rank !== board.rank) this.fetch(rank, address, output.bytes, rank * length, length)
      }
    }
    this.value = into ?? rows.map((row, rank) =>
      rank === board.rank ? valueOf(row.type, input.bytes, 0, row.bytes) : this.fetchValue(rank, row, 0, row.bytes))
    this.given = undefined
    return undefined
  }
}
