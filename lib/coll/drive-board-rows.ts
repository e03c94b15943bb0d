// Combines what all members of a board have published, in the order of drive-board-tree.ts; short rows without its calls.
import type { Op } from '../data/op.js'
import { reduceInto } from '../data/reduce.js'
import { CONSTRUCTORS } from '../data/types.js'
import type { TypedArray } from '../data/types.js'
import type { Board } from '../p2p/board.js'
import { BalancedTree } from './drive-board-tree.js'
import type { Operands } from './drive-board-tree.js'
import { floorPowerOfTwo } from './patterns/hypercube.js'

/** Bytes up to which rows are copied before they are combined: cheaper than views of the places where they are. */
const COPIED = 112
const COPIED_DOUBLES = COPIED / 8

/** x op y for the ops that take a number as an array of one double: SUM, PROD, MIN, MAX. */
function combineNumbers(code: number, x: number, y: number): number {
  if (code === 0) return x + y
  if (code === 1) return x * y
  return code === 2 ? Math.min(x, y) : Math.max(x, y)
}

export class Rows {
  readonly #board: Board
  readonly #tree: BalancedTree
  readonly #cube: number
  readonly #rest: number
  readonly #copies: Float64Array
  /** Views of the copies, for rows of this type and length. */
  #rows: TypedArray[] = []
  readonly #order: TypedArray[] = []
  /** Views of the board by offset, and spare vectors by level of the tree, for this type and length. */
  readonly #views = new Map<number, TypedArray>()
  readonly #spares: TypedArray[] = []
  #type = -1
  #length = -1

  constructor(board: Board) {
    this.#board = board
    this.#tree = new BalancedTree(board.size)
    this.#cube = floorPowerOfTwo(board.size)
    this.#rest = board.size - this.#cube
    this.#copies = new Float64Array(board.size * COPIED_DOUBLES)
  }

  /** The numbers that all have published, combined. */
  combineNumbers(number: number, code: number): number {
    const board = this.#board
    const values = this.#copies
    for (let rank = 0; rank < board.size; rank++) values[rank] = board.doubles[board.offset(number, rank) >> 3]
    const rest = this.#rest
    for (let i = 0; i < rest; i++) values[i] = combineNumbers(code, values[2 * i], values[2 * i + 1])
    if (rest > 0) values.copyWithin(rest, 2 * rest, board.size)
    for (let width = this.#cube >> 1; width > 0; width >>= 1) {
      for (let i = 0; i < width; i++) values[i] = combineNumbers(code, values[2 * i], values[2 * i + 1])
    }
    return values[0]
  }

  /** The arrays that all have published, of the type and length of `result`, combined. */
  combine(number: number, op: Op, type: number, result: TypedArray): void {
    if (type !== this.#type || result.length !== this.#length) this.#reshape(type, result.length)
    if (result.byteLength <= COPIED) this.#combineCopies(number, op, type, result)
    else this.#tree.combine(op, type, this.#operands(number, type), result)
  }

  #reshape(type: number, length: number): void {
    this.#type = type
    this.#length = length
    this.#views.clear()
    this.#spares.length = 0
    const constructor = CONSTRUCTORS[type as 0]
    if (length * constructor.BYTES_PER_ELEMENT > COPIED) return
    const { buffer } = this.#copies
    this.#rows = Array.from({ length: this.#board.size }, (_, rank) => new constructor(buffer, rank * COPIED, length))
  }

  #combineCopies(number: number, op: Op, type: number, result: TypedArray): void {
    const { doubles, size } = this.#board
    const copies = this.#copies
    const count = (result.byteLength + 7) >> 3
    for (let rank = 0; rank < size; rank++) {
      const from = this.#board.offset(number, rank) >> 3
      const to = rank * COPIED_DOUBLES
      for (let i = 0; i < count; i++) copies[to + i] = doubles[from + i]
    }
    const order = this.#order
    const rest = this.#rest
    for (let i = 0; i < this.#cube; i++) {
      if (i < rest) reduceInto(op, type, this.#rows[2 * i], this.#rows[2 * i + 1], false)
      order[i] = this.#rows[i < rest ? 2 * i : i + rest]
    }
    for (let width = this.#cube >> 1; width > 0; width >>= 1) {
      for (let i = 0; i < width; i++) {
        reduceInto(op, type, order[2 * i], order[2 * i + 1], false)
        order[i] = order[2 * i]
      }
    }
    const combined = order[0]
    for (let i = 0; i < result.length; i++) result[i] = combined[i] as never
  }

  /** As they lie on the board. */
  #operands(number: number, type: number): Operands {
    return {
      load: (rank, out) => out.set(this.#view(number, type, rank) as never),
      view: (rank) => this.#view(number, type, rank),
      spare: (level) => this.#spare(level),
    }
  }

  #spare(level: number): TypedArray {
    return (this.#spares[level] ??= new CONSTRUCTORS[this.#type as 0](this.#length))
  }

  #view(number: number, type: number, rank: number): TypedArray {
    const offset = this.#board.offset(number, rank)
    let view = this.#views.get(offset)
    if (view === undefined) {
      view = new CONSTRUCTORS[type as 0](this.#board.bytes.buffer, offset, this.#length)
      this.#views.set(offset, view)
    }
    return view
  }
}
