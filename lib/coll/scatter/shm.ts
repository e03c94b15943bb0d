// Scatter on a board: the root publishes all blocks, each other rank reads its own.
//
// One publication by the root and one read by each other rank. Blocks too long for the board are announced there: the
// others copy theirs from the root's memory, or get them by messages.
import type { CollectiveOperation } from '../drive.js'
import type { BoardQueue } from '../drive-board-queue.js'
import { NOBODY } from '../drive-board.js'
import { ValueOnBoard } from '../drive-board-values.js'
import type { Announced } from '../drive-board-values.js'
import type { Block } from '../drive-values.js'
import { valueOfBlock } from '../drive-values.js'

/** Scatters by messages. */
export interface LargeScatter {
  scatter(call: ScatterOnBoard): CollectiveOperation
}

/** Through the board each byte is copied once more. */
const ROOM = 32 * 1024

export class ScatterOnBoard extends ValueOnBoard {
  root = 0
  protected override readonly room = ROOM
  /** At the root, its own block. */
  own: Block | undefined = undefined
  readonly #large: LargeScatter

  constructor(queue: BoardQueue, large: LargeScatter) {
    super(queue)
    this.#large = large
  }

  protected finish(): CollectiveOperation | undefined {
    const { board, root, into, own, block } = this
    if (this.isAnnounced(root) && !this.#lends(this.announcedAt(root))) return this.#large.scatter(this)
    this.given = this.own = undefined
    if (own !== undefined) this.#finishRoot(own)
    else if (!this.isAnnounced(root)) {
      this.findBlock(root, board.rank)
      if (into === undefined) this.value = this.valueFrom(root, block.type, block.offset, block.length)
      else this.fillInto(into, block.type, block.offset, block.length)
    }
    return undefined
  }

  /** Whether the root lends its array; if so, begins to copy. */
  #lends(announced: Announced): boolean {
    const { board, root } = this
    if (announced.address === 0) return false
    this.awaitFetched(board.rank === root ? { row: 0, end: board.size } : NOBODY)
    if (board.rank === root) return true
    const length = announced.bytes / board.size
    this.value = this.fetchValue(root, announced, board.rank * length, length)
    return true
  }

  #finishRoot(own: Block): void {
    const { into } = this
    if (into === undefined) this.value = valueOfBlock(own)
    else this.fillIntoOwn(into, own.type, own.bytes)
  }
}
