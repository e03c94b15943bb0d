// Broadcast on a board: the root publishes, the others read.
//
// One publication by the root, which waits for nobody unless the slowest is all slots behind, and one read by each other
// rank. A value too long for the board is announced there: the others copy it from the root's memory, or it follows by
// messages.
import type { CollectiveOperation } from '../drive.js'
import type { BoardQueue } from '../drive-board-queue.js'
import { NOBODY } from '../drive-board.js'
import { ValueOnBoard } from '../drive-board-values.js'
import type { Announced } from '../drive-board-values.js'

/** Broadcasts by messages what has been announced. */
export interface LargeBcast {
  bcast(call: BcastOnBoard, announced: Announced): CollectiveOperation
}

/** Through the board each byte is copied once more. */
const ROOM = 12 * 1024

export class BcastOnBoard extends ValueOnBoard {
  root = 0
  protected override readonly room = ROOM
  readonly #large: LargeBcast

  constructor(queue: BoardQueue, large: LargeBcast) {
    super(queue)
    this.#large = large
  }

  protected finish(): CollectiveOperation | undefined {
    const { board, number, root, into } = this
    if (board.rank === root) return this.#finishRoot()
    if (this.isAnnounced(root)) return this.#finishLarge(this.announcedAt(root))
    if (into === undefined) this.value = this.valueAt(root)
    else this.fillInto(into, board.type(number, root), board.offset(number, root), board.length(number, root))
    return undefined
  }

  #finishLarge(announced: Announced): CollectiveOperation | undefined {
    if (announced.address === 0) return this.#large.bcast(this, announced)
    this.awaitFetched(NOBODY)
    this.value = this.fetchValue(this.root, announced, 0, announced.bytes)
    return undefined
  }

  #finishRoot(): CollectiveOperation | undefined {
    const { board, input, into, given } = this
    if (this.announces) {
      const announced = this.announcedAt(board.rank)
      if (announced.address === 0) return this.#large.bcast(this, announced)
      this.awaitFetched({ row: 0, end: board.size })
    }
    this.given = undefined
    if (into === undefined || into === given) this.value = given
    else this.fillIntoOwn(into, input.type, input.bytes)
    return undefined
  }
}
