// The point-to-point engine of one process: operations over a transport, progress, peers that leave.
//
// Everything runs on the event loop's thread. Frames are handled inside `progress`, which completes operations; owners
// are told at once but start nothing from there: what they want to do next waits in `#ready` until the frames are done.
// The protocols are in outgoing.ts and incoming.ts.
import { PeerError } from '../errors.js'
import type { Place, Receiver, Transport } from '../transport/transport.js'
import { Expected } from './expected.js'
import { Direct } from './direct.js'
import { Incoming } from './incoming.js'
import type { Unexpected } from './matching.js'
import { RecvOp, SendOp } from './operation.js'
import type { Operation, Scope } from './operation.js'
import { Outgoing } from './outgoing.js'
import { FAR_WINDOW, Peer } from './peer.js'
import { ProbeOp } from './probe.js'
import { RequestTable } from './request-table.js'
import { ANY_SOURCE } from './status.js'

/** Something to be continued once the frames at hand have been handled: a collective whose round is complete. */
export interface Continuation {
  advance(): void
}

/** What operations wait for besides frames: collectives on boards. */
export interface Poller {
  /** Gets on with what is pending. */
  poll(): void
  /** The next `linger` of the transport ends when what it waits for has come. */
  watch(): void
  /** The transport is asleep: sees to it that it is woken. False where there is something to do already. */
  sleep(): boolean
  pending(): Iterable<Operation>
}

export interface EngineOptions {
  readonly rank: number
  readonly size: number
  /** Bytes up to which messages are sent eagerly; 0: every send waits for its receive. */
  readonly eagerLimit: number
  readonly connect: (receiver: Receiver) => Transport
}

export class Engine implements Receiver {
  readonly rank: number
  readonly size: number
  readonly transport: Transport
  readonly outgoing: Outgoing
  readonly expected: Expected
  /** Operations that have been started and are not done. */
  pending = 0
  /** Called from the event loop when arrivals want to be handled. */
  onProgress: () => void = () => undefined
  /** Called when no operation is pending any more. */
  onIdle: () => void = () => undefined
  /** Called when an operation fails because `peer` has left. */
  onLost: (peer: number, doing: string) => void = () => undefined
  /** Messages to a peer that cannot be reached are lost, and no operation is pending that would fail of it. */
  onUndelivered: (peer: number, how: string) => void = () => undefined
  readonly #peers: Peer[]
  readonly #requests = new RequestTable()
  readonly #incoming: Incoming
  readonly #direct: Direct
  readonly #leaving = new Map<Peer, { how: string; sent: number | undefined; undelivered: boolean }>()
  #ready: Continuation[] = []
  readonly #pollers: Poller[] = []
  /** Whether any peer has left. */
  someGone = false

  constructor({ rank, size, eagerLimit, connect }: EngineOptions) {
    this.rank = rank
    this.size = size
    const peers = Array.from({ length: size }, (_, peer) => new Peer(peer))
    const requests = this.#requests
    const finish = (op: Operation): void => this.finish(op)
    this.#peers = peers
    this.transport = connect(this)
    this.outgoing = new Outgoing({ transport: this.transport, peers, requests, eagerLimit, finish })
    for (const peer of peers) {
      peer.memory = this.transport.memoryOf?.(peer.rank)
      peer.maxPayload = this.transport.maxPayloadTo?.(peer.rank) ?? this.transport.maxPayload
      peer.needsTurns = this.transport.needsTurns?.(peer.rank) === true
      if (peer.needsTurns) peer.credit = peer.window = FAR_WINDOW
    }
    this.#direct = new Direct({ requests, outgoing: this.outgoing, finish })
    this.#incoming = new Incoming({
      peers,
      requests,
      outgoing: this.outgoing,
      direct: this.#direct,
      finish,
      broken: (peer, reason) => this.peerEnded(peer.rank, reason.message, undefined),
    })
    this.expected = new Expected(peers, this.#incoming, this.outgoing, this.transport, this.#direct)
  }

  /** Starts a send; `payload` must stay as it is until the operation is done. */
  startSend(op: SendOp): void {
    const peer = this.#peers[op.dest]
    this.pending++
    // Credit may have come back in the meantime.
    if (this.outgoing.lacksCredit(peer, op)) this.progress()
    if (peer.gone === undefined) this.outgoing.start(peer, op)
    else this.#failGone(op, peer)
  }

  /** Posts a receive, or completes it with a message that is here already. */
  postRecv(op: RecvOp): void {
    this.pending++
    if (this.#incoming.receive(op)) return
    const gone = this.#goneSource(op)
    if (gone === undefined) this.#incoming.matching(op.scope.context).post(op)
    else this.#failGone(op, gone)
  }

  /** A message that a receive for (source, tag) would get now. */
  peek(context: number, source: number, tag: number): Unexpected | undefined {
    return this.#incoming.matching(context).peek(source, tag)
  }

  startProbe(op: ProbeOp): void {
    this.pending++
    this.#incoming.probe(op)
  }

  /** Cancels a receive that has not been matched, or a send of which the peer knows nothing yet. */
  cancel(op: Operation): boolean {
    if (op.done) return false
    if (op instanceof RecvOp) {
      if (!op.posted) return false
      this.#incoming.matching(op.scope.context).withdraw(op)
      op.markCancelled()
    } else if (op instanceof SendOp) {
      if (op.started || !(this.#peers[op.dest]).envelopes.remove(op)) return false
      op.markCancelled()
      this.#requests.release(op)
    } else return false
    this.finish(op)
    return true
  }

  finish(op: Operation): void {
    op.done = true
    if (--this.pending === 0) this.onIdle()
    op.owner?.onDone(op)
    if (op.watchers !== undefined) for (const watcher of op.watchers) watcher.wake()
  }

  /** Runs `continuation` once the frames at hand have been handled. */
  later(continuation: Continuation): void {
    this.#ready.push(continuation)
  }

  /** Forgets a context; messages that waited there are lost. */
  dropContext(context: number): void {
    this.#incoming.dropContext(context)
  }

  /** Handles what has arrived and sends what can be sent. Returns 0 where there was nothing to do. */
  progress(): number {
    const frames = this.transport.poll()
    this.outgoing.flush()
    const copied = this.#direct.active && this.#direct.progress()
    if (this.#leaving.size > 0) this.#reap()
    for (let i = this.#pollers.length - 1; i >= 0; i--) this.#pollers[i].poll()
    if (this.#ready.length > 0) this.#runReady()
    return copied ? frames + 1 : frames
  }

  /** Whether an operation waits for a peer whose frames come in while the event loop turns only. */
  needsTurns(op: Operation): boolean {
    if (op.parts !== undefined) return op.parts().some((part) => !part.done && this.needsTurns(part))
    if (op instanceof SendOp) return this.#peers[op.dest].needsTurns
    if (!(op instanceof RecvOp) || op.source < 0) return false
    return this.#peers[op.source].needsTurns
  }

  /** Whether messages are being copied, by this rank or from it. */
  get copying(): boolean {
    return this.#direct.active
  }

  /** Whether messages are being copied by this rank: then `progress` has something to do without waiting for anybody. */
  get busy(): boolean {
    return this.#direct.busy
  }

  /** Waits awake for something new; see Transport.linger. */
  linger(looks: number, nanoseconds: number): void {
    if (this.#pollers.length > 0) this.#pollers[0].watch()
    this.transport.linger?.(looks, nanoseconds)
  }

  /** Waits for something new, also from the network; false where only the event loop can. See Transport.doze. */
  doze(awake: number, nanoseconds: number): boolean {
    return this.#pollers.length === 0 && this.transport.doze?.(awake, nanoseconds) === true
  }

  /** The engine is about to wait in the event loop; `transport.awake` ends it. False where there is something to do. */
  sleep(): boolean {
    if (!this.transport.sleep()) return false
    if (this.#pollers.every((poller) => poller.sleep())) return true
    this.transport.awake()
    return false
  }

  addPoller(poller: Poller): void {
    this.#pollers.push(poller)
  }

  removePoller(poller: Poller): void {
    this.#pollers.splice(this.#pollers.indexOf(poller), 1)
  }

  #runReady(): void {
    while (this.#ready.length > 0) {
      const ready = this.#ready
      this.#ready = []
      for (const continuation of ready) continuation.advance()
    }
  }

  // ---- what the transport calls ----

  onFrame(source: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number): void {
    this.#incoming.onFrame(source, words, at, bytes, offset)
  }

  placeFor(source: number, words: Int32Array, at: number): Place | undefined {
    return this.#incoming.placeFor(source, words, at)
  }

  onWake(): void {
    this.onProgress()
  }

  onPeerLost(rank: number, reason: Error, undelivered: boolean): void {
    this.peerEnded(rank, reason.message, undefined, undelivered)
  }

  /** `rank` has left, as the launcher says, after `sent` frames to us (undefined: not known). */
  peerEnded(rank: number, how: string, sent: number | undefined, undelivered = false): void {
    const peer = this.#peers[rank]
    if (peer === undefined || peer.gone !== undefined) return
    this.#leaving.set(peer, { how, sent, undelivered })
  }

  /** Frames that have come from a rank that left and had sent more; undefined where none is awaited. */
  framesWhileLeaving(rank: number): number | undefined {
    const peer = this.#peers[rank]
    return peer !== undefined && this.#leaving.has(peer) ? peer.receivedFrames : undefined
  }

  /** Peers that have left and whose last frame has come: whoever waits for them fails. */
  #reap(): void {
    for (const [peer, { how, sent, undelivered }] of this.#leaving) {
      if (sent !== undefined && peer.receivedFrames < sent) continue
      this.#leaving.delete(peer)
      peer.gone = how
      peer.credit = -1
      this.someGone = true
      const waiting = [...this.#waitingFor(peer)]
      for (const op of waiting) this.#failGone(op, peer)
      if (undelivered && waiting.length === 0) this.onUndelivered(peer.rank, how)
      peer.control.clear()
      this.transport.forget?.(peer.rank)
    }
  }

  // ---- peers that leave ----

  /** A receive from anyone waits for the last of the others to leave, whichever that is. */
  *#waitingFor(peer: Peer): Iterable<Operation> {
    for (const op of this.#incoming.posted()) if (this.#goneSource(op) !== undefined) yield op
    for (const probe of this.#incoming.probes) if (this.#goneSource(probe) !== undefined) yield probe
    for (const op of this.#requests) {
      if ((op instanceof SendOp ? op.dest : (op as RecvOp).matchedSource) === peer.rank) yield op
    }
    for (const op of peer.envelopes) if (op.id === 0) yield op
  }

  /** The peer that has left and that this receive cannot do without. */
  #goneSource(op: { source: number; scope: Scope }): Peer | undefined {
    if (op.source !== ANY_SOURCE) return this.#gone(op.source)
    if (op.scope.size === 1) return undefined
    let gone: Peer | undefined
    for (let rank = 0; rank < op.scope.size; rank++) {
      if (rank === op.scope.rank) continue
      gone = this.#gone(op.scope.worldRankOf(rank))
      if (gone === undefined) return undefined
    }
    return gone
  }

  #gone(rank: number): Peer | undefined {
    const peer = this.#peers[rank]
    return peer.gone === undefined ? undefined : peer
  }

  isGone(rank: number): boolean {
    return this.#peers[rank].gone !== undefined
  }

  /** Ends an operation that cannot do without `rank`, which has left. */
  failWithout(rank: number, op: Operation): void {
    this.#failGone(op, this.#peers[rank])
  }

  #failGone(op: Operation, peer: Peer): void {
    const doing = op.describe()
    op.error = new PeerError(`${doing}: rank ${peer.rank} of COMM_WORLD has left (${peer.gone})`, peer.rank)
    if (op instanceof RecvOp && op.posted) this.#incoming.matching(op.scope.context).withdraw(op)
    if (op instanceof SendOp) {
      peer.envelopes.remove(op)
      peer.transfers.remove(op)
      this.outgoing.takeBack(peer, op)
    }
    if (op instanceof RecvOp) peer.fetches.remove(op)
    if (op instanceof ProbeOp) this.#incoming.withdrawProbe(op)
    if (op instanceof SendOp || op instanceof RecvOp) this.#requests.release(op)
    this.finish(op)
    this.onLost(peer.rank, doing)
  }

  /** How many frames went to each peer. */
  sentFrames(): Record<number, number> {
    const sent: Record<number, number> = {}
    for (const peer of this.#peers) if (peer.sentFrames > 0) sent[peer.rank] = peer.sentFrames
    return sent
  }

  /** Receives that are posted and sends that are not done, in words, for a report. */
  describePending(most: number): string[] {
    const lines: string[] = []
    const add = (op: Operation): boolean => lines.length < most && lines.push(op.describe()) > 0
    for (const op of this.#incoming.posted()) if (!add(op)) return lines
    for (const op of this.#requests) if (!add(op)) return lines
    for (const probe of this.#incoming.probes) if (!add(probe)) return lines
    for (const peer of this.#peers) for (const op of peer.envelopes) if (!add(op)) return lines
    for (const poller of this.#pollers) for (const op of poller.pending()) if (!add(op)) return lines
    return lines
  }
}
