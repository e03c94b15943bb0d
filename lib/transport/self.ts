// Frames that a rank sends to itself.
import { FrameRing } from './frame-ring.js'
import type { Receiver, Transport } from './transport.js'

const QUEUE_BYTES = 256 * 1024
const FRAMES_PER_POLL = 64

export class SelfTransport implements Transport {
  readonly name = 'self'
  readonly maxPayload = 64 * 1024
  readonly #rank: number
  readonly #receiver: Receiver
  readonly #ring = new FrameRing(QUEUE_BYTES)
  #refused = false
  /** There is room that was refused before, and the engine has not yet been told. */
  #room = false
  #polling = false
  #asleep = false
  #waking = false
  #closed = false

  constructor(rank: number, receiver: Receiver) {
    this.#rank = rank
    this.#receiver = receiver
  }

  send(_peer: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    if (this.#closed) return false
    if (!this.#ring.push(header, payload, offset, length)) {
      this.#refused = true
      return false
    }
    if (this.#asleep) this.#wakeSoon()
    return true
  }

  poll(): number {
    if (this.#polling || this.#ring.frames === 0) return 0
    this.#polling = true
    try {
      return this.#ring.deliver(this.#rank, this.#receiver, FRAMES_PER_POLL)
    } finally {
      this.#polling = false
      if (this.#refused) this.#makeRoom()
    }
  }

  sleep(): boolean {
    if (this.#ring.frames > 0 || this.#room) {
      this.#room = false
      return false
    }
    this.#asleep = true
    return true
  }

  awake(): void {
    this.#asleep = false
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  close(): void {
    this.#closed = true
    this.#ring.clear()
  }

  #makeRoom(): void {
    this.#refused = false
    this.#room = true
    this.#wakeSoon()
  }

  #wakeSoon(): void {
    if (this.#waking) return
    this.#waking = true
    setImmediate(() => {
      this.#waking = false
      this.#room = false
      if (!this.#closed) this.#receiver.onWake()
    })
  }
}
