// The messages that came over ZeroMQ and wait for `poll`: frames are checked when they are delivered, one by one.
//
// Bounded by the windows of the senders. The fault of a peer is delivered after the frames that came before it.
import { ASK_ACK, BATCH_HEAD_BYTES, frameBytes } from '../wire/batch.js'
import { HEADER_BYTES, isKind, kindOf } from '../wire/header.js'
import { MAX_PAYLOAD } from './outbox.js'
import type { Receiver } from './transport.js'

interface Fault {
  readonly reason: Error
  readonly undelivered: boolean
}

interface Message {
  readonly peer: number
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly fault: Fault | undefined
  /** Where its next frame starts, and how many are left. */
  at: number
  left: number
}

/** Who hears what became of messages. */
export interface InboxOwner {
  /** All frames of a message were delivered. */
  onWhole(peer: number, sequence: number, bytes: number, asked: boolean): void
  /** A message breaks the protocol; the inbox has dropped all that the peer sent after it. */
  onBroken(peer: number, what: string): void
}

const NOTHING = new Uint8Array(0)
const NO_WORDS = new Int32Array(0)

export class Inbox {
  readonly #receiver: Receiver
  readonly #owner: InboxOwner
  #messages: Message[] = []

  constructor(receiver: Receiver, owner: InboxOwner) {
    this.#receiver = receiver
    this.#owner = owner
  }

  get empty(): boolean {
    return this.#messages.length === 0
  }

  /** A message whose head has been checked; `words` views all of `bytes`. */
  push(peer: number, bytes: Uint8Array, words: Int32Array): void {
    this.#messages.push({ peer, bytes, words, fault: undefined, at: BATCH_HEAD_BYTES, left: words[3] })
  }

  /** See `Receiver.onPeerLost`. */
  pushFault(peer: number, fault: Fault): void {
    this.#messages.push({ peer, bytes: NOTHING, words: NO_WORDS, fault, at: 0, left: 0 })
  }

  /** Hands up to `limit` frames, and the faults between them, to the receiver. Returns how many frames. */
  deliver(limit: number): number {
    let delivered = 0
    while (this.#messages.length > 0) {
      const message = this.#messages[0]
      if (message.fault !== undefined) {
        this.#messages.shift()
        this.#receiver.onPeerLost(message.peer, message.fault.reason, message.fault.undelivered)
      } else if (message.left === 0 && message.at === message.bytes.length) {
        this.#messages.shift()
        const { peer, words, bytes } = message
        this.#owner.onWhole(peer, words[1], bytes.length, (words[0] & ASK_ACK) !== 0)
      } else if (delivered === limit) {
        break
      } else if (this.#deliverFrame(message)) {
        delivered++
      }
    }
    return delivered
  }

  clear(): void {
    this.#messages = []
  }

  #deliverFrame(message: Message): boolean {
    const { peer, at, bytes, words } = message
    const word = at >> 2
    const length = message.left > 0 && at + HEADER_BYTES <= bytes.length ? words[word + 4] : -1
    const end = at + frameBytes(length)
    if (length < 0 || length > MAX_PAYLOAD || end > bytes.length || !isKind(kindOf(words[word]))) {
      this.#messages = this.#messages.filter((other) => other.peer !== peer)
      this.#owner.onBroken(peer, `a frame of ${length} bytes at ${at} of ${bytes.length} breaks the protocol`)
      return false
    }
    message.at = end
    message.left--
    this.#receiver.onFrame(peer, words, word, bytes, at + HEADER_BYTES)
    return true
  }
}
