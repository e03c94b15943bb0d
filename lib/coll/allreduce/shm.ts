// Allreduce and reduce on a board: every rank publishes its operand; all ranks, or the root, collect and combine them.
//
// One publication a rank; where the result is wanted, n - 1 reads, and m·(n - 1) combined. Vectors too long for the board
// stay in each rank's memory: rank i reduces slice i of all and copies it to those who want the result. Where ranks cannot
// reach each other's memory, they go by messages.
//
// Order: that of allreduce/recursive-doubling, with the same bits, whichever way they go.
import type { Op } from '../../data/op.js'
import { NUMBER } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import { TransportError } from '../../errors.js'
import type { CollectiveOperation } from '../drive.js'
import { BoardCall } from '../drive-board.js'
import type { BoardQueue } from '../drive-board-queue.js'
import type { Rows } from '../drive-board-rows.js'
import { SliceReduction } from '../drive-board-lent.js'
import { ValueOnBoard } from '../drive-board-values.js'

/** Of what all want reduced, for each rank: on the board everyone combines all of it, of lent memory a slice. */
const ROOM = 16 * 1024

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

/** Reduces by messages. */
export interface LargeReduction {
  reduce(call: VectorReduction): CollectiveOperation
}

/** Of a typed array a rank. */
export class VectorReduction extends ValueOnBoard {
  op!: Op
  /** -1 where all ranks want the result. */
  root = -1
  /** Where the result goes; undefined where it is not wanted. */
  out: TypedArray | undefined = undefined
  protected override readonly room: number
  readonly #rows: Rows
  readonly #large: LargeReduction

  constructor(queue: BoardQueue, rows: Rows, large: LargeReduction, collective: 'reduce' | 'allreduce') {
    super(queue)
    this.#rows = rows
    this.#large = large
    this.room = collective === 'reduce' ? Infinity : ROOM * this.board.size
  }

  protected finish(): CollectiveOperation | undefined {
    const { out } = this
    if (this.announces) return this.#finishLarge(out)
    this.given = this.out = undefined
    if (out === undefined) return undefined
    this.#rows.combine(this.number, this.op, this.type, out)
    this.value = out
    return undefined
  }

  #finishLarge(out: TypedArray | undefined): CollectiveOperation | undefined {
    const { board, input, given } = this
    const rows = this.lentByAll()
    if (rows === undefined) return this.#large.reduce(this)
    this.awaitFetched({ row: 0, end: board.size })
    const members = rows.map(({ address, resultAddress }, rank) => ({ rank, input: address, output: resultAddress }))
    this.task = new SliceReduction(board, this.op, input.type, members, given as TypedArray, out)
    this.given = this.out = undefined
    this.value = out
    return undefined
  }

  /** Each has a slice of the result. */
  protected override afterFetched(): void {
    const { board, number } = this
    for (let rank = 0; rank < board.size; rank++) {
      if (board.hasFailed(number, rank)) throw new TransportError(`${this.describe()}: rank ${rank} could not do its part`)
    }
  }
}
