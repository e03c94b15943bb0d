// Allreduce on a board: every rank publishes its operand, collects all others' and combines them.
//
// One publication and n - 1 reads a rank, no message; bytes m·(n - 1) read, m·(n - 1) combined by each rank. Best for
// short vectors.
// Order: that of allreduce/recursive-doubling, with the same bits: all ranks evaluate the same expression.
import type { Op } from '../../data/op.js'
import type { TypedArray } from '../../data/types.js'
import { copyBytes } from '../../wire/bytes.js'
import { BoardCall } from '../drive-board.js'
import type { BoardQueue } from '../drive-board.js'
import { Rows } from '../drive-board-rows.js'

/** Of one number a rank. */
export class NumberOnBoard extends BoardCall {
  op!: Op
  input = 0
  readonly #rows: Rows

  constructor(queue: BoardQueue, rows: Rows) {
    super(queue)
    this.#rows = rows
  }

  protected write(offset: number): void {
    this.board.doubles[offset >> 3] = this.input
  }

  finish(): void {
    this.value = this.#rows.combineNumbers(this.number, this.op.code)
  }
}

/** Of a typed array a rank. */
export class VectorOnBoard extends BoardCall {
  op!: Op
  input!: Uint8Array
  into!: TypedArray
  readonly #rows: Rows

  constructor(queue: BoardQueue, rows: Rows) {
    super(queue)
    this.#rows = rows
  }

  protected write(offset: number): void {
    copyBytes(this.board.bytes, offset, this.input, 0, this.length)
  }

  finish(): void {
    this.#rows.combine(this.number, this.op, this.type, this.into)
    this.value = this.into
  }
}
