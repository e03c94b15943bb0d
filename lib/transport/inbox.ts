// The messages that came over ZeroMQ and wait for `poll`: frames are checked when they are delivered, one by one.
//
// Bounded by the windows of the senders. The fault of a peer is delivered after the frames that came before it. A message
// is in the inbox until its last frame has been delivered, so the memory that it lies in is not written meanwhile. Of a
// message that its socket holds only the heads lie there: it has one frame, whose payload goes straight to its place.
import { ASK_ACK, BATCH_HEAD_BYTES, frameBytes } from '../wire/batch.js'
import { HEADER_BYTES, isKind, kindOf } from '../wire/header.js'
import { MAX_PAYLOAD } from './outbox.js'
import type { Receiver } from './transport.js'
import type { HeldPart } from './zmq-socket.js'

interface Fault {
  readonly reason: Error
  readonly undelivered: boolean
}

/** Memory that messages lie in: the same bytes as words. */
export interface Memory {
  readonly bytes: Uint8Array
  readonly words: Int32Array
}

interface Message {
  readonly peer: number
  readonly memory: Memory
  readonly fault: Fault | undefined
  /** Who has its payload. */
  readonly held: HeldPart | undefined
  readonly start: number
  readonly end: number
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

const NOTHING: Memory = { bytes: new Uint8Array(0), words: new Int32Array(0) }

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

  /** The message in bytes [start, end) of `memory`, whose head has been checked; both are multiples of 8. */
  push(peer: number, memory: Memory, start: number, end: number): void {
    this.#add(peer, memory, start, end, undefined)
  }

  /** A message of `length` bytes of which only the beginning is at byte `start` of `memory`. It is dropped in the end. */
  pushHeld(peer: number, memory: Memory, start: number, length: number, held: HeldPart): void {
    if (memory.words[(start >> 2) + 3] === 1) return this.#add(peer, memory, start, start + length, held)
    const bytes = new Uint8Array(length)
    held.copy(0, bytes, 0, length)
    held.drop()
    this.#add(peer, { bytes, words: new Int32Array(bytes.buffer) }, 0, length, undefined)
  }

  #add(peer: number, memory: Memory, start: number, end: number, held: HeldPart | undefined): void {
    const left = memory.words[(start >> 2) + 3]
    this.#messages.push({ peer, memory, fault: undefined, held, start, end, at: start + BATCH_HEAD_BYTES, left })
  }

  /** See `Receiver.onPeerLost`. */
  pushFault(peer: number, fault: Fault): void {
    this.#messages.push({ peer, memory: NOTHING, fault, held: undefined, start: 0, end: 0, at: 0, left: 0 })
  }

  /** Hands up to `limit` frames, and the faults between them, to the receiver. Returns how many frames. */
  deliver(limit: number): number {
    let delivered = 0
    while (this.#messages.length > 0) {
      const message = this.#messages[0]
      if (message.fault !== undefined) {
        this.#messages.shift()
        this.#receiver.onPeerLost(message.peer, message.fault.reason, message.fault.undelivered)
      } else if (message.left === 0) {
        this.#end(message)
      } else if (delivered === limit) {
        break
      } else if (this.#deliverFrame(message)) {
        delivered++
      }
    }
    return delivered
  }

  clear(): void {
    for (const { held } of this.#messages) held?.drop()
    this.#messages = []
  }

  /** All frames that the message says to have were delivered. */
  #end(message: Message): void {
    const { peer, memory, start, end, at } = message
    if (at !== end) return this.#broken(message)
    this.#messages.shift()
    message.held?.drop()
    const word = start >> 2
    this.#owner.onWhole(peer, memory.words[word + 1], end - start, (memory.words[word] & ASK_ACK) !== 0)
  }

  #deliverFrame(message: Message): boolean {
    const { peer, memory, at } = message
    const { words, bytes } = memory
    const word = at >> 2
    const length = message.left > 0 && at + HEADER_BYTES <= message.end ? words[word + 4] : -1
    const next = at + frameBytes(length)
    if (length < 0 || length > MAX_PAYLOAD || next > message.end || !isKind(kindOf(words[word]))) {
      this.#broken(message)
      return false
    }
    message.at = next
    message.left--
    if (message.held === undefined) this.#receiver.onFrame(peer, words, word, bytes, at + HEADER_BYTES)
    else this.#deliverHeld(message, message.held, word, length)
    return true
  }

  #deliverHeld({ peer, memory: { words } }: Message, held: HeldPart, word: number, length: number): void {
    const { bytes, offset } = this.#receiver.placeFor?.(peer, words, word) ?? { bytes: new Uint8Array(length), offset: 0 }
    held.copy(BATCH_HEAD_BYTES + HEADER_BYTES, bytes, offset, length)
    this.#receiver.onFrame(peer, words, word, bytes, offset)
  }

  #broken({ peer, start, at, end }: Message): void {
    for (const other of this.#messages) if (other.peer === peer) other.held?.drop()
    this.#messages = this.#messages.filter((other) => other.peer !== peer)
    this.#owner.onBroken(peer, `the frame at ${at - start} of ${end - start} bytes breaks the protocol`)
  }
}
