// Short ways of blocking calls, in which the one frame that the caller waits for is taken, and no other.
//
// Of a receive: the message that the caller waits for is the next frame of its sender, and goes from the
// transport's memory straight to where it belongs, without an operation.
//
// It may be gone only where matching would come to the same: nothing else is posted or waits in the context, the receive
// names its source, and the sender's oldest frame is a whole message of its tag, or of any where it takes any. Whatever is
// unusual about the message is left where it is, for the long way to find. Every few messages the long way is taken
// anyway: it hears the others.
//
// Of a send that waits for the peer to copy: the answer is taken alone, so that what the peer sends next is still there
// for the receive that follows.
import { valueOf } from '../data/payload.js'
import type { LastMemory } from '../data/payload.js'
import { isRaw } from '../data/types.js'
import type { Inlet, Transport } from '../transport/transport.js'
import { WORD_LOOP_BYTES, copyBytes, copyWords } from '../wire/bytes.js'
import { ACK, ADDRESS_BYTES, EAGER, FLAG_SYNC, HEADER_BYTES, HEADER_WORDS, RTS, kindOf, typeOf } from '../wire/header.js'
import { ONE_PIECE } from './direct.js'
import type { Direct } from './direct.js'
import type { Incoming } from './incoming.js'
import type { SendOp } from './operation.js'
import type { Outgoing } from './outgoing.js'
import type { Peer } from './peer.js'
import { LINGER_NANOSECONDS } from './patience.js'
import type { Patience } from './patience.js'
import { ANY_TAG } from './status.js'

const MESSAGES_PER_LONG_WAY = 16
/** Looks for the answer to a send while this rank helps the peer to copy. */
const LOOKS_WHILE_COPYING = 2000
/** The peer may need this processor, when others use its own. */
const LOOKS_PER_YIELD = 32

export class Expected {
  readonly #peers: readonly Peer[]
  readonly #incoming: Incoming
  readonly #outgoing: Outgoing
  readonly #transport: Transport
  readonly #direct: Direct
  readonly #address = new Float64Array(1)
  readonly #addressBytes = new Uint8Array(this.#address.buffer)
  #taken = 0
  /** The message that was taken: its value unless it went into the caller's memory, its type, tag and length. */
  value: unknown = undefined
  type = 0
  tag = ANY_TAG
  bytes = 0

  constructor(
    peers: readonly Peer[],
    incoming: Incoming,
    outgoing: Outgoing,
    transport: Transport,
    direct: Direct,
  ) {
    this.#peers = peers
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.#transport = transport
    this.#direct = direct
  }

  /** Waits a short while for a message of (source, tag or ANY_TAG) and takes it, into `target` where there is one. */
  take(context: number, source: number, tag: number, target: LastMemory | undefined, patience: Patience): boolean {
    const peer = this.#peers[source]
    const inlet = peer.inlet ?? this.#findInlet(peer)
    if (inlet === undefined || ++this.#taken % MESSAGES_PER_LONG_WAY === 0) return false
    if (!this.#outgoing.idle || this.#outgoing.borrowers.length > 0 || !this.#incoming.matching(context).idle) return false
    let at = inlet.first()
    for (let left = patience.shortPolls; left > 0 && at < 0; left--) at = inlet.first()
    if (at < 0) {
      this.#transport.linger?.(patience.looks, LINGER_NANOSECONDS)
      at = inlet.first()
    }
    return at >= 0 && this.#takeFrame(peer, inlet, at, context, tag, target)
  }

  /** Waits a short while for the answer to a send whose payload has been lent. */
  awaitAnswer(op: SendOp, patience: Patience): void {
    const peer = this.#peers[op.dest]
    const inlet = peer.inlet ?? this.#findInlet(peer)
    if (inlet === undefined || !op.lent || ++this.#taken % MESSAGES_PER_LONG_WAY === 0 || !this.#outgoing.idle) return
    let at = inlet.first()
    if (op.length > ONE_PIECE && this.#direct.active) {
      for (let left = LOOKS_WHILE_COPYING; left > 0 && at < 0; left--) {
        if (!this.#direct.progress() && left % LOOKS_PER_YIELD === 0) this.#transport.linger?.(1, 1)
        at = inlet.first()
      }
    } else {
      for (let left = patience.shortPolls; left > 0 && at < 0; left--) at = inlet.first()
      if (at < 0) {
        this.#transport.linger?.(patience.looks, LINGER_NANOSECONDS)
        at = inlet.first()
      }
    }
    const { words } = inlet
    if (at < 0 || kindOf(words[at]) !== ACK || words[at + 3] !== op.id) return
    this.#incoming.onFrame(peer.rank, words, at, inlet.bytes, at * 4 + HEADER_BYTES)
    inlet.advance(0)
  }

  #findInlet(peer: Peer): Inlet | undefined {
    peer.inlet = this.#transport.inletOf?.(peer.rank)
    return peer.inlet
  }

  #takeFrame(peer: Peer, inlet: Inlet, at: number, context: number, tag: number, target: LastMemory | undefined): boolean {
    const { words } = inlet
    const word0 = words[at]
    const length = words[at + 4]
    this.tag = words[at + 2]
    if (words[at + 1] !== context || (tag !== words[at + 2] && tag !== ANY_TAG) || words[at + 7] !== 0) return false
    if (kindOf(word0) === RTS) return target !== undefined && this.#copyLent(peer, inlet, at, target)
    if (kindOf(word0) !== EAGER || (word0 & FLAG_SYNC) !== 0) return false
    const type = typeOf(word0)
    if (target === undefined) {
      if (!this.#decode(type, inlet.bytes, at * 4 + HEADER_BYTES, length)) return false
    } else {
      if (!fits(type, length, target)) return false
      copyPayload(target, inlet, at + HEADER_WORDS, length)
    }
    this.type = type
    this.bytes = length
    inlet.advance(length)
    peer.receivedFrames++
    this.#incoming.consumed(peer, length, 0)
    return true
  }

  /** A message of one piece that the sender has lent us: the frame is its RTS. */
  #copyLent(peer: Peer, inlet: Inlet, at: number, target: LastMemory): boolean {
    const { words } = inlet
    const { memory } = peer
    const bytes = words[at + 5]
    const type = typeOf(words[at])
    if (words[at + 4] !== ADDRESS_BYTES || words[at + 6] !== 0 || bytes > ONE_PIECE || !fits(type, bytes, target)) return false
    if (memory === undefined || peer.fetches.length > 0 || !memory.readable(peer.rank)) return false
    copyBytes(this.#addressBytes, 0, inlet.bytes, at * 4 + HEADER_BYTES, ADDRESS_BYTES)
    if (memory.read(peer.rank, this.#address[0], target.bytes, 0, bytes) !== 0) return false
    this.type = type
    this.bytes = bytes
    const id = words[at + 3]
    inlet.advance(ADDRESS_BYTES)
    peer.receivedFrames++
    this.#outgoing.sendControl(peer, ACK, id, 0)
    return true
  }

  /** A value that cannot be decoded is an error, and the long way knows how to say so. */
  #decode(type: number, bytes: Uint8Array, offset: number, length: number): boolean {
    try {
      this.value = valueOf(type, bytes, offset, length)
      return true
    } catch {
      return false
    }
  }
}

const fits = (type: number, length: number, target: LastMemory): boolean =>
  (type === target.type || (isRaw(type) && isRaw(target.type))) && length >= 0 && length <= target.bytes.length

/** `length` bytes from word `at` of the inlet on. */
function copyPayload(target: LastMemory, inlet: Inlet, at: number, length: number): void {
  const whole = length >= 16 && length <= WORD_LOOP_BYTES && target.words.length > 0 ? length & -4 : 0
  if (whole > 0) copyWords(target.words, inlet.words, at, whole >> 2)
  copyBytes(target.bytes, whole, inlet.bytes, at * 4 + whole, length - whole)
}
