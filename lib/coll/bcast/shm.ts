// Broadcast on a board: the root publishes, the others read.
//
// One publication by the root, which waits for nobody unless the slowest is all slots behind, and one read by each other
// rank. A value too long for the board is announced there, and follows by messages.
import type { CollectiveOperation } from '../drive.js'
import type { BoardQueue } from '../drive-board-queue.js'
import { ValueOnBoard } from '../drive-board-values.js'
import type { Announced } from '../drive-board-values.js'

/** Broadcasts by messages what has been announced. */
export interface LargeBcast {
  bcast(call: BcastOnBoard, announced: Announced): CollectiveOperation
}

export class BcastOnBoard extends ValueOnBoard {
  root = 0
  readonly #large: LargeBcast

  constructor(queue: BoardQueue, large: LargeBcast) {
    super(queue)
    this.#large = large
  }

  protected finish(): CollectiveOperation | undefined {
    const { board, number, root, into } = this
    if (board.rank === root) return this.#finishRoot()
    if (this.isAnnounced(root)) return this.#large.bcast(this, this.announcedAt(root))
    if (into === undefined) this.value = this.valueAt(root)
    else this.fillInto(into, board.type(number, root), board.offset(number, root), board.length(number, root))
    return undefined
  }

  #finishRoot(): CollectiveOperation | undefined {
    const { input, into, given } = this
    if (this.announces) return this.#large.bcast(this, { type: input.type, bytes: input.bytes.length })
    this.given = undefined
    if (into === undefined || into === given) this.value = given
    else this.fillIntoOwn(into, this.type, input.bytes)
    return undefined
  }
}
