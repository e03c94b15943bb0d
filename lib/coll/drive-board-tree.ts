// The order in which a board's members' operands are combined: that of allreduce/recursive-doubling, so that the two give
// the same bits. Pairs fold where n is no power of two, then a balanced tree combines neighbours.
import type { Op } from '../data/op.js'
import { reduceInto } from '../data/reduce.js'
import type { TypedArray } from '../data/types.js'
import { floorPowerOfTwo } from './patterns/hypercube.js'

/** Where the operands are. */
export interface Operands {
  /** Copies that of `rank` to `out`. */
  load(rank: number, out: TypedArray): void
  /** That of `rank`, if it can be read where it is. */
  view(rank: number): TypedArray | undefined
  /** Memory for intermediate results, a piece for each level of the tree. */
  spare(level: number): TypedArray
}

/** How many levels of spare memory a tree of so many leaves needs. */
export const levelsOf = (size: number): number => Math.ceil(Math.log2(size))

export class BalancedTree {
  readonly #cube: number
  readonly #rest: number

  constructor(size: number) {
    this.#cube = floorPowerOfTwo(size)
    this.#rest = size - this.#cube
  }

  /** Combines all operands into `out`. */
  combine(op: Op, type: number, operands: Operands, out: TypedArray): void {
    this.#combine(op, type, operands, 0, this.#cube, 0, out)
  }

  /** `count` leaves from `first` on. A leaf is a rank, or two that fold. */
  #combine(op: Op, type: number, operands: Operands, first: number, count: number, level: number, out: TypedArray): void {
    if (count === 1) {
      const folds = first < this.#rest
      operands.load(folds ? 2 * first : first + this.#rest, out)
      if (folds) this.#add(op, type, operands, 2 * first + 1, level, out)
      return
    }
    const half = count >> 1
    const second = first + half
    this.#combine(op, type, operands, first, half, level, out)
    if (half === 1 && second >= this.#rest) {
      this.#add(op, type, operands, second + this.#rest, level, out)
      return
    }
    const spare = operands.spare(level)
    this.#combine(op, type, operands, second, half, level + 1, spare)
    reduceInto(op, type, out, spare, false)
  }

  #add(op: Op, type: number, operands: Operands, rank: number, level: number, out: TypedArray): void {
    let operand = operands.view(rank)
    if (operand === undefined) operands.load(rank, (operand = operands.spare(level)))
    reduceInto(op, type, out, operand, false)
  }
}
