// Allreduce and reduce on a board: every rank publishes its operand; all ranks, or the root, collect and combine them.
//
// One publication a rank; where the result is wanted, n - 1 reads, and m·(n - 1) combined. Best for short vectors.
// Order: that of allreduce/recursive-doubling, with the same bits: whoever has the result has evaluated the same expression.
import type { Op } from '../../data/op.js'
import { NUMBER } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import type { CollectiveOperation } from '../drive.js'
import { BoardCall } from '../drive-board.js'
import type { BoardQueue } from '../drive-board-queue.js'
import type { Rows } from '../drive-board-rows.js'
import { ValueOnBoard } from '../drive-board-values.js'

/** Of one number a rank. */
export class NumberReduction extends BoardCall {
  override type = NUMBER
  override length = 8
  op!: Op
  input = 0
  readonly #rows: Rows

  constructor(queue: BoardQueue, rows: Rows) {
    super(queue)
    this.#rows = rows
  }

  write(offset: number): void {
    this.board.doubles[offset >> 3] = this.input
  }

  protected finish(): CollectiveOperation | undefined {
    if (this.end > 0) this.value = this.#rows.combineNumbers(this.number, this.op.code)
    return undefined
  }
}

/** Of a typed array a rank. */
export class VectorReduction extends ValueOnBoard {
  op!: Op
  /** Where the result goes; undefined where it is not wanted. */
  out: TypedArray | undefined = undefined
  readonly #rows: Rows

  constructor(queue: BoardQueue, rows: Rows) {
    super(queue)
    this.#rows = rows
  }

  protected finish(): CollectiveOperation | undefined {
    const { out } = this
    this.out = undefined
    if (out === undefined) return undefined
    this.#rows.combine(this.number, this.op, this.type, out)
    this.value = out
    return undefined
  }
}
