// A single-producer single-consumer ring of frames in shared memory.
//
// Words on cache lines of their own, then the data:
//
//   TAIL      bytes ever written        written by the producer only
//   HEAD      bytes ever consumed       written by the consumer only
//   WAITING   1: the producer found the ring full and wants to be woken; set by the producer, cleared by the consumer
//   data      frames of whole 32-byte units, contiguous; a frame that would run over the end is preceded by a PAD
//
// TAIL and HEAD count modulo 2^32. Between HEAD and TAIL the data belongs to the consumer, the rest to the producer.
// Atomics.store and Atomics.load are sequentially consistent, which the wake-up arguments in shm.ts rest on.
import { copyBytes } from '../wire/bytes.js'
import { HEADER_BYTES, HEADER_WORDS, kindOf } from '../wire/header.js'
import { RING_DATA_BYTES, RING_HEADER_BYTES } from '../wire/segment.js'

const TAIL = 0
const HEAD = 32
const WAITING = 64
const DATA = RING_HEADER_BYTES
const MASK = RING_DATA_BYTES - 1
const UNIT = HEADER_BYTES
/** The kind of a frame that fills the rest of the data up to the end. */
const PAD = 0

/** The most payload one frame may carry: four such frames fit, so that writing and reading overlap. */
export const RING_MAX_PAYLOAD = RING_DATA_BYTES / 4 - HEADER_BYTES

const frameBytes = (payload: number): number => (HEADER_BYTES + payload + UNIT - 1) & -UNIT

/** The producer's end. */
export class RingWriter {
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  #tail: number
  #knownHead: number

  constructor(memory: ArrayBuffer) {
    this.#words = new Int32Array(memory)
    this.#bytes = new Uint8Array(memory)
    this.#tail = Atomics.load(this.#words, TAIL)
    this.#knownHead = Atomics.load(this.#words, HEAD)
  }

  #room(bytes: number): boolean {
    return RING_DATA_BYTES - ((this.#tail - this.#knownHead) | 0) >= bytes
  }

  /** Writes one frame whole, or returns false: then WAITING is set, and the consumer wakes us once it has made room. */
  write(header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    const size = frameBytes(length)
    const untilEnd = RING_DATA_BYTES - (this.#tail & MASK)
    const pad = untilEnd < size ? untilEnd : 0
    if (!this.#room(size + pad) && !this.#makeRoom(size + pad)) return false
    const words = this.#words
    if (pad > 0) {
      words[(DATA + (this.#tail & MASK)) >> 2] = PAD
      this.#tail = (this.#tail + pad) | 0
    }
    const at = DATA + (this.#tail & MASK)
    const word = at >> 2
    for (let i = 0; i < HEADER_WORDS; i++) words[word + i] = header[i]
    if (length > 0) copyBytes(this.#bytes, at + HEADER_BYTES, payload, offset, length)
    this.#tail = (this.#tail + size) | 0
    Atomics.store(words, TAIL, this.#tail)
    return true
  }

  #makeRoom(bytes: number): boolean {
    this.#knownHead = Atomics.load(this.#words, HEAD)
    if (this.#room(bytes)) return true
    Atomics.store(this.#words, WAITING, 1)
    this.#knownHead = Atomics.load(this.#words, HEAD)
    return this.#room(bytes)
  }

  /** Whether the consumer has made progress since a write was refused. */
  hasRoom(): boolean {
    return Atomics.load(this.#words, HEAD) !== this.#knownHead
  }

  /** Whether the consumer has taken everything. */
  get drained(): boolean {
    return Atomics.load(this.#words, HEAD) === this.#tail
  }
}

/** Who gets the frames of a ring: see Receiver.onFrame. */
export type FrameHandler = (peer: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number) => void

/** The consumer's end. `peer` is the rank of the producer. */
export class RingReader {
  readonly peer: number
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  #head: number

  constructor(memory: ArrayBuffer, peer: number) {
    this.peer = peer
    this.#words = new Int32Array(memory)
    this.#bytes = new Uint8Array(memory)
    this.#head = Atomics.load(this.#words, HEAD)
  }

  get hasFrames(): boolean {
    return Atomics.load(this.#words, TAIL) !== this.#head
  }

  /**
   * Hands over the frames that are there, `most` at the most. HEAD moves after each, so that the producer fills the ring while we empty it.
   * Returns how many there were, negative where the producer waits for room.
   */
  read(deliver: FrameHandler, most: number): number {
    const words = this.#words
    const tail = Atomics.load(words, TAIL)
    let frames = 0
    while (this.#head !== tail && frames < most) {
      const at = DATA + (this.#head & MASK)
      const word = at >> 2
      const kind = kindOf(words[word])
      if (kind === PAD) {
        this.#head = (this.#head + RING_DATA_BYTES - (this.#head & MASK)) | 0
        continue
      }
      const size = frameBytes(words[word + 4])
      deliver(this.peer, words, word, this.#bytes, at + HEADER_BYTES)
      this.#head = (this.#head + size) | 0
      frames++
      Atomics.store(words, HEAD, this.#head)
    }
    return frames > 0 && Atomics.load(words, WAITING) === 1 && Atomics.exchange(words, WAITING, 0) === 1 ? -frames : frames
  }
}
