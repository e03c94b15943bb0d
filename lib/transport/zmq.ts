// Frames over ZeroMQ: what runs between hosts, and on one host where shared memory cannot.
//
// Invariants:
// - A socket has at most one send and one receive under way (a second is EBUSY): `#write` runs once for each peer,
//   `#read` once. What is sent meanwhile collects in the peer's outbox and leaves as one message.
// - Memory is bounded by bytes, not by high-water marks: to each peer at most a window of frames is on its way, from
//   `send` until the peer's `poll` has delivered them and its acknowledgement is here, in the head of its next
//   message or in one of its own.
// - A pending receive keeps the event loop alive and cannot be cancelled. So one is pending only while the engine
//   sleeps, flushes or waits for room, or an outbox waits for acknowledgements; where one is left after that, a
//   message to ourselves ends it.
//   `router.readable` eats the edge that a pending receive waits for, so it is read only while none is pending.
// - What a peer sends is checked before it is used; a peer that breaks the protocol is lost and from then on ignored.
import type { Dealer } from 'zeromq'
import { TransportError } from '../errors.js'
import { ASK_ACK, BATCH_HEAD_BYTES, jobMark } from '../wire/batch.js'
import { Inbox } from './inbox.js'
import { MAX_PAYLOAD } from './outbox.js'
import type { Receiver, Transport } from './transport.js'
import { Peer } from './zmq-peer.js'
import type { WatchTimes } from './zmq-link.js'
import { Vigil } from './zmq-vigil.js'
import { openSockets, type SocketOptions, type ZmqSockets } from './zmq-sockets.js'

const FRAMES_PER_POLL = 64
/** What is sent in one turn leaves as one message, but in parts of this size: the first is on its way while others are made. */
const EARLY_BYTES = 16 * 1024
/** How long `flush` waits without any acknowledgement. */
const FLUSH_PATIENCE_MS = 30_000

export interface ZmqOptions extends Omit<SocketOptions, 'secret'> {
  /** Known to the ranks of the job only; frames wait until it is here. */
  readonly secret: string | Promise<string>
  readonly receiver: Receiver
  /** The ranks that it carries frames to and from. Default: all others. */
  readonly ranks?: readonly number[]
}

export class ZmqTransport implements Transport {
  readonly name = 'zmq'
  readonly maxPayload = MAX_PAYLOAD
  readonly #receiver: Receiver
  readonly #rank: number
  readonly #ranks: readonly number[]
  readonly #peers: readonly Peer[]
  readonly #inbox: Inbox
  #sockets: ZmqSockets | undefined
  #vigil: Vigil | undefined
  #reading = false
  #receiving = false
  #releasing = false
  #polling = false
  #asleep = false
  /** There is room that was refused before, and the engine has not yet been told in its sleep. */
  #room = false
  /** Peers whose window the engine found full. */
  #refusals = 0
  /** Peers whose outbox holds more batches than may be under way. */
  #blocked = 0
  #flushes: (() => void)[] = []
  #patience: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ZmqOptions) {
    this.#receiver = options.receiver
    this.#rank = options.rank
    const { rank: own, size } = options
    const stamp = { job: jobMark(options.jobId), epoch: options.epoch ?? 0 }
    this.#peers = Array.from({ length: size }, (_, rank) => new Peer(rank, stamp))
    this.#ranks = options.ranks ?? this.#peers.map(({ rank }) => rank).filter((rank) => rank !== own || size === 1)
    this.#inbox = new Inbox(options.receiver, {
      onWhole: (rank, sequence, bytes, asked) => {
        const peer = this.#peers[rank]
        if (peer.delivered(sequence, bytes, asked)) this.#kick(peer)
      },
      onBroken: (rank, what) => {
        // a fault that was found later has been dropped with the messages
        this.#peers[rank].lost = false
        this.#lose(this.#peers[rank], what)
      },
    })
    void this.#start(options)
  }

  send(to: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    const peer = this.#peers[to]
    if (this.#closed) return false
    if (peer.gone) return true
    if (!peer.outbox.push(header, payload, offset, length)) {
      this.#refuse(peer)
      return false
    }
    if (!peer.writing) this.#kick(peer)
    else if (peer.dealer !== undefined && peer.outbox.ready >= EARLY_BYTES) this.#sendNext(peer, peer.dealer)
    return true
  }

  needsTurns(): boolean {
    return true
  }

  /** Frames come in while the event loop turns; polling without letting it turn finds nothing new. */
  poll(): number {
    if (this.#polling || this.#closed) return 0
    this.#polling = true
    try {
      return this.#inbox.deliver(FRAMES_PER_POLL)
    } finally {
      this.#polling = false
      if (!this.#reading && !this.#closed) this.#look()
    }
  }

  #look(): void {
    this.#sockets?.link.look()
    if (this.#sockets?.router.readable === true) void this.#read()
  }

  sleep(): boolean {
    if (!this.#inbox.empty || this.#room) {
      this.#room = false
      return false
    }
    this.#asleep = true
    if (!this.#reading) void this.#read()
    return true
  }

  awake(): void {
    this.#asleep = false
    this.#releaseSoon()
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
    const peer = this.#peers[to]
    if (peer.gone) return
    peer.gone = true
    peer.outbox.clear()
    this.#hangUp(peer)
    this.#block(peer, false)
    if (this.#flushed()) this.#endFlushes()
    // not from inside the engine's call
    if (this.#madeRoom(peer)) setImmediate(() => this.#wake())
    this.#releaseSoon()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#inbox.clear()
    this.#vigil?.end()
    this.#sockets?.close()
    for (const peer of this.#peers) peer.outbox.clear()
    this.#endFlushes()
  }

  #watchOver({ link }: ZmqSockets, times: WatchTimes): void {
    this.#vigil = new Vigil({
      ...times,
      peers: this.#ranks.map((rank) => this.#peers[rank]),
      ask: (peer) => {
        peer.ask = true
        this.#kick(peer)
      },
      look: (peer, handshakes) => link.probe(peer.rank, handshakes ? peer.dealer : undefined),
      lose: (peer, why) => this.#lose(peer, why),
    })
  }

  #hangUp(peer: Peer): void {
    if (peer.dealer !== undefined) this.#sockets!.disconnect(peer.dealer)
    peer.dealer = undefined
  }

  async #start({ secret, ...options }: ZmqOptions): Promise<void> {
    try {
      const sockets = await openSockets({ ...options, secret: await secret })
      if (this.#closed) return sockets.close()
      this.#sockets = sockets
      if (sockets.link.watch !== undefined) this.#watchOver(sockets, sockets.link.watch)
      for (const peer of this.#peers) if (!peer.outbox.empty) this.#kick(peer)
      if (this.#waiting()) void this.#read()
    } catch (error) {
      this.#failed(error)
    }
  }

  #kick(peer: Peer): void {
    if (this.#sockets !== undefined && !peer.writing && !peer.gone) void this.#write(peer, this.#sockets)
  }

  async #write(peer: Peer, sockets: ZmqSockets): Promise<void> {
    peer.writing = true
    try {
      const dealer = (peer.dealer ??= await this.#open(peer, sockets))
      if (peer.gone || this.#closed) this.#hangUp(peer)
      while (!this.#closed && this.#sendNext(peer, dealer)) await Promise.resolve()
      this.#block(peer, peer.outbox.blocked)
    } catch (error) {
      this.#sendFailed(peer, error)
    } finally {
      peer.writing = false
    }
  }

  async #open(peer: Peer, sockets: ZmqSockets): Promise<Dealer> {
    const dealer = await sockets.connect(peer.rank)
    this.#vigil?.connecting(peer)
    return dealer
  }

  /** Returns whether there was something to send. */
  #sendNext(peer: Peer, dealer: Dealer): boolean {
    const message = peer.next(this.#flushes.length > 0)
    if (message === undefined) return false
    dealer.send(message).catch((error: unknown) => this.#sendFailed(peer, error))
    return true
  }

  /** ZeroMQ has given the connection up. What is wrong with it is looked for, to say more than that. */
  #sendFailed(peer: Peer, error: unknown): void {
    if (this.#closed || peer.gone || peer.failed) return
    peer.failed = true
    const lose = (why?: Error): void => {
      if (!peer.gone) this.#lose(peer, why ?? `sending to it failed: ${reason(error)}`, error)
    }
    if (peer.dealer === undefined || this.#sockets === undefined) return lose()
    this.#sockets.link.probe(peer.rank, peer.dealer).then(lose, () => lose())
  }

  async #read(): Promise<void> {
    if (this.#sockets === undefined) return
    const { router } = this.#sockets
    this.#reading = true
    this.#sockets.link.hold()
    try {
      while (!this.#closed && (this.#waiting() || router.readable)) {
        this.#receiving = true
        const parts = await router.receive()
        this.#receiving = false
        this.#arrived(parts, this.#sockets)
      }
    } catch (error) {
      this.#receiving = false
      if (!this.#closed) this.#failed(error)
    } finally {
      this.#reading = false
      this.#sockets.link.release()
    }
  }

  #arrived(parts: readonly Buffer[], sockets: ZmqSockets): void {
    if (this.#closed || sockets.isPoke(parts[0])) return
    const peer = this.#peers[sockets.sender(parts[0])]
    if (peer === undefined || peer.lost) return
    const message = aligned(parts[parts.length - 1])
    if (parts.length !== 2 || message.length < BATCH_HEAD_BYTES || message.length % 8 !== 0) {
      return this.#lose(peer, `a message of ${parts.length - 1} parts and ${message.length} bytes is not one of tsmpi`)
    }
    const words = new Int32Array(message.buffer, message.byteOffset, message.length >> 2)
    const acknowledged = peer.takeHead(words)
    if (typeof acknowledged === 'string') return this.#lose(peer, acknowledged)
    if (message.length > BATCH_HEAD_BYTES || (words[0] & ASK_ACK) !== 0) {
      this.#inbox.push(peer.rank, message, words)
      if (this.#asleep) this.#wake()
    }
    if (acknowledged > 0) this.#acknowledged(peer)
  }

  #acknowledged(peer: Peer): void {
    this.#block(peer, false)
    if (peer.outbox.waiting) this.#kick(peer)
    if (this.#flushes.length > 0) {
      this.#restartPatience()
      if (this.#flushed()) this.#endFlushes()
    }
    if (this.#madeRoom(peer)) this.#wake()
  }

  /** What was accepted leaves without the engine's help: the acknowledgements it waits for must come in. */
  #block(peer: Peer, blocked: boolean): void {
    if (peer.blocked === blocked) return
    peer.blocked = blocked
    this.#blocked += blocked ? 1 : -1
    if (blocked && !this.#reading && !this.#closed) void this.#read()
  }

  /** Ends the pending receive unless somebody waits for it again by the next turn of the event loop. */
  #releaseSoon(): void {
    if (this.#releasing || !this.#receiving) return
    this.#releasing = true
    setImmediate(() => {
      this.#releasing = false
      if (this.#waiting() || !this.#receiving || this.#closed) return
      this.#sockets!.poke().catch((error: unknown) => this.#failed(error))
    })
  }

  /** Somebody waits for what comes in. */
  #waiting(): boolean {
    return this.#asleep || this.#refusals > 0 || this.#blocked > 0 || this.#flushes.length > 0
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

  /**
   * Nothing more is taken from or sent to this peer; the engine hears of it after the frames that came before. An Error: it
   * cannot be reached, and says all by itself.
   */
  #lose(peer: Peer, what: string | Error, cause?: unknown): void {
    if (peer.lost || this.#closed) return
    peer.lost = true
    const unreachable = what instanceof Error
    const undelivered = unreachable && !peer.outbox.empty
    this.forget(peer.rank)
    const message = `rank ${this.#rank} lost rank ${peer.rank} (zmq): `
    const why = unreachable ? what : new TransportError(message + what, { cause })
    this.#inbox.pushFault(peer.rank, { reason: why, undelivered })
    if (this.#asleep) this.#wake()
  }

  #failed(error: unknown): void {
    for (const rank of this.#ranks) this.#lose(this.#peers[rank], reason(error), error)
  }

  #flushed(): boolean {
    return this.#closed || this.#peers.every((peer) => peer.outbox.empty)
  }

  #endFlushes(): void {
    if (this.#flushes.length === 0) return
    clearTimeout(this.#patience)
    for (const resolve of this.#flushes.splice(0)) resolve()
    this.#releaseSoon()
  }

  #restartPatience(): void {
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => this.#endFlushes(), FLUSH_PATIENCE_MS)
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A buffer whose words can be viewed; Node may hand out small ones at odd offsets. */
function aligned(buffer: Buffer): Uint8Array {
  const { byteOffset, length } = buffer
  return byteOffset % 8 === 0 ? new Uint8Array(buffer.buffer, byteOffset, length) : new Uint8Array(buffer)
}
