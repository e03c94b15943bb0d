// The frames on their way to one peer, as batches in a ring of bounded size that ZeroMQ sends from without a copy. The
// payload of a long frame may stay where it is: then its place in the ring is only reserved, which bounds what is on its way.
//
// Invariants: batches lie whole, in order, between the oldest unacknowledged byte and `#tail`; the first `#taken` of
// them were given to the socket. The bytes of a batch are written again only after the peer has acknowledged it, so
// the peer has them and the socket reads them no more. Only the newest batch grows, and only until it is taken.
import { BATCH_HEAD_BYTES, frameBytes, writeHead } from '../wire/batch.js'
import type { Stamp } from '../wire/batch.js'
import { HEADER_BYTES, HEADER_WORDS } from '../wire/header.js'

/** The largest payload of a frame: what comes in such pieces wakes both sides half as often as in pieces of 256 KiB. */
export const MAX_PAYLOAD = 512 * 1024
/** The largest batch, head included: a frame with the largest payload. */
export const BATCH_BYTES = BATCH_HEAD_BYTES + frameBytes(MAX_PAYLOAD)
/** The largest batch of several frames. */
export const COLLECTED_BYTES = 64 * 1024
/**
 * Bytes that may be under way to one peer: what a receiver that does not poll costs both sides. A window holds as much as
 * passes while a rank that shares its processor with encryption gets round to acknowledging.
 */
export const WINDOW_BYTES = 4 * 1024 * 1024
/** Batches that may be under way; small frames beyond them collect in one, since each costs the receiver objects. */
export const WINDOW_BATCHES = 256

interface Batch {
  readonly start: number
  end: number
  frames: number
}

export class Outbox {
  #bytes = new Uint8Array(0)
  #words = new Int32Array(0)
  #batches: Batch[] = []
  #taken = 0
  #tail = 0
  /** Sequence numbers of the newest batch taken and the newest acknowledged. */
  #sequence = 0
  #acknowledged = 0
  readonly #stamp: Stamp

  constructor(stamp: Stamp) {
    this.#stamp = stamp
  }

  /** Nothing waits to be sent or acknowledged. */
  get empty(): boolean {
    return this.#batches.length === 0
  }

  /** `take` has something to give. */
  get waiting(): boolean {
    return this.#batches.length > this.#taken && !this.full
  }

  /** Bytes of the batch that `take` gives next. */
  get ready(): number {
    if (!this.waiting) return 0
    const { start, end } = this.#batches[this.#taken]
    return end - start
  }

  /** As many batches are under way as may be. */
  get full(): boolean {
    return this.#taken >= WINDOW_BATCHES
  }

  /** There is more to take, once something has been acknowledged. */
  get blocked(): boolean {
    return this.#batches.length > this.#taken && this.full
  }

  /** Sequence number of the newest batch that was acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Copies a frame in; false where the window is full. */
  push(header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    const at = this.#place(frameBytes(length))
    if (at < 0) return false
    this.#writeHeader(header, at)
    if (length > 0) {
      const source = offset === 0 && length === payload.length ? payload : payload.subarray(offset, offset + length)
      this.#bytes.set(source, at + HEADER_BYTES)
    }
    return true
  }

  /** The same as a batch of its own, without the payload: where `take` gives it, that must be sent along. */
  reserve(header: Int32Array, length: number): boolean {
    const at = this.#begin(BATCH_HEAD_BYTES + frameBytes(length))
    if (at < 0) return false
    this.#writeHeader(header, at)
    return true
  }

  #writeHeader(header: Int32Array, at: number): void {
    const word = at >> 2
    for (let i = 0; i < HEADER_WORDS; i++) this.#words[word + i] = header[i]
  }

  /** The next batch to send, its head filled in; it stays valid until acknowledged. */
  take(acknowledge: number, flags: number): Uint8Array | undefined {
    if (!this.waiting) return undefined
    const batch = this.#batches[this.#taken]
    this.#taken++
    this.#sequence = (this.#sequence + 1) | 0
    const numbers = { sequence: this.#sequence, acknowledge, frames: batch.frames }
    writeHead(this.#words, batch.start >> 2, flags, numbers, this.#stamp)
    return this.#bytes.subarray(batch.start, batch.end)
  }

  /** The peer has delivered all batches up to this one. Returns how many that frees, or -1 where it cannot be true. */
  acknowledge(sequence: number): number {
    const count = (sequence - this.#acknowledged) | 0
    if (count < 0 || count > this.#taken) return -1
    if (count === 0) return 0
    this.#acknowledged = sequence
    this.#batches.splice(0, count)
    this.#taken -= count
    // an idle pair stays on the same few pages
    if (this.#batches.length === 0) this.#tail = 0
    return count
  }

  clear(): void {
    this.#batches = []
    this.#taken = this.#tail = 0
    this.#bytes = new Uint8Array(0)
    this.#words = new Int32Array(0)
  }

  /** Takes `need` bytes in the batch that is still open, or in a new one, and returns where they start; -1: no room. */
  #place(need: number): number {
    const { length } = this.#batches
    const open = length > this.#taken ? this.#batches[length - 1] : undefined
    if (open !== undefined && need <= this.#room && open.end - open.start + need <= COLLECTED_BYTES) {
      this.#tail += need
      open.end = this.#tail
      open.frames++
      return this.#tail - need
    }
    return this.#begin(BATCH_HEAD_BYTES + need)
  }

  /** Where the oldest batch starts. */
  get #head(): number {
    return this.#batches.length === 0 ? 0 : this.#batches[0].start
  }

  /** The ring is full from the head to its end and from its start to the tail. */
  get #wrapped(): boolean {
    return this.#batches.length > 0 && this.#tail <= this.#head
  }

  /** Bytes behind the tail. */
  get #room(): number {
    return (this.#wrapped ? this.#head : WINDOW_BYTES) - this.#tail
  }

  /** Takes `bytes` for a new batch, and returns where its first frame starts; -1: no room. */
  #begin(bytes: number): number {
    let start = this.#tail
    if (bytes > this.#room) {
      if (this.#wrapped || bytes > this.#head) return -1
      start = 0
    }
    if (this.#bytes.length === 0) this.#allocate()
    this.#tail = start + bytes
    this.#batches.push({ start, end: this.#tail, frames: 1 })
    return start + BATCH_HEAD_BYTES
  }

  #allocate(): void {
    const buffer = new ArrayBuffer(WINDOW_BYTES)
    this.#bytes = new Uint8Array(buffer)
    this.#words = new Int32Array(buffer)
  }
}
