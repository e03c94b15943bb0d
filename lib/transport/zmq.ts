// Frames over ZeroMQ: what runs between hosts, and on one host where shared memory cannot.
//
// Invariants:
// - A socket has at most one send and one receive under way (a second is EBUSY): `#write` runs once for each peer,
//   `#read` once. What is sent meanwhile collects in the peer's outbox and leaves as one message.
// - Memory is bounded by bytes, not by high-water marks: to each peer at most a window of frames is on its way, from
//   `send` until the peer's `poll` has delivered them and its acknowledgement, in the head of its next message or in
//   one of its own, is here.
// - A pending receive keeps the event loop alive and cannot be cancelled. So one is pending only while the engine
//   sleeps, flushes or waits for room; where it is still pending after that, a message to ourselves ends it. `router.readable` eats
//   the edge that a pending receive waits for, so it is read only while none is pending.
// - What a peer sends is checked before it is used; a peer that breaks the protocol is lost and from then on ignored.
import type * as Zmq from 'zeromq'
import { TransportError } from '../errors.js'
import { ASK_ACK, BATCH_HEAD_BYTES, batchFault, batchWord0, frameBytes } from '../wire/batch.js'
import { HEADER_BYTES, isKind, kindOf } from '../wire/header.js'
import { MAX_PAYLOAD, Outbox, WINDOW_BATCHES, WINDOW_BYTES } from './outbox.js'
import type { Receiver, Transport } from './transport.js'
import { openSockets, type SocketOptions, type ZmqSockets } from './zmq-sockets.js'

const FRAMES_PER_POLL = 64
/** How long `flush` waits without any acknowledgement before it gives up on the peers that owe one. */
const FLUSH_PATIENCE_MS = 30_000

export interface ZmqOptions extends Omit<SocketOptions, 'secret'> {
  readonly secret: string | Promise<string>
  readonly receiver: Receiver
}

interface Peer {
  readonly rank: number
  readonly outbox: Outbox
  dealer: Zmq.Dealer | undefined
  writing: boolean
  /** `send` was refused and the engine waits for room. */
  refused: boolean
  /** Sequence numbers of the last message that came in and of the last that was delivered whole. */
  arrived: number
  delivered: number
  /** What has been delivered since, in bytes; a batch counts for its share of the window at least. */
  unacknowledged: number
  acknowledge: boolean
  /** Ask for an acknowledgement even where nothing is left to send. */
  ask: boolean
  /** Nothing goes to it any more. */
  gone: boolean
  /** Nothing is taken from it any more either. */
  lost: boolean
}

/** A message that waits for `poll`, or the reason why its peer is lost. */
interface Inbound {
  readonly peer: Peer
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly fault: TransportError | undefined
  /** Where its next frame starts, and how many are left. */
  at: number
  left: number
}

const NOTHING = new Uint8Array(0)
const NO_WORDS = new Int32Array(0)

export class ZmqTransport implements Transport {
  readonly name = 'zmq'
  readonly maxPayload = MAX_PAYLOAD
  readonly #receiver: Receiver
  readonly #rank: number
  readonly #peers: Peer[]
  #inbound: Inbound[] = []
  #sockets: ZmqSockets | undefined
  #reading = false
  #receiving = false
  #releasing = false
  #polling = false
  #asleep = false
  /** There is room that was refused before, and the engine has not yet been told in its sleep. */
  #room = false
  /** Peers whose window the engine found full. */
  #refusals = 0
  #flushes: (() => void)[] = []
  #patience: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ZmqOptions) {
    this.#receiver = options.receiver
    this.#rank = options.rank
    this.#peers = Array.from({ length: options.size }, (_, rank) => newPeer(rank))
    void this.#start(options)
  }

  send(to: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    const peer = this.#peers[to]!
    if (this.#closed) return false
    if (peer.gone) return true
    if (!peer.outbox.push(header, payload, offset, length)) {
      this.#refuse(peer)
      return false
    }
    this.#kick(peer)
    return true
  }

  /** Frames come in while the event loop turns; polling without letting it turn finds nothing new. */
  poll(): number {
    if (this.#polling || this.#closed) return 0
    this.#polling = true
    try {
      return this.#deliver()
    } finally {
      this.#polling = false
      if (!this.#reading && !this.#closed && this.#sockets?.router.readable === true) void this.#read()
    }
  }

  sleep(): boolean {
    if (this.#inbound.length > 0 || this.#room) {
      this.#room = false
      return false
    }
    this.#asleep = true
    if (!this.#reading) void this.#read()
    return true
  }

  awake(): void {
    this.#asleep = false
    if (this.#receiving) this.#releaseSoon()
  }

  /**
   * Resolves once the peers have delivered all frames to their engines, or when 30 seconds have passed without an
   * acknowledgement from anybody: what was sent has then left, except to a peer that never listened. Keeps the
   * process alive meanwhile.
   */
  flush(): Promise<void> {
    if (this.#flushed()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#flushes.push(resolve)
      this.#restartPatience()
      for (const peer of this.#peers) {
        if (peer.outbox.empty) continue
        peer.ask = true
        this.#kick(peer)
      }
      if (!this.#reading) void this.#read()
    })
  }

  /** `peer` has ended: what is on its way to it and what will be sent to it is dropped. What it sent still arrives. */
  forget(to: number): void {
    const peer = this.#peers[to]!
    if (peer.gone) return
    peer.gone = true
    peer.outbox.clear()
    if (peer.dealer !== undefined) this.#sockets!.disconnect(peer.dealer)
    peer.dealer = undefined
    if (this.#flushed()) this.#endFlushes()
    // not from inside the engine's call
    if (this.#madeRoom(peer)) setImmediate(() => this.#wake())
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#inbound = []
    this.#sockets?.close()
    for (const peer of this.#peers) peer.outbox.clear()
    this.#endFlushes()
  }

  async #start({ secret, ...options }: ZmqOptions): Promise<void> {
    try {
      const sockets = await openSockets({ ...options, secret: await secret })
      if (this.#closed) return sockets.close()
      this.#sockets = sockets
      for (const peer of this.#peers) if (!peer.outbox.empty) this.#kick(peer)
      if (this.#waiting()) void this.#read()
    } catch (error) {
      this.#failed(error)
    }
  }

  // ---- outgoing

  #kick(peer: Peer): void {
    if (this.#sockets !== undefined && !peer.writing && !peer.gone) void this.#write(peer, this.#sockets)
  }

  async #write(peer: Peer, sockets: ZmqSockets): Promise<void> {
    peer.writing = true
    try {
      const dealer = (peer.dealer ??= sockets.connect(peer.rank))
      for (let next = this.#next(peer); next !== undefined; next = this.#next(peer)) await dealer.send(next)
    } catch (error) {
      if (!this.#closed && !peer.gone) this.#lose(peer, `sending to rank ${peer.rank} failed`, error)
    } finally {
      peer.writing = false
    }
  }

  /** What to send next: a batch, or an acknowledgement or question of its own. */
  #next(peer: Peer): Uint8Array | undefined {
    if (peer.gone || this.#closed) return undefined
    const flags = peer.ask || this.#flushes.length > 0 ? ASK_ACK : 0
    let message = peer.outbox.take(peer.delivered, flags)
    if (message === undefined) {
      if (!peer.acknowledge && !peer.ask) return undefined
      message = Buffer.from(Int32Array.of(batchWord0(flags), peer.outbox.sequence, peer.delivered, 0).buffer)
    }
    peer.acknowledge = peer.ask = false
    peer.unacknowledged = 0
    return message
  }

  // ---- incoming

  async #read(): Promise<void> {
    if (this.#sockets === undefined) return
    const { router } = this.#sockets
    this.#reading = true
    try {
      while (!this.#closed && (this.#waiting() || router.readable)) {
        this.#receiving = true
        const parts = await router.receive()
        this.#receiving = false
        this.#arrived(parts)
      }
    } catch (error) {
      this.#receiving = false
      if (!this.#closed) this.#failed(error)
    } finally {
      this.#reading = false
    }
  }

  /** Ends the pending receive unless the engine sleeps again by the next turn of the event loop. */
  #releaseSoon(): void {
    if (this.#releasing) return
    this.#releasing = true
    setImmediate(() => {
      this.#releasing = false
      if (this.#waiting() || !this.#receiving || this.#closed) return
      this.#sockets!.poke().catch((error: unknown) => this.#failed(error))
    })
  }

  #arrived(parts: readonly Buffer[]): void {
    if (this.#closed || this.#sockets!.isPoke(parts[0]!)) return
    const from = this.#sockets!.sender(parts[0]!)
    const peer = this.#peers[from]
    if (peer === undefined || peer.lost) return
    const message = parts.length === 2 ? aligned(parts[1]!) : NOTHING
    if (message.length < BATCH_HEAD_BYTES || message.length % 8 !== 0) {
      return this.#lose(peer, `a message of ${parts.length} parts and ${message.length} bytes is not one of tsmpi`)
    }
    const words = new Int32Array(message.buffer, message.byteOffset, message.length >> 2)
    const fault = batchFault(words[0]!) ?? this.#takeHead(peer, words)
    if (fault !== undefined) return this.#lose(peer, fault)
    if (message.length === BATCH_HEAD_BYTES && (words[0]! & ASK_ACK) === 0) return
    this.#inbound.push({ peer, bytes: message, words, fault: undefined, at: BATCH_HEAD_BYTES, left: words[3]! })
    if (this.#asleep) this.#receiver.onWake()
  }

  /** Checks sequence and acknowledgement; says what is wrong with them. */
  #takeHead(peer: Peer, words: Int32Array): string | undefined {
    const expected = words[3] === 0 ? peer.arrived : (peer.arrived + 1) | 0
    if (words[1] !== expected) return `messages were lost: number ${expected} was due, ${words[1]} came`
    peer.arrived = expected
    if (peer.gone) return undefined
    const acknowledged = peer.outbox.acknowledge(words[2]!)
    if (acknowledged < 0) return 'it acknowledges what was never sent'
    if (acknowledged > 0) this.#acknowledged(peer)
    return undefined
  }

  #acknowledged(peer: Peer): void {
    if (peer.outbox.waiting) this.#kick(peer)
    if (this.#flushes.length > 0) this.#restartPatience()
    if (this.#flushes.length > 0 && this.#flushed()) this.#endFlushes()
    if (this.#madeRoom(peer)) this.#wake()
  }

  #deliver(): number {
    let delivered = 0
    while (this.#inbound.length > 0) {
      const message = this.#inbound[0]!
      if (message.fault !== undefined) {
        this.#inbound.shift()
        this.#receiver.onPeerLost(message.peer.rank, message.fault)
      } else if (message.left === 0 && message.at === message.bytes.length) {
        this.#inbound.shift()
        this.#finish(message)
      } else if (delivered === FRAMES_PER_POLL) {
        break
      } else if (this.#deliverFrame(message)) {
        delivered++
      }
    }
    return delivered
  }

  #deliverFrame(message: Inbound): boolean {
    const { at, bytes, words } = message
    const word = at >> 2
    const length = message.left > 0 && at + HEADER_BYTES <= bytes.length ? words[word + 4]! : -1
    const end = at + frameBytes(length)
    if (length < 0 || length > MAX_PAYLOAD || end > bytes.length || !isKind(kindOf(words[word]!))) {
      // what came later does not count, be it more frames or a fault
      this.#inbound = this.#inbound.filter(({ peer }) => peer !== message.peer)
      this.#report(message.peer, `a frame of ${length} bytes at ${at} of ${bytes.length} breaks the protocol`)
      return false
    }
    message.at = end
    message.left--
    this.#receiver.onFrame(message.peer.rank, words, word, bytes, at + HEADER_BYTES)
    return true
  }

  /** All frames of a message are delivered: acknowledges in time for the sender to go on without a pause. */
  #finish({ peer, bytes, words }: Inbound): void {
    peer.delivered = words[1]!
    peer.unacknowledged += bytes.length + WINDOW_BYTES / WINDOW_BATCHES
    if (peer.unacknowledged < WINDOW_BYTES / 4 && (words[0]! & ASK_ACK) === 0) return
    peer.acknowledge = true
    this.#kick(peer)
  }

  // ---- trouble and room

  /** Nothing more is taken from or sent to this peer; the engine hears of it after the frames that came before. */
  #lose(peer: Peer, what: string, cause?: unknown): void {
    if (!peer.lost) this.#report(peer, what, cause)
  }

  #report(peer: Peer, what: string, cause?: unknown): void {
    peer.lost = true
    this.forget(peer.rank)
    const fault = new TransportError(`rank ${this.#rank} lost rank ${peer.rank} (zmq): ${what}`, { cause })
    this.#inbound.push({ peer, bytes: NOTHING, words: NO_WORDS, fault, at: 0, left: 0 })
    if (this.#asleep) this.#receiver.onWake()
  }

  #failed(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    for (const peer of this.#peers) {
      if (peer.rank !== this.#rank || this.#peers.length === 1) this.#lose(peer, why, error)
    }
  }

  /** Somebody waits for what comes in. */
  #waiting(): boolean {
    return this.#asleep || this.#refusals > 0 || this.#flushes.length > 0
  }

  #refuse(peer: Peer): void {
    if (peer.refused) return
    peer.refused = true
    this.#refusals++
    if (!this.#reading) void this.#read()
  }

  /** The engine waits for room to this peer, and there is some. */
  #madeRoom(peer: Peer): boolean {
    if (!peer.refused) return false
    peer.refused = false
    this.#refusals--
    this.#room = !this.#asleep
    return true
  }

  #wake(): void {
    if (!this.#closed) this.#receiver.onWake()
  }

  #flushed(): boolean {
    return this.#closed || this.#peers.every((peer) => peer.outbox.empty)
  }

  #endFlushes(): void {
    clearTimeout(this.#patience)
    for (const resolve of this.#flushes.splice(0)) resolve()
    if (this.#receiving) this.#releaseSoon()
  }

  #restartPatience(): void {
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => this.#endFlushes(), FLUSH_PATIENCE_MS)
  }
}

function newPeer(rank: number): Peer {
  return {
    rank,
    outbox: new Outbox(),
    dealer: undefined,
    writing: false,
    refused: false,
    arrived: 0,
    delivered: 0,
    unacknowledged: 0,
    acknowledge: false,
    ask: false,
    gone: false,
    lost: false,
  }
}

/** A buffer whose words can be viewed; Node may hand out small ones at odd offsets. */
function aligned(buffer: Buffer): Uint8Array {
  const { byteOffset, length } = buffer
  return byteOffset % 8 === 0 ? new Uint8Array(buffer.buffer, byteOffset, length) : new Uint8Array(buffer)
}
