// A board: shared memory on which the members of a communicator publish for each other (release), and from which they
// collect (gather). Every member writes its own line, slots and buffers, and reads all others'.
//
//   line, one a member     PASSED, WAITERS, FETCHED, FAILED, REACHES; PROCESSOR + 1, of native/linger.cc, which knows lines and slots
//   slot (number, member)  SEQUENCE, SIGNATURE, SHAPE, CHECK, then up to SLOT_PAYLOAD bytes
//   buffer                 BOARD_BUFFERS for each member, for payloads up to BUFFER_BYTES
//
// Collectives on a board are numbered; number k uses slot k modulo BOARD_SLOTS. Numbers are 32-bit and wrap, so they are
// compared by difference. Invariants:
//
// - A slot is published by storing k + 1 in SEQUENCE, after everything else of it has been written. Whoever loads k + 1
//   from there sees the rest.
// - PASSED of a member is the number of collectives, from the first on, that it will not look at again; told in portions,
//   but at once where it has read a buffer. A slot is written again only when all members have passed its last
//   use, and so is a buffer. So nothing is overwritten that somebody still reads.
// - A member that has told less than it has passed lags by less than a portion, which is less than the slots and not more
//   than the buffers, each of which a member uses once in as many collectives at the soonest. So once others have passed
//   what a member needs in order to go on, they have told so: it does not wait for room that nobody need move to give.
//
// - What is too long for a buffer a member may lend: it publishes where that is in its own memory, and does not end the
//   collective before FETCHED of all who copy from there, or write to there, is that of the collective or later.
//
// Why no wake-up is lost. Who waits for member r (for a slot of it, or for it to pass) first makes known that it sleeps
// (SLEEPING of shm.ts), then sets its bit in WAITERS of r, then looks once more. Member r stores SEQUENCE, PASSED or
// FETCHED, then loads WAITERS. All are sequentially consistent: either r sees the bit, and rings, or the sleeper sees what r has
// stored. A bit stays set when a member wakes for another reason; then r clears it, to no effect.
import {
  BOARD_BUFFERS, BOARD_SLOTS, BUFFER_BYTES, BUFFER_STRIDE, PAGE, SLOT_BYTES, SLOT_HEADER_BYTES, SLOT_PAYLOAD, boardBytes,
} from '../wire/segment.js'
import type { BoardPatience, OtherMemory, Surroundings } from './board-surroundings.js'
import type { Publication } from './transport.js'

// words of a member's line
const PASSED = 0
const WAITERS = 1
/** Number + 1 of the last collective with lent memory in which this member has copied all that it copies; that failed. */
const FETCHED = 2
const FAILED = 3
/** 1: this member can copy from the memory of all others. */
const REACHES = 4
/** As many as of a slot, see `watchFetched`. */
const LINE_WORDS = 32
// words of a slot; SEQUENCE is the first
const SIGNATURE = 1
/** Payload bytes (bits 0-18), type (19-26), buffer + 1 or 0 for the slot itself (27-31). */
const SHAPE = 2
const TYPE_BIT = 19
const BUFFER_BIT = 27
const LENGTH_MASK = (1 << TYPE_BIT) - 1
const CHECK = 3

const SLOT_WORDS = SLOT_BYTES / 4
const SLOTS_AT = PAGE / 4
/** Collectives passed before the others are told. */
const PORTION = Math.min(BOARD_SLOTS / 4, BOARD_BUFFERS)
/** Numbers further apart than this are about to be taken for their opposite. */
const STALE = 2 ** 30

export class Board {
  readonly size: number
  readonly rank: number
  /** The longest payload. */
  readonly capacity = BUFFER_BYTES
  /** The memory, to read and write payloads in. */
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly doubles: Float64Array
  readonly #ranks: readonly number[]
  readonly #surroundings: Surroundings
  readonly #memory: OtherMemory | undefined
  readonly #patience: BoardPatience
  readonly #shortLooks: number
  readonly #line: number
  readonly #buffersAt: number
  /** This member has passed all collectives below; has told so. */
  #passed = 0
  #told = 0
  /** Every member has passed all collectives below. */
  #cleared = 0
  /** Which buffers of this member may still be read, and by collectives up to which number. */
  readonly #busy = new Uint8Array(BOARD_BUFFERS)
  readonly #usedBy = new Int32Array(BOARD_BUFFERS)
  #next = 0
  #readBuffer = false

  /** `memory` is zero at first. `ranks`: the members' in the transport; this process's is number `rank` of them. */
  constructor(
    memory: ArrayBuffer, ranks: readonly number[], rank: number, surroundings: Surroundings, patience: BoardPatience,
  ) {
    const size = ranks.length
    this.size = size
    this.rank = rank
    this.bytes = new Uint8Array(memory)
    this.doubles = new Float64Array(memory, 0, boardBytes(size) >> 3)
    this.words = new Int32Array(memory)
    this.#ranks = ranks
    this.#surroundings = surroundings
    this.#memory = surroundings.memoryOf()
    this.#patience = patience
    this.#shortLooks = patience.shortLooks
    this.#line = rank * LINE_WORDS
    this.#buffersAt = PAGE + size * BOARD_SLOTS * SLOT_BYTES
  }

  /** The first word of a slot. */
  #slot(number: number, rank: number): number {
    return SLOTS_AT + ((number & (BOARD_SLOTS - 1)) * this.size + rank) * SLOT_WORDS
  }

  // ---- publishing ----

  /** Publishes, if there is room. */
  publish(publication: Publication): boolean {
    const { words } = this
    const { number, length } = publication
    if (((number - this.#cleared) | 0) >= BOARD_SLOTS && !this.#makeRoom(number)) return false
    const slot = SLOTS_AT + ((number & (BOARD_SLOTS - 1)) * this.size + this.rank) * SLOT_WORDS
    let shape = length | (publication.type << TYPE_BIT)
    if (length > SLOT_PAYLOAD) {
      const buffer = this.#takeBuffer(number)
      if (buffer < 0) return false
      publication.write(this.#bufferAt(this.rank, buffer))
      shape |= (buffer + 1) << BUFFER_BIT
    } else if (length > 0) publication.write((slot << 2) + SLOT_HEADER_BYTES)
    words[slot + SIGNATURE] = publication.signature
    words[slot + SHAPE] = shape
    words[slot + CHECK] = publication.check
    Atomics.store(words, slot, (number + 1) | 0)
    if (Atomics.load(words, this.#line + WAITERS) !== 0) this.#wakeWaiters()
    return true
  }

  #makeRoom(number: number): boolean {
    this.#look()
    return ((number - this.#cleared) | 0) < BOARD_SLOTS
  }

  /** A buffer that nobody reads any more; -1 while there is none. */
  #takeBuffer(number: number): number {
    const buffer = this.#next
    if (this.#busy[buffer] === 1) {
      this.#look()
      if (this.#busy[buffer] === 1) return -1
    }
    this.#usedBy[buffer] = number
    this.#busy[buffer] = 1
    this.#next = (buffer + 1) % BOARD_BUFFERS
    return buffer
  }

  #bufferAt(rank: number, buffer: number): number {
    return this.#buffersAt + (rank * BOARD_BUFFERS + buffer) * BUFFER_STRIDE
  }

  /** Looks how far the others are. */
  #look(): void {
    let least = this.#passed
    for (let rank = 0; rank < this.size; rank++) {
      if (rank === this.rank) continue
      const passed = Atomics.load(this.words, rank * LINE_WORDS + PASSED)
      if (((passed - least) | 0) < 0) least = passed
    }
    this.#cleared = least
    for (let i = 0; i < BOARD_BUFFERS; i++) if (((least - this.#usedBy[i]) | 0) > 0) this.#busy[i] = 0
  }

  /** A member that has not passed what `publish` needs; -1 where there is room. */
  laggard(number: number, length: number): number {
    let needed = (number - BOARD_SLOTS + 1) | 0
    if (length > SLOT_PAYLOAD && this.#busy[this.#next] === 1) {
      const after = (this.#usedBy[this.#next] + 1) | 0
      if (((after - needed) | 0) > 0) needed = after
    }
    for (let rank = 0; rank < this.size; rank++) {
      if (rank === this.rank) continue
      if (((Atomics.load(this.words, rank * LINE_WORDS + PASSED) - needed) | 0) < 0) return rank
    }
    return -1
  }

  #wakeWaiters(): void {
    const waiters = Atomics.exchange(this.words, this.#line + WAITERS, 0)
    for (let rank = 0; rank < this.size; rank++) if ((waiters & (1 << rank)) !== 0) this.#surroundings.wake(this.#ranks[rank])
  }

  // ---- collecting ----

  /**
   * Waits for a while for members from `row` on to publish `number`, with this check. Returns the first that has not, or
   * with another check; `end` if all have.
   */
  collect(number: number, row: number, end: number, check: number): number {
    const { words } = this
    const published = (number + 1) | 0
    let slot = SLOTS_AT + ((number & (BOARD_SLOTS - 1)) * this.size + row) * SLOT_WORDS
    for (let looks = 0; row < end; ) {
      if (Atomics.load(words, slot) !== published) {
        if (++looks <= this.#shortLooks) continue
        if (looks > this.#shortLooks + 1 || this.#patience.nanoseconds === 0) return row
        this.watch(number, row, end)
        this.#surroundings.linger(this.#patience.looks, this.#patience.nanoseconds)
      } else if (words[slot + CHECK] === check) {
        slot += SLOT_WORDS
        row++
        looks = 0
      } else return row
    }
    return row
  }

  /** Waits for a while for a member that keeps `publish` from finding room. */
  awaitRoom(rank: number): void {
    const word = rank * LINE_WORDS + PASSED
    if (rank < 0 || this.#patience.nanoseconds === 0) return
    this.#surroundings.watch(this.words, word, Atomics.load(this.words, word))
    this.#surroundings.linger(this.#patience.looks, this.#patience.nanoseconds)
  }

  /** The next `linger` of the transport ends when the members from `row` on have published `number`. */
  watch(number: number, row: number, end: number): void {
    const slot = this.#slot(number, row)
    this.#surroundings.watchSlots(this.words, slot, (number + 1) | 0, end - row, row * LINE_WORDS, this.#line, this.size)
  }

  arrived(number: number, rank: number): boolean {
    return Atomics.load(this.words, this.#slot(number, rank)) === ((number + 1) | 0)
  }

  // Of slots that have arrived. What they say may be wrong: a member may have overwritten them, against the rules.

  agrees(number: number, rank: number, check: number): boolean {
    return this.words[this.#slot(number, rank) + CHECK] === check
  }

  signature(number: number, rank: number): number {
    return this.words[this.#slot(number, rank) + SIGNATURE]
  }

  type(number: number, rank: number): number {
    return (this.words[this.#slot(number, rank) + SHAPE] >> TYPE_BIT) & 0xff
  }

  length(number: number, rank: number): number {
    return this.words[this.#slot(number, rank) + SHAPE] & LENGTH_MASK
  }

  /** Where its payload is, of BUFFER_BYTES at most where it is in a buffer, and of SLOT_PAYLOAD where it is not. */
  offset(number: number, rank: number): number {
    const slot = this.#slot(number, rank)
    const where = this.words[slot + SHAPE] >>> BUFFER_BIT
    if (where === 0) return (slot << 2) + SLOT_HEADER_BYTES
    this.#readBuffer = true
    return this.#bufferAt(rank, (where - 1) % BOARD_BUFFERS)
  }

  /** This member is done with collective `number`, and was with all before it. */
  pass(number: number): void {
    this.#passed = (number + 1) | 0
    if (this.#readBuffer || ((this.#passed - this.#told) | 0) >= PORTION) this.#tell()
  }

  #tell(): void {
    const words = this.words
    this.#told = this.#passed
    this.#readBuffer = false
    Atomics.store(words, this.#line + PASSED, this.#told)
    // Whoever has passed a collective has fetched all of it.
    if (((this.#told - words[this.#line + FETCHED]) | 0) > STALE) words[this.#line + FETCHED] = this.#told
    if (Atomics.load(words, this.#line + WAITERS) !== 0) this.#wakeWaiters()
    if (((this.#told - this.#cleared) | 0) > STALE) this.#look()
  }

  // ---- memory that members lend ----

  reach(): boolean {
    if (this.words[this.#line + REACHES] === 1) return true
    const memory = this.#memory
    if (memory === undefined) return false
    for (let rank = 0; rank < this.size; rank++) {
      if (rank !== this.rank && !memory.readable(this.#ranks[rank])) return false
    }
    Atomics.store(this.words, this.#line + REACHES, 1)
    return true
  }

  reachedBy(rank: number): boolean {
    return Atomics.load(this.words, rank * LINE_WORDS + REACHES) === 1
  }

  addressOf(bytes: Uint8Array): number {
    return this.#memory?.addressOf(bytes) ?? 0
  }

  fetch(rank: number, address: number, bytes: Uint8Array, at: number, length: number): number {
    return this.#memory!.read(this.#ranks[rank], address, bytes, at, length)
  }

  store(rank: number, address: number, bytes: Uint8Array, at: number, length: number): number {
    return this.#memory!.write(this.#ranks[rank], address, bytes, at, length)
  }

  fetched(number: number, failed: boolean): void {
    const { words } = this
    const done = (number + 1) | 0
    if (failed) words[this.#line + FAILED] = done
    Atomics.store(words, this.#line + FETCHED, done)
    if (Atomics.load(words, this.#line + WAITERS) !== 0) this.#wakeWaiters()
  }

  /** A member is ahead of another by less than the slots. */
  hasFetched(number: number, rank: number): boolean {
    const ahead = (Atomics.load(this.words, rank * LINE_WORDS + FETCHED) - number - 1) | 0
    return ahead >= 0 && ahead < BOARD_SLOTS
  }

  hasFailed(number: number, rank: number): boolean {
    return this.words[rank * LINE_WORDS + FAILED] === ((number + 1) | 0)
  }

  collectFetched(number: number, row: number, end: number): number {
    for (let lingered = this.#patience.nanoseconds === 0; row < end; ) {
      if (this.hasFetched(number, row)) row++
      else if (lingered) return row
      else {
        this.watchFetched(number, row, end)
        this.#surroundings.linger(this.#patience.looks, this.#patience.nanoseconds)
        lingered = true
      }
    }
    return row
  }

  watchFetched(number: number, row: number, end: number): void {
    const line = row * LINE_WORDS
    this.#surroundings.watchSlots(this.words, line + FETCHED, (number + 1) | 0, end - row, line, this.#line, this.size)
  }

  // ---- sleeping ----

  /** Asks `rank` to ring when it publishes or passes. Called while SLEEPING is set; look again afterwards. */
  await(rank: number): void {
    Atomics.or(this.words, rank * LINE_WORDS + WAITERS, 1 << this.rank)
  }

  /** Leaves the memory as it was at first, for others to use. */
  clear(): void {
    this.words.fill(0, 0, this.#buffersAt >> 2)
  }
}
