// A bounded queue of copied frames inside one process.
//
// Invariants: frames lie whole and 8-byte aligned between head and tail; a frame that does not fit before the end of
// the buffer starts again at 0, with `#wrap` marking where the readable bytes end. A frame's bytes stay taken until
// the receiver has returned from it, so a receiver may push from inside `onFrame`.
import { HEADER_BYTES, HEADER_WORDS } from '../wire/header.js'
import type { Receiver } from './transport.js'

export class FrameRing {
  readonly #capacity: number
  #bytes: Uint8Array
  #words: Int32Array
  #head = 0
  #tail = 0
  #wrap = 0
  #frames = 0

  /** `capacity` in bytes, a multiple of 8. Memory is taken at the first push. */
  constructor(capacity: number) {
    this.#capacity = capacity
    this.#bytes = new Uint8Array(0)
    this.#words = new Int32Array(0)
  }

  get frames(): number {
    return this.#frames
  }

  /** Copies a frame in; false where there is no room for it. */
  push(header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    const at = this.#place((HEADER_BYTES + length + 7) & ~7)
    if (at < 0) return false
    const word = at >> 2
    for (let i = 0; i < HEADER_WORDS; i++) this.#words[word + i] = header[i]!
    if (length > 0) this.#bytes.set(payload.subarray(offset, offset + length), at + HEADER_BYTES)
    this.#frames++
    return true
  }

  /** Hands up to `limit` frames to the receiver; those pushed meanwhile wait for the next call. */
  deliver(peer: number, receiver: Receiver, limit: number): number {
    const count = Math.min(limit, this.#frames)
    let delivered = 0
    while (delivered < count && this.#frames > 0) {
      if (this.#tail <= this.#head && this.#head === this.#wrap) this.#head = 0
      const at = this.#head
      const need = (HEADER_BYTES + this.#words[(at >> 2) + 4] + 7) & ~7
      delivered++
      try {
        receiver.onFrame(peer, this.#words, at >> 2, this.#bytes, at + HEADER_BYTES)
      } finally {
        this.#release(at + need)
      }
    }
    return delivered
  }

  clear(): void {
    this.#frames = this.#head = this.#tail = this.#wrap = 0
    this.#bytes = new Uint8Array(0)
    this.#words = new Int32Array(0)
  }

  /** Takes `need` contiguous bytes and returns where they start, or -1. */
  #place(need: number): number {
    if (this.#bytes.length === 0) this.#allocate()
    let at = this.#tail
    if (this.#frames > 0 && this.#tail <= this.#head) {
      if (at + need > this.#head) return -1
    } else if (at + need > this.#capacity) {
      if (need > this.#head) return -1
      this.#wrap = at
      at = 0
    }
    this.#tail = at + need
    return at
  }

  #release(head: number): void {
    // cleared from inside onFrame
    if (this.#frames === 0) return
    this.#frames--
    this.#head = head
    if (this.#frames === 0) this.#head = this.#tail = 0
  }

  #allocate(): void {
    const buffer = new ArrayBuffer(this.#capacity)
    this.#bytes = new Uint8Array(buffer)
    this.#words = new Int32Array(buffer)
  }
}
