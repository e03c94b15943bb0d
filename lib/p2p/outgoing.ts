// Outgoing frames: eager messages against credit, rendezvous, and what the transport had no room for.
//
// Per peer, EAGER and RTS leave in the order of their calls: matching rests on it. CTS, ACK, CREDIT and DATA name their
// operation and may overtake.
import type { Transport } from '../transport/transport.js'
import { ACK, ADDRESS_BYTES, CTS, DATA, EAGER, FLAG_DISCARD, FLAG_SYNC, HEADER_WORDS, RTS } from '../wire/header.js'
import { BUFFERED, SYNCHRONOUS } from './operation.js'
import type { Operation, SendOp } from './operation.js'
import { EAGER_OVERHEAD, EAGER_WINDOW } from './peer.js'
import type { Peer } from './peer.js'
import type { RequestTable } from './request-table.js'

const NOTHING = new Uint8Array(0)

/** Messages from this length on are copied by the receiver, where it can get at our memory. */
const LENT_FROM = 8193
const REMEMBERED_BYTES = 65536

export interface OutgoingOptions {
  readonly transport: Transport
  readonly peers: readonly Peer[]
  readonly requests: RequestTable
  /** Bytes up to which messages are sent eagerly; 0: every send waits for its receive. */
  readonly eagerLimit: number
  readonly finish: (op: Operation) => void
}

export class Outgoing {
  readonly #transport: Transport
  readonly #peers: readonly Peer[]
  readonly #requests: RequestTable
  readonly #finish: (op: Operation) => void
  /** -1: not even empty messages. */
  readonly #eagerMax: number
  /** Peers with something queued. */
  readonly #busy: Peer[] = []
  readonly #header = new Int32Array(HEADER_WORDS)
  #lastLent: Uint8Array = NOTHING
  #lastAddress = 0
  readonly #address = new Float64Array(1)
  readonly #addressBytes = new Uint8Array(this.#address.buffer)
  /** Peers that copy from our memory and whom we may help with it. */
  readonly borrowers: Peer[] = []

  constructor({ transport, peers, requests, eagerLimit, finish }: OutgoingOptions) {
    this.#transport = transport
    this.#peers = peers
    this.#requests = requests
    this.#finish = finish
    this.#eagerMax = eagerLimit === 0 ? -1 : Math.min(eagerLimit, transport.maxPayload, EAGER_WINDOW / 4)
  }

  /**
   * Sends a small message at once, without an operation: true when it is on its way and `payload` is free again.
   * False: `start` an operation.
   */
  trySend(
    context: number,
    dest: number,
    tag: number,
    type: number,
    signature: number,
    payload: Uint8Array,
    offset: number,
    length: number,
  ): boolean {
    const peer = this.#peers[dest]
    if (length > this.#eagerMax || length + EAGER_OVERHEAD > peer.credit || peer.envelopes.length > 0) return false
    if (length >= LENT_FROM && peer.memory !== undefined) return false
    return this.#sendEager(peer, context, tag, type, 0, 0, signature, payload, offset, length)
  }

  /** Whether a message goes by rendezvous only because its peer owes credit. */
  lacksCredit(peer: Peer, op: SendOp): boolean {
    return op.length <= this.#eagerMax && op.length + EAGER_OVERHEAD > peer.credit
  }

  /** Sends the operation's envelope, now or once there is room. */
  start(peer: Peer, op: SendOp): void {
    if (peer.envelopes.length === 0 && this.#sendEnvelope(peer, op)) return
    peer.envelopes.push(op)
    this.#markBusy(peer)
  }

  /** The peer waits for the data of a rendezvous, or wants none of it. */
  onCts(peer: Peer, op: SendOp, word0: number, remoteId: number): void {
    if ((word0 & FLAG_DISCARD) !== 0) {
      this.finishSend(op)
      return
    }
    op.remoteId = remoteId
    peer.transfers.push(op)
    this.#markBusy(peer)
  }

  #sendEager(
    peer: Peer,
    context: number,
    tag: number,
    type: number,
    flags: number,
    id: number,
    signature: number,
    payload: Uint8Array,
    offset: number,
    length: number,
  ): boolean {
    const header = this.#header
    header[0] = EAGER | (type << 8) | flags
    header[1] = context
    header[2] = tag
    header[3] = id
    header[4] = length
    header[5] = length
    header[6] = 0
    header[7] = signature
    if (!this.#transmit(peer, payload, offset, length)) return false
    peer.credit -= length + EAGER_OVERHEAD
    return true
  }

  #sendEnvelope(peer: Peer, op: SendOp): boolean {
    const synchronous = op.mode === SYNCHRONOUS
    const lends = op.length >= (op.mode === BUFFERED ? this.#eagerMax + 1 : LENT_FROM) && peer.memory?.readable(peer.rank) === true
    const eager = !lends && op.length <= this.#eagerMax && op.length + EAGER_OVERHEAD <= peer.credit
    if (op.id === 0 && (synchronous || !eager)) this.#requests.register(op)
    const { context } = op.scope
    if (eager) {
      const flags = synchronous ? FLAG_SYNC : 0
      const { tag, type, id, signature, payload, offset, length } = op
      if (!this.#sendEager(peer, context, tag, type, flags, id, signature, payload, offset, length)) return false
      op.started = true
      if (synchronous) op.owed = ACK
      else this.finishSend(op)
      return true
    }
    this.#fillHeader(RTS | (op.type << 8), context, op.tag, op.id, op.length, op.signature)
    op.started = lends ? this.#transmitLending(peer, op) : this.#transmit(peer, NOTHING, 0, 0)
    if (op.started) op.owed = CTS
    return op.started
  }

  /** Sends the RTS in #header with the address of the payload. */
  #transmitLending(peer: Peer, op: SendOp): boolean {
    const address = this.#addressOf(peer, op.payload)
    if (address === 0) return this.#transmit(peer, NOTHING, 0, 0)
    this.#address[0] = address + op.offset
    this.#header[4] = ADDRESS_BYTES
    if (!this.#transmit(peer, this.#addressBytes, 0, ADDRESS_BYTES)) return false
    op.lent = true
    if (peer.lent++ === 0 && peer.memory!.shared) this.borrowers.push(peer)
    return true
  }

  /** Loops send the same small array again and again. A large one would be kept alive by this. */
  #addressOf(peer: Peer, payload: Uint8Array): number {
    if (payload === this.#lastLent && payload.length > 0) return this.#lastAddress
    const address = peer.memory!.addressOf(payload)
    if (payload.length > REMEMBERED_BYTES) return address
    this.#lastLent = payload
    return (this.#lastAddress = address)
  }

  /** The peer has answered, or left. */
  takeBack(peer: Peer, op: SendOp): void {
    if (!op.lent) return
    op.lent = false
    if (--peer.lent === 0 && peer.memory!.shared) this.borrowers.splice(this.borrowers.indexOf(peer), 1)
  }

  #fillHeader(word0: number, context: number, tag: number, id: number, total: number, last: number): void {
    const header = this.#header
    header[0] = word0
    header[1] = context
    header[2] = tag
    header[3] = id
    header[4] = 0
    header[5] = total
    header[6] = Math.floor(total / 0x100000000)
    header[7] = last
  }

  /** Sends a frame with the header in #header. */
  #transmit(peer: Peer, payload: Uint8Array, offset: number, length: number): boolean {
    if (!this.#transport.send(peer.rank, this.#header, payload, offset, length)) return false
    peer.sentFrames++
    return true
  }

  /** CTS, ACK, CREDIT: never refused, at worst queued. */
  sendControl(peer: Peer, word0: number, id: number, last: number): void {
    if (peer.gone !== undefined) return
    this.#fillHeader(word0, 0, 0, id, 0, last)
    if (peer.control.length === 0 && this.#transmit(peer, NOTHING, 0, 0)) return
    peer.control.push(this.#header.slice())
    this.#markBusy(peer)
  }

  #sendData(peer: Peer, op: SendOp): boolean {
    while (op.sent < op.length) {
      const length = Math.min(op.length - op.sent, peer.maxPayload)
      this.#fillHeader(DATA, 0, 0, 0, 0, op.remoteId)
      this.#header[4] = length
      if (!this.#transmit(peer, op.payload, op.offset + op.sent, length)) return false
      op.sent += length
    }
    return true
  }

  #markBusy(peer: Peer): void {
    if (peer.busy) return
    peer.busy = true
    this.#busy.push(peer)
  }

  /** Whether nothing is queued. */
  get idle(): boolean {
    return this.#busy.length === 0
  }

  /** Sends what was queued, as far as there is room. */
  flush(): void {
    if (this.#busy.length === 0) return
    for (let i = this.#busy.length - 1; i >= 0; i--) {
      const peer = this.#busy[i]
      this.#flushPeer(peer)
      if (!peer.idle) continue
      peer.busy = false
      this.#busy.splice(i, 1)
    }
  }

  #flushPeer(peer: Peer): void {
    for (let header = peer.control.first; header !== undefined; header = peer.control.first) {
      this.#header.set(header)
      if (!this.#transmit(peer, NOTHING, 0, 0)) return
      peer.control.shift()
    }
    for (let op = peer.envelopes.first; op !== undefined; op = peer.envelopes.first) {
      if (!this.#sendEnvelope(peer, op)) return
      peer.envelopes.shift()
    }
    for (let op = peer.transfers.first; op !== undefined; op = peer.transfers.first) {
      if (!this.#sendData(peer, op)) return
      peer.transfers.shift()
      this.finishSend(op)
    }
  }

  finishSend(op: SendOp): void {
    this.#requests.release(op)
    this.#finish(op)
  }
}
