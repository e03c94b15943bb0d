// Allgather on a board: every rank publishes its value and collects all others'.
//
// One publication and n - 1 reads a rank. Where a value is too long for the board, all ranks see that, and all of them
// go by messages.
import { copyAligned } from '../../wire/bytes.js'
import type { CollectiveOperation } from '../drive.js'
import type { BoardQueue } from '../drive-board-queue.js'
import { ValueOnBoard } from '../drive-board-values.js'

/** Gathers by messages. */
export interface LargeAllgather {
  allgather(call: AllgatherOnBoard): CollectiveOperation
}

export class AllgatherOnBoard extends ValueOnBoard {
  readonly #large: LargeAllgather

  constructor(queue: BoardQueue, large: LargeAllgather) {
    super(queue)
    this.#large = large
  }

  protected finish(): CollectiveOperation | undefined {
    const { board, into } = this
    if (into === undefined) {
      for (let rank = 0; rank < board.size; rank++) if (this.isAnnounced(rank)) return this.#large.allgather(this)
      this.value = this.valuesOfRows()
    } else {
      // All ranks have published an array of this type and length.
      const { number, length, output } = this
      for (let rank = 0; rank < board.size; rank++) {
        copyAligned(output, rank * length, board, board.offset(number, rank), length)
      }
      this.value = into
    }
    this.given = undefined
    return undefined
  }
}
