// How two ranks that copy large messages together agree on who copies what: lines of the segment for every ordered pair
// of ranks (from, to), where the messages of `from` go to the memory of `to`.
//
//   STATE      generation (17 bits), pieces (5), claimed from the front (5), claimed from the back (5)
//   DONE       pieces that `from` has copied, or failed to copy
//   FAILED     a bit for each piece that it failed to copy
//   PIECES …   id of the message, length, offset in it, address in the memory of `to`
//
// `to` writes PIECES and opens the share by a new STATE; then both claim pieces by compare-and-exchange of STATE, `to`
// from the front and `from` from the back, until none is left. Invariants:
// - A piece is copied by whoever has claimed it. `to` opens the share again only when DONE says that `from` has none under
//   way: so PIECES read after a claim are those of the claimed pieces, however late that is.
// - `from` writes to the memory of `to` only between a claim and DONE, and `to` gives that memory back only after it.
// - Nobody waits for `from` to look: what it does not claim, `to` copies.
import type { Batch } from './transport.js'

const STATE = 0
const DONE = 32
const FAILED = 33
const PIECES = 64
const WORDS_PER_PIECE = 8
const ID = 0
const LENGTH = 1
const OFFSET = 2
const ADDRESS = 4
/** Pieces of a batch at the most. */
export const MOST_PIECES = 16
/** What is claimed at once: enough to be worth a call, and soon done. */
const CLAIM_BYTES = 256 * 1024

const FRONT = 5
const PIECE_COUNT = 10
const GENERATION = 15
const MASK = 31
/** Which end a rank claims from. */
export const FROM_FRONT = 1 << FRONT
export const FROM_BACK = 1
const TWO32 = 0x100000000

export const wide = (words: Int32Array, at: number): number => (words[at] >>> 0) + (words[at + 1] >>> 0) * TWO32

export function setWide(words: Int32Array, at: number, value: number): void {
  words[at] = value % TWO32
  words[at + 1] = Math.floor(value / TWO32)
}

export class Share {
  readonly #words: Int32Array
  /** Of the latest claim: its first piece; the others follow upwards from the front, downwards from the back. */
  first = 0

  constructor(words: Int32Array) {
    this.#words = words
  }

  /** Offers a batch; `addresses` has three numbers for each piece, the second of which is where it belongs. */
  open(batch: Batch, addresses: Float64Array): void {
    const words = this.#words
    for (let i = 0; i < batch.count; i++) {
      const { id, offset, length } = batch.pieces[i]
      const word = PIECES + i * WORDS_PER_PIECE
      words[word + ID] = id
      words[word + LENGTH] = length
      setWide(words, word + OFFSET, offset)
      setWide(words, word + ADDRESS, addresses[3 * i + 1])
    }
    words[DONE] = 0
    words[FAILED] = 0
    const generation = (words[STATE] >>> GENERATION) + 1
    Atomics.store(words, STATE, (generation << GENERATION) | (batch.count << PIECE_COUNT))
  }

  /**
   * Claims the next pieces of an end: as many of that end's half as are good for one call, or one of the other half.
   * Returns how many.
   */
  claim(end: number): number {
    const words = this.#words
    for (let state = words[STATE]; ; ) {
      const pieces = (state >>> PIECE_COUNT) & MASK
      const front = (state >>> FRONT) & MASK
      const back = state & MASK
      if (front + back >= pieces || pieces > MOST_PIECES) return 0
      const count = end === FROM_FRONT ? this.#run(front, 1, ((pieces + 1) >> 1) - front) : this.#run(pieces - 1 - back, -1, (pieces >> 1) - back)
      const taken = Math.min(count, pieces - front - back)
      const seen = Atomics.compareExchange(words, STATE, state, state + end * taken)
      if (seen === state) {
        this.first = end === FROM_FRONT ? front : pieces - 1 - back
        return taken
      }
      state = seen
    }
  }

  /** How many pieces from `first` on, `most` at the most but one at least, are good for one call. */
  #run(first: number, step: number, most: number): number {
    let count = 1
    let bytes = this.length(first)
    while (count < most && (bytes += this.length(first + step * count)) <= CLAIM_BYTES) count++
    return count
  }

  id(piece: number): number {
    return this.#words[PIECES + piece * WORDS_PER_PIECE + ID]
  }

  length(piece: number): number {
    return this.#words[PIECES + piece * WORDS_PER_PIECE + LENGTH]
  }

  offset(piece: number): number {
    return wide(this.#words, PIECES + piece * WORDS_PER_PIECE + OFFSET)
  }

  address(piece: number): number {
    return wide(this.#words, PIECES + piece * WORDS_PER_PIECE + ADDRESS)
  }

  /** `from` has done with `count` pieces; those with a bit in `failed` it could not copy. */
  done(count: number, failed: number): void {
    if (failed !== 0) Atomics.or(this.#words, FAILED, failed)
    Atomics.add(this.#words, DONE, count)
  }

  /** Pieces that `from` has claimed, and whether it has done with them. */
  get claimed(): number {
    return this.#words[STATE] & MASK
  }

  get settled(): boolean {
    return Atomics.load(this.#words, DONE) === this.claimed
  }

  /** Whether `from` could not copy a piece that it had claimed. */
  failed(piece: number): boolean {
    return (this.#words[FAILED] & (1 << piece)) !== 0
  }
}
