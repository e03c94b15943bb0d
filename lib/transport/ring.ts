// A single-producer single-consumer ring of frames in shared memory.
//
// Words on cache lines of their own, then the data:
//
//   HEAD      bytes consumed, made known from time to time   written by the consumer only
//   WAITING   1: the producer found the ring full and wants to be woken; set by the producer, cleared by whoever sees room
//   data      frames of whole 64-byte lines, contiguous; where a frame would run over the end, a PAD sends the consumer
//             to the beginning
//
// There is no tail: the first word of a frame says that it is there, so a small message is one cache line that moves from
// one core to the other. Invariants:
// - The word at the producer's tail is 0 whenever the consumer may look at it: the producer clears the word behind a frame
//   before it publishes that frame. So there is always one line more than the frames need.
// - A frame's first word is stored last, and by Atomics.store: who sees it, sees the frame.
// - The consumer makes HEAD known once it has emptied an eighth of the ring. A producer that lacks room therefore has more
//   than an eighth of the ring unread before it (a frame takes a quarter at most, and a PAD as much), so HEAD will move.
// - HEAD counts modulo 2^32. Atomics are sequentially consistent, which the wake-up arguments in shm.ts rest on.
import { copyBytes } from '../wire/bytes.js'
import { HEADER_BYTES, HEADER_WORDS, kindOf } from '../wire/header.js'
import { RING_DATA_BYTES, RING_HEADER_BYTES } from '../wire/segment.js'
import type { Inlet } from './transport.js'

export const HEAD = 0
const WAITING = 32
const DATA = RING_HEADER_BYTES
const MASK = RING_DATA_BYTES - 1
const LINE = 64
const PUBLISH_BYTES = RING_DATA_BYTES / 8
/** Kinds that no frame has: nothing there yet; go on at the beginning. */
const NONE = 0
const PAD = 0xff

/** The most payload one frame may carry: four such frames fit, so that writing and reading overlap. */
export const RING_MAX_PAYLOAD = RING_DATA_BYTES / 4 - LINE - HEADER_BYTES

const frameBytes = (payload: number): number => (HEADER_BYTES + payload + LINE - 1) & -LINE

/** The producer's end of a ring that is empty and, where nothing has been written yet, all zeros. */
export class RingWriter {
  readonly words: Int32Array
  readonly #bytes: Uint8Array
  #tail: number
  #knownHead: number

  constructor(memory: ArrayBuffer) {
    this.words = new Int32Array(memory)
    this.#bytes = new Uint8Array(memory)
    this.#knownHead = Atomics.load(this.words, HEAD)
    this.#tail = this.#knownHead
  }

  /** HEAD as this end knows it; once it is another, there is more room. */
  get knownHead(): number {
    return this.#knownHead
  }

  #room(bytes: number): boolean {
    return RING_DATA_BYTES - ((this.#tail - this.#knownHead) | 0) >= bytes
  }

  /** Writes one frame whole, or returns false: then WAITING is set, and the consumer wakes us once it has made room. */
  write(header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    const size = frameBytes(length)
    const tail = this.#tail & MASK
    const pad = tail + size > RING_DATA_BYTES ? RING_DATA_BYTES - tail : 0
    const needed = size + pad + LINE
    if (RING_DATA_BYTES - ((this.#tail - this.#knownHead) | 0) < needed && !this.#makeRoom(needed)) return false
    const words = this.words
    const at = DATA + (pad > 0 ? 0 : tail)
    const word = at >> 2
    words[(DATA + ((this.#tail + pad + size) & MASK)) >> 2] = NONE
    for (let i = 1; i < HEADER_WORDS; i++) words[word + i] = header[i]
    if (length > 0) copyBytes(this.#bytes, at + HEADER_BYTES, payload, offset, length)
    this.#tail = (this.#tail + pad + size) | 0
    if (pad > 0) {
      words[word] = header[0]
      Atomics.store(words, (DATA + tail) >> 2, PAD)
    } else {
      Atomics.store(words, word, header[0])
    }
    if (size > LINE) this.#own(size)
    return true
  }

  /**
   * Writes to the lines that a frame of the same size will need, but for its first, which the consumer looks at. So the
   * cache has them by then: while we wait for an answer, instead of while the consumer waits for us.
   */
  #own(size: number): void {
    if (RING_DATA_BYTES - ((this.#tail - this.#knownHead) | 0) < size + LINE) {
      this.#knownHead = this.words[HEAD]
      if (RING_DATA_BYTES - ((this.#tail - this.#knownHead) | 0) < size + LINE) return
    }
    const words = this.words
    const end = this.#tail + size
    for (let at = this.#tail + LINE; at < end; at += LINE) words[(DATA + (at & MASK)) >> 2] = 0
  }

  #makeRoom(bytes: number): boolean {
    this.#knownHead = Atomics.load(this.words, HEAD)
    if (this.#room(bytes)) return true
    Atomics.store(this.words, WAITING, 1)
    this.#knownHead = Atomics.load(this.words, HEAD)
    return this.#room(bytes)
  }

  /**
   * Whether the consumer has made progress since a write was refused; if not, it wakes us when it does. WAITING is set
   * anew: the consumer may have cleared it, while we did not sleep yet, for progress that the refusal knew of.
   */
  hasRoom(): boolean {
    Atomics.store(this.words, WAITING, 1)
    if (Atomics.load(this.words, HEAD) === this.#knownHead) return false
    Atomics.store(this.words, WAITING, 0)
    return true
  }
}

/** Who gets the frames of a ring: see Receiver.onFrame. */
export type FrameHandler = (peer: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number) => void

/** The consumer's end. `peer` is the rank of the producer; `onRoom` is called when it waits for room and there is some. */
export class RingReader implements Inlet {
  readonly peer: number
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly #onRoom: (peer: number) => void
  #head: number
  #published: number

  constructor(memory: ArrayBuffer, peer: number, onRoom: (peer: number) => void) {
    this.peer = peer
    this.words = new Int32Array(memory)
    this.bytes = new Uint8Array(memory)
    this.#onRoom = onRoom
    this.#head = Atomics.load(this.words, HEAD)
    this.#published = this.#head
  }

  first(): number {
    const at = this.next
    const word0 = Atomics.load(this.words, at)
    if (word0 === NONE) return -1
    return kindOf(word0) === PAD ? this.#begin() : at
  }

  /** The frame behind a PAD is at the beginning of the data, and was there before the PAD was. */
  #begin(): number {
    this.#head = (this.#head + RING_DATA_BYTES - (this.#head & MASK)) | 0
    return DATA >> 2
  }

  /** The index of the word that will not be NONE once there is another frame. */
  get next(): number {
    return (DATA + (this.#head & MASK)) >> 2
  }

  advance(length: number): void {
    this.#head = (this.#head + frameBytes(length)) | 0
    if (((this.#head - this.#published) | 0) >= PUBLISH_BYTES) this.#publish()
  }

  #publish(): void {
    this.#published = this.#head
    Atomics.store(this.words, HEAD, this.#head)
    const waits = Atomics.load(this.words, WAITING) === 1 && Atomics.exchange(this.words, WAITING, 0) === 1
    if (waits) this.#onRoom(this.peer)
  }

  get hasFrames(): boolean {
    return Atomics.load(this.words, this.next) !== NONE
  }

  /** Hands over the frames that are there, `most` at the most. Returns how many there were. */
  read(deliver: FrameHandler, most: number): number {
    let frames = 0
    for (let at = this.first(); at >= 0; at = this.first()) {
      const length = this.words[at + 4]
      deliver(this.peer, this.words, at, this.bytes, at * 4 + HEADER_BYTES)
      this.advance(length)
      if (++frames === most) break
    }
    return frames
  }
}
