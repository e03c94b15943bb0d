// What members of a board do with memory that others lend: copy from it, or reduce it slice by slice.
//
// All in steps of STEP_BYTES, between which the process looks after other things.
import type { Op } from '../data/op.js'
import { isLocating } from '../data/scalar.js'
import { rawBytes } from '../data/payload.js'
import { CONSTRUCTORS, ELEMENT_BYTES } from '../data/types.js'
import type { TypedArray } from '../data/types.js'
import { TransportError } from '../errors.js'
import type { Board } from '../p2p/board.js'
import { BalancedTree, levelsOf } from './drive-board-tree.js'
import { evenCut } from './cut.js'
import type { Task } from './drive-board.js'

const STEP_BYTES = 4 * 1024 * 1024
/** For pieces of a result and what it is combined from: they stay in a core's cache meanwhile. */
const SCRATCH_BYTES = 512 * 1024
const LINE = 64

/** Addresses in the memory of one member. */
export interface Lent {
  readonly rank: number
  readonly input: number
  /** Where the result goes; 0 where none is wanted. */
  readonly output: number
}

function check(error: number, what: string, rank: number): void {
  if (error === 0) return
  throw new TransportError(
    `cannot copy ${what} rank ${rank} (errno ${error}): it has ended, or an array was detached or cut during a collective`,
  )
}

interface Copy {
  readonly rank: number
  readonly address: number
  readonly bytes: Uint8Array
  readonly at: number
  readonly length: number
}

/** Copies what others lend. */
export class Fetches implements Task {
  readonly #board: Board
  readonly #copies: Copy[] = []
  #next = 0
  #done = 0

  constructor(board: Board) {
    this.#board = board
  }

  add(rank: number, address: number, bytes: Uint8Array, at: number, length: number): void {
    this.#copies.push({ rank, address, bytes, at, length })
  }

  step(): boolean {
    let room = STEP_BYTES
    for (; this.#next < this.#copies.length && room > 0; ) {
      const { rank, address, bytes, at, length } = this.#copies[this.#next]
      const part = Math.min(length - this.#done, room)
      check(this.#board.fetch(rank, address + this.#done, bytes, at + this.#done, part), 'from', rank)
      this.#done += part
      room -= part
      if (this.#done < length) continue
      this.#next++
      this.#done = 0
    }
    return this.#next === this.#copies.length
  }
}

let scratch: ArrayBuffer | undefined

/**
 * Reduces this rank's slice of a vector that all members lend, and copies it to those who want the result: m·(n - 1)/n
 * bytes read and as many written. Order: drive-board-tree.ts.
 */
export class SliceReduction implements Task {
  readonly #board: Board
  readonly #op: Op
  readonly #type: number
  readonly #members: readonly Lent[]
  readonly #mine: TypedArray
  readonly #out: TypedArray | undefined
  readonly #tree: BalancedTree
  readonly #pieceBytes: number
  #at: number
  readonly #end: number

  /** `mine`: this rank's operand; `out`: where its result goes. Members are in rank order, this one among them. */
  constructor(board: Board, op: Op, type: number, members: readonly Lent[], mine: TypedArray, out: TypedArray | undefined) {
    this.#board = board
    this.#op = op
    this.#type = type
    this.#members = members
    this.#mine = mine
    this.#out = out
    this.#tree = new BalancedTree(board.size)
    this.#pieceBytes = Math.floor(SCRATCH_BYTES / (1 + levelsOf(board.size)) / LINE) * LINE
    // A pair of value and index must not be cut apart.
    const unit = isLocating(op.code) ? 2 : 1
    const cut = evenCut(mine.length / unit, board.size)
    this.#at = cut[board.rank] * unit
    this.#end = cut[board.rank + 1] * unit
  }

  step(): boolean {
    const most = this.#pieceBytes / ELEMENT_BYTES[this.#type]
    for (let done = 0; this.#at < this.#end && done < STEP_BYTES; done += this.#pieceBytes * this.#members.length) {
      const length = Math.min(most, this.#end - this.#at)
      this.#reduce(length)
      this.#at += length
    }
    return this.#at === this.#end
  }

  #reduce(length: number): void {
    const { rank: me } = this.#board
    const offset = this.#at * ELEMENT_BYTES[this.#type]
    const own = this.#mine.subarray(this.#at, this.#at + length)
    const piece = (index: number): TypedArray =>
      new CONSTRUCTORS[this.#type as 0]((scratch ??= new ArrayBuffer(SCRATCH_BYTES)), index * this.#pieceBytes, length)
    const result = piece(0)
    this.#tree.combine(this.#op, this.#type, {
      load: (rank, out) => (rank === me ? out.set(own as never) : this.#fetch(rank, offset, out)),
      view: (rank) => (rank === me ? own : undefined),
      spare: (level) => piece(1 + level),
    }, result)
    this.#spread(result, offset)
  }

  #fetch(rank: number, offset: number, out: TypedArray): void {
    const address = this.#members[rank].input + offset
    check(this.#board.fetch(rank, address, rawBytes(out), 0, out.byteLength), 'from', rank)
  }

  #spread(result: TypedArray, offset: number): void {
    this.#out?.set(result as never, this.#at)
    for (const { rank, output } of this.#members) {
      if (rank === this.#board.rank || output === 0) continue
      check(this.#board.store(rank, output + offset, rawBytes(result), 0, result.byteLength), 'to', rank)
    }
  }
}
