// Frames over ZeroMQ: what runs between hosts, and on one host where shared memory cannot.
//
// Invariants:
// - Memory is bounded by bytes, not by high-water marks: to each peer at most a window of frames is on its way, from
//   `send` until the peer's `poll` has delivered them and its acknowledgement is here, in the head of its next
//   message or in one of its own.
// - Messages are taken once all that were taken before have been delivered; what has not been taken is for ZeroMQ to keep.
//   While somebody waits (zmq-demand.ts) and the engine does not poll, they are taken all the same.
// - No wake-up is lost: the socket tells of what comes after a `receive` that found nothing (Intake.dry), and nobody waits,
//   in the event loop or in `doze`, before there was one. `#readable` ends that.
// - What a peer sends is checked before it is used; a peer that breaks the protocol is lost and from then on ignored.
import { TransportError } from '../errors.js'
import { ASK_ACK, BATCH_HEAD_BYTES, jobMark } from '../wire/batch.js'
import { Inbox } from './inbox.js'
import type { Memory } from './inbox.js'
import { MAX_PAYLOAD } from './outbox.js'
import type { Receiver, Transport } from './transport.js'
import { Demand } from './zmq-demand.js'
import { Dispatch } from './zmq-dispatch.js'
import { Intake } from './zmq-intake.js'
import type { WatchTimes } from './zmq-link.js'
import { Peer } from './zmq-peer.js'
import { openSockets } from './zmq-sockets.js'
import type { SocketOptions, ZmqSockets } from './zmq-sockets.js'
import type { HeldPart } from './zmq-socket.js'
import { Vigil } from './zmq-vigil.js'

const FRAMES_PER_POLL = 64
/** Payloads that are worth a message of their own. */
const LONG_PAYLOAD = 16 * 1024

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
  readonly #dispatch: Dispatch
  readonly #intake = new Intake((...message) => this.#arrived(...message))
  readonly #demand = new Demand({ hold: (on) => this.#hold(on), expect: () => this.#expect() })
  #polling = false
  /** Since the last `doze` a long payload has been sent or has come. */
  #long = false
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
        if (peer.delivered(sequence, bytes, asked)) this.#dispatch.kick(peer)
      },
      onBroken: (rank, what) => {
        // a fault that was found later has been dropped with the messages
        this.#peers[rank].lost = false
        this.#lose(this.#peers[rank], what)
      },
    })
    this.#dispatch = new Dispatch({
      flushing: () => this.#demand.flushing,
      blocked: (peer, blocked) => this.#demand.block(peer, blocked),
      connecting: (peer) => this.#vigil?.connecting(peer),
      failed: (peer, error) => this.#sendFailed(peer, error),
    })
    void this.#start(options)
  }

  send(to: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    const peer = this.#peers[to]
    if (this.#closed) return false
    if (peer.gone) return true
    if (length >= LONG_PAYLOAD && this.#dispatch.pass(peer, header, payload, offset, length)) {
      this.#long = true
      return true
    }
    if (!peer.outbox.push(header, payload, offset, length)) {
      this.#demand.refuse(peer)
      return false
    }
    this.#dispatch.pushed(peer)
    return true
  }

  needsTurns(): boolean {
    return true
  }

  poll(): number {
    if (this.#polling || this.#closed) return 0
    if (this.#inbox.empty) this.#take()
    this.#polling = true
    try {
      return this.#inbox.deliver(FRAMES_PER_POLL)
    } finally {
      this.#polling = false
    }
  }

  /**
   * Waits in the call, with the processor at hand for `awake` of `nanoseconds`; also for the eventfd `doorbell`, where one
   * is given. False where the sockets cannot.
   */
  doze(awake: number, nanoseconds: number, doorbell = -1): boolean {
    const router = this.#sockets?.router
    if (router?.wait === undefined || this.#closed) return false
    this.#dispatch.sendAll()
    if (this.#somethingToDo()) return true
    // while long payloads pass, the processor is for those who encrypt them
    router.wait(doorbell, this.#long ? 0 : awake, nanoseconds)
    this.#long = false
    this.#intake.dry = false
    return true
  }

  sleep(): boolean {
    if (this.#somethingToDo()) return false
    this.#demand.asleep = true
    return true
  }

  #somethingToDo(): boolean {
    if (!this.#intake.dry && this.#inbox.empty) this.#take()
    return this.#demand.takeRoom() || !this.#inbox.empty
  }

  awake(): void {
    this.#demand.asleep = false
  }

  /**
   * Resolves once the peers have delivered all frames to their engines, or when 30 seconds have passed without an
   * acknowledgement from anybody: what was sent has then left, except to a peer that never listened. Keeps the
   * process alive meanwhile.
   */
  flush(): Promise<void> {
    if (this.#flushed()) return Promise.resolve()
    const flushed = this.#demand.flush()
    for (const peer of this.#peers) {
      if (peer.outbox.empty) continue
      peer.ask = true
      this.#dispatch.kick(peer)
    }
    return flushed
  }

  /** `peer` has ended: what is on its way to it and what will be sent to it is dropped. What it sent still arrives. */
  forget(to: number): void {
    const peer = this.#peers[to]
    if (peer.gone) return
    peer.gone = true
    peer.outbox.clear()
    this.#dispatch.hangUp(peer)
    this.#demand.block(peer, false)
    if (this.#flushed()) this.#demand.acknowledged(true)
    // not from inside the engine's call
    if (this.#demand.makeRoom(peer)) setImmediate(() => this.#wake())
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#dispatch.close()
    this.#inbox.clear()
    this.#vigil?.end()
    this.#demand.close()
    this.#sockets?.close()
    for (const peer of this.#peers) peer.outbox.clear()
  }

  #watchOver({ link }: ZmqSockets, times: WatchTimes): void {
    this.#vigil = new Vigil({
      ...times,
      peers: this.#ranks.map((rank) => this.#peers[rank]),
      ask: (peer) => {
        peer.ask = true
        this.#dispatch.kick(peer)
      },
      look: (peer, handshakes) => link.probe(peer.rank, handshakes ? peer.dealer : undefined),
      answers: (peer) => link.answers(peer.rank),
      lose: (peer, why) => this.#lose(peer, why),
    })
  }

  async #start({ secret, ...options }: ZmqOptions): Promise<void> {
    try {
      const sockets = await openSockets({ ...options, secret: await secret })
      if (this.#closed) return sockets.close()
      this.#sockets = sockets
      this.#dispatch.open(sockets)
      if (sockets.link.watch !== undefined) this.#watchOver(sockets, sockets.link.watch)
      sockets.router.onFailure = (error) => this.#failed(error)
      sockets.router.listen(() => this.#readable())
      for (const peer of this.#peers) if (!peer.outbox.empty) this.#dispatch.kick(peer)
      this.#demand.open()
    } catch (error) {
      this.#failed(error)
    }
  }

  /** ZeroMQ has given the connection up. What is wrong with it is looked for, to say more than that. */
  #sendFailed(peer: Peer, error: unknown): void {
    if (this.#closed || peer.gone || peer.failed) return
    peer.failed = true
    const lose = (why?: Error): void => {
      if (!peer.gone) this.#lose(peer, why ?? `sending to it failed: ${reason(error)}`, error)
    }
    if (peer.dealer === undefined || this.#sockets === undefined) return lose()
    this.#sockets.link.probe(peer.rank, peer.dealer).then((found) => lose(found?.why), () => lose())
  }

  /** The socket tells of messages. */
  #readable(): void {
    if (this.#closed) return
    this.#intake.dry = false
    if (!this.#demand.waiting) return
    this.#take()
    if (this.#demand.takeRoom() || (this.#demand.asleep && !this.#inbox.empty)) this.#wake()
  }

  /** Takes messages until some have frames, or there are none; all there are where only acknowledgements are waited for. */
  #take(): void {
    const router = this.#sockets?.router
    if (router === undefined || this.#closed) return
    this.#sockets!.link.look()
    router.look()
    do {
      this.#intake.take(router, this.#inbox.empty && !this.#polling)
    } while (!this.#intake.dry && !this.#closed && (this.#inbox.empty || (!this.#demand.asleep && this.#demand.waiting)))
  }

  /** A routing id and a batch. */
  #arrived(sender: string, parts: number, memory: Memory, at: number, length: number, held: HeldPart | undefined): void {
    const peer = this.#closed ? undefined : this.#peers[this.#sockets!.sender(sender)]
    if (peer === undefined || peer.lost) return held?.drop()
    const acknowledged = this.#check(peer, parts, memory, at, length)
    if (acknowledged < 0) return held?.drop()
    if (held !== undefined) {
      this.#long = true
      this.#inbox.pushHeld(peer.rank, memory, at, length, held)
    } else if (length > BATCH_HEAD_BYTES || (memory.words[at >> 2] & ASK_ACK) !== 0) {
      this.#inbox.push(peer.rank, memory, at, at + length)
    }
    if (acknowledged > 0) this.#acknowledged(peer)
  }

  /** Checks a message and its head. Returns how many batches it acknowledges; -1 where the peer is lost by it. */
  #check(peer: Peer, parts: number, memory: Memory, at: number, length: number): number {
    const whole = parts === 2 && length >= BATCH_HEAD_BYTES && length % 8 === 0
    const count = whole ? peer.takeHead(memory.words, at >> 2) : `a message of ${parts - 1} parts and ${length} bytes is not one of tsmpi`
    if (typeof count === 'number') return count
    this.#lose(peer, count)
    return -1
  }

  #acknowledged(peer: Peer): void {
    this.#demand.block(peer, false)
    if (peer.outbox.waiting) this.#dispatch.kick(peer)
    if (this.#demand.flushing) this.#demand.acknowledged(this.#flushed())
    this.#demand.makeRoom(peer)
  }

  #expect(): void {
    // not from inside the call, or what it takes would come in its midst
    if (!this.#intake.dry) setImmediate(() => this.#readable())
  }

  /** The event loop is kept alive, and sockets that hear nothing else are held. */
  #hold(on: boolean): void {
    const { router, link } = this.#sockets!
    router.hold(on)
    if (on) link.hold()
    else link.release()
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
    if (this.#demand.asleep) this.#wake()
  }

  #failed(error: unknown): void {
    for (const rank of this.#ranks) this.#lose(this.#peers[rank], reason(error), error)
  }

  #flushed(): boolean {
    return this.#closed || this.#peers.every((peer) => peer.outbox.empty)
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))
