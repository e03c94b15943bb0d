// What the engine keeps about one peer: credits, queues towards it, frame counts.
import type { Inlet, PeerMemory } from '../transport/transport.js'
import type { RecvOp, SendOp } from './operation.js'

/**
 * Eager bytes that may be under way to a peer or wait there unmatched. A message counts with its payload and
 * EAGER_OVERHEAD, so that empty messages are bounded too. With 127 senders a receiver holds at most 32 MiB.
 */
export const EAGER_WINDOW = 262144
/** The same where credit comes back over the network: what passes meanwhile should not have to wait for it. */
export const FAR_WINDOW = 2097152
export const EAGER_OVERHEAD = 64

export class Peer {
  readonly rank: number
  /** Eager bytes that we may still send. */
  credit = EAGER_WINDOW
  window = EAGER_WINDOW
  /** Eager bytes of the peer's that were consumed here and not yet given back. */
  owed = 0
  /** Headers of CTS, ACK and CREDIT frames that the transport refused: they go first. */
  readonly control = new Queue<Int32Array>()
  /** Envelopes (EAGER, RTS) in the order of their calls: `first` is the oldest not yet handed over. */
  readonly envelopes = new Queue<SendOp>()
  /** Rendezvous sends that have their CTS and still have DATA to send. */
  readonly transfers = new Queue<SendOp>()
  /** Receives whose message is being copied from the peer's memory, in order. */
  readonly fetches = new Queue<RecvOp>()
  /** Sends that the peer may copy from our memory. */
  lent = 0
  /** Where its memory can be got at, if at all. */
  memory: PeerMemory | undefined = undefined
  /** Bytes of payload in a frame to it, at the most. */
  maxPayload = 0
  /** Its frames come in while the event loop turns only. */
  needsTurns = false
  /** Whether it is in the engine's list of peers with something queued. */
  busy = false
  /** Where its frames can be looked at, once there is such a place. */
  inlet: Inlet | undefined = undefined
  sentFrames = 0
  receivedFrames = 0
  /** How the peer left, once it has. */
  gone: string | undefined = undefined

  constructor(rank: number) {
    this.rank = rank
  }

  get idle(): boolean {
    return this.control.length === 0 && this.envelopes.length === 0 && this.transfers.length === 0
  }
}

/** First in, first out, in amortized constant time. */
export class Queue<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) {
      this.#items.length = 0
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }

  /** Removes one item wherever it stands. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item, this.#head)
    if (at < 0) return false
    this.#items.splice(at, 1)
    return true
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i] as T
  }
}
