// Scatter on a board: the root publishes all blocks, each other rank reads its own.
//
// One publication by the root and one read by each other rank. Blocks too long for the board go by messages: the root
// says so on the board.
import type { CollectiveOperation } from '../drive.js'
import type { BoardQueue } from '../drive-board-queue.js'
import { ValueOnBoard } from '../drive-board-values.js'
import type { Block } from '../drive-values.js'
import { valueOfBlock } from '../drive-values.js'

/** Scatters by messages. */
export interface LargeScatter {
  scatter(call: ScatterOnBoard): CollectiveOperation
}

export class ScatterOnBoard extends ValueOnBoard {
  root = 0
  /** At the root, its own block. */
  own: Block | undefined = undefined
  readonly #large: LargeScatter

  constructor(queue: BoardQueue, large: LargeScatter) {
    super(queue)
    this.#large = large
  }

  protected finish(): CollectiveOperation | undefined {
    const { board, root, into, own, block } = this
    if (this.announces || (own === undefined && this.isAnnounced(root))) return this.#large.scatter(this)
    this.given = this.own = undefined
    if (own !== undefined) this.#finishRoot(own)
    else {
      this.findBlock(root, board.rank)
      if (into === undefined) this.value = this.valueFrom(root, block.type, block.offset, block.length)
      else this.fillInto(into, block.type, block.offset, block.length)
    }
    return undefined
  }

  #finishRoot(own: Block): void {
    const { into } = this
    if (into === undefined) this.value = valueOfBlock(own)
    else this.fillIntoOwn(into, own.type, own.bytes)
  }
}
