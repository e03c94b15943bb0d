// The point-to-point engine of one process: eager and rendezvous protocols over a transport, progress, lost peers.
//
// Everything runs on the event loop's thread. Frames are handled inside `progress`, which completes operations; owners
// are told at once but start nothing from there: what they want to do next waits in `#ready` until the frames are done.
//
//   eager        EAGER (payload) →                               against the peer's credit; ← CREDIT when consumed
//   synchronous  EAGER with SYNC →            ← ACK when matched
//   rendezvous   RTS →                        ← CTS when matched    DATA … →
//
// Per peer and context, EAGER and RTS leave in the order of their calls: matching rests on it. CTS, ACK, CREDIT and DATA
// name their operation and may overtake.
import { PeerError, TransportError } from '../errors.js'
import type { Receiver, Transport } from '../transport/transport.js'
import {
  ACK,
  CREDIT,
  CTS,
  DATA,
  EAGER,
  FLAG_DISCARD,
  FLAG_SYNC,
  HEADER_WORDS,
  RTS,
  kindOf,
  typeOf,
} from '../wire/header.js'
import { copyBytes, copyOut } from '../wire/bytes.js'
import { accept, beginAssembly, deliver, deliverOwned, endAssembly } from './deliver.js'
import { Matching, Unexpected } from './matching.js'
import { RecvOp, SYNCHRONOUS, SendOp } from './operation.js'
import type { Operation, Scope } from './operation.js'
import { EAGER_OVERHEAD, EAGER_WINDOW, Peer } from './peer.js'
import type { ProbeOp } from './probe.js'
import { ANY_SOURCE } from './status.js'

const NOTHING = new Uint8Array(0)

/** Something to be continued once the frames at hand have been handled: a collective whose round is complete. */
export interface Continuation {
  advance(): void
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
  /** Operations that have been started and are not done. */
  pending = 0
  /** Called from the event loop after arrivals have been handled. */
  onProgress: () => void = () => undefined
  /** Called when the last pending operation has ended. */
  onIdle: () => void = () => undefined
  /** Called when an operation fails because `peer` has left. */
  onLost: (peer: number, doing: string) => void = () => undefined
  readonly #eagerMax: number
  readonly #peers: Peer[]
  readonly #matchings = new Map<number, Matching>()
  #lastContext = -1
  #lastMatching = new Matching()
  readonly #operations: (Operation | undefined)[] = [undefined]
  readonly #freeIds: number[] = []
  readonly #busy: Peer[] = []
  readonly #leaving = new Map<Peer, { how: string; sent: number | undefined }>()
  readonly #probes: ProbeOp[] = []
  #ready: Continuation[] = []
  readonly #header = new Int32Array(HEADER_WORDS)

  constructor({ rank, size, eagerLimit, connect }: EngineOptions) {
    this.rank = rank
    this.size = size
    this.#peers = Array.from({ length: size }, (_, peer) => new Peer(peer))
    this.transport = connect(this)
    this.#eagerMax = eagerLimit === 0 ? -1 : Math.min(eagerLimit, this.transport.maxPayload, EAGER_WINDOW / 4)
  }

  // ---- operations ----

  /**
   * Sends a small message at once, without an operation: true when it is on its way and `payload` is free again.
   * False: use `startSend`.
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
    const peer = this.#peers[dest] as Peer
    if (length > this.#eagerMax || length + EAGER_OVERHEAD > peer.credit || peer.envelopes.length > 0) return false
    return this.#sendEager(peer, context, tag, type, 0, 0, signature, payload, offset, length)
  }

  /** Starts a send; `payload` must stay as it is until the operation is done. */
  startSend(op: SendOp): void {
    const peer = this.#peers[op.dest] as Peer
    this.pending++
    // Credit may have come back in the meantime.
    if (op.length <= this.#eagerMax && op.length + EAGER_OVERHEAD > peer.credit) this.progress()
    if (peer.gone !== undefined) this.#failGone(op, peer)
    else if (peer.envelopes.length > 0 || !this.#sendEnvelope(peer, op)) {
      peer.envelopes.push(op)
      this.#markBusy(peer)
    }
  }

  /** Posts a receive, or completes it with a message that is here already. */
  postRecv(op: RecvOp): void {
    this.pending++
    const matching = this.matching(op.scope.context)
    const message = matching.peek(op.source, op.tag)
    if (message !== undefined) {
      matching.take(message)
      this.#consume(op, message)
      return
    }
    const gone = this.#goneSource(op)
    if (gone === undefined) matching.post(op)
    else this.#failGone(op, gone)
  }

  /** A message that a receive for (source, tag) would get now. */
  peek(context: number, source: number, tag: number): Unexpected | undefined {
    return this.matching(context).peek(source, tag)
  }

  startProbe(op: ProbeOp): void {
    this.pending++
    const message = this.peek(op.scope.context, op.source, op.tag)
    if (message === undefined) this.#probes.push(op)
    else this.#found(op, message)
  }

  /** Cancels a receive that has not been matched, or a send of which the peer knows nothing yet. */
  cancel(op: Operation): boolean {
    if (op.done) return false
    if (op instanceof RecvOp) {
      if (op.bin === undefined) return false
      this.matching(op.scope.context).withdraw(op)
      op.markCancelled()
    } else if (op instanceof SendOp) {
      if (op.started || !(this.#peers[op.dest] as Peer).envelopes.remove(op)) return false
      op.markCancelled()
      this.#release(op)
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

  matching(context: number): Matching {
    if (context === this.#lastContext) return this.#lastMatching
    let matching = this.#matchings.get(context)
    if (matching === undefined) this.#matchings.set(context, (matching = new Matching()))
    this.#lastContext = context
    this.#lastMatching = matching
    return matching
  }

  /** Forgets a context; messages that waited there are lost. */
  dropContext(context: number): void {
    this.#matchings.delete(context)
    this.#lastContext = -1
  }

  /** Handles what has arrived and sends what can be sent. Returns the number of frames. */
  progress(): number {
    const frames = this.transport.poll()
    if (this.#busy.length > 0) this.#flush()
    if (this.#leaving.size > 0) this.#reap()
    if (this.#ready.length > 0) this.#runReady()
    return frames
  }

  #runReady(): void {
    while (this.#ready.length > 0) {
      const ready = this.#ready
      this.#ready = []
      for (const continuation of ready) continuation.advance()
    }
  }

  // ---- sending ----

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
    const eager = op.length <= this.#eagerMax && op.length + EAGER_OVERHEAD <= peer.credit
    if (op.id === 0 && (synchronous || !eager)) op.id = this.#register(op)
    const { context } = op.scope
    if (eager) {
      const flags = synchronous ? FLAG_SYNC : 0
      const { tag, type, id, signature, payload, offset, length } = op
      if (!this.#sendEager(peer, context, tag, type, flags, id, signature, payload, offset, length)) return false
      op.started = true
      if (synchronous) op.owed = ACK
      else this.#finishSend(op)
      return true
    }
    this.#fillHeader(RTS | (op.type << 8), context, op.tag, op.id, op.length, op.signature)
    op.started = this.#transmit(peer, NOTHING, 0, 0)
    if (op.started) op.owed = CTS
    return op.started
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
    if (!this.transport.send(peer.rank, this.#header, payload, offset, length)) return false
    peer.sentFrames++
    return true
  }

  /** CTS, ACK, CREDIT: never refused, at worst queued. */
  #sendControl(peer: Peer, word0: number, id: number, last: number): void {
    if (peer.gone !== undefined) return
    this.#fillHeader(word0, 0, 0, id, 0, last)
    if (peer.control.length === 0 && this.#transmit(peer, NOTHING, 0, 0)) return
    peer.control.push(this.#header.slice())
    this.#markBusy(peer)
  }

  #sendData(peer: Peer, op: SendOp): boolean {
    while (op.sent < op.length) {
      const length = Math.min(op.length - op.sent, this.transport.maxPayload)
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

  #flush(): void {
    for (let i = this.#busy.length - 1; i >= 0; i--) {
      const peer = this.#busy[i] as Peer
      this.#flushPeer(peer)
      if (!peer.idle) continue
      peer.busy = false
      this.#busy.splice(i, 1)
    }
  }

  #flushPeer(peer: Peer): void {
    while (peer.control.length > 0) {
      this.#header.set(peer.control[0] as Int32Array)
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
      this.#finishSend(op)
    }
  }

  #finishSend(op: SendOp): void {
    this.#release(op)
    this.finish(op)
  }

  #register(op: Operation): number {
    const id = this.#freeIds.pop() ?? this.#operations.length
    this.#operations[id] = op
    return id
  }

  #release(op: SendOp | RecvOp): void {
    if (op.id === 0) return
    this.#operations[op.id] = undefined
    this.#freeIds.push(op.id)
    op.id = 0
  }

  // ---- receiving ----

  onFrame(source: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number): void {
    const peer = this.#peers[source] as Peer
    const word0 = words[at] as number
    const id = words[at + 3] as number
    const length = words[at + 4] as number
    peer.receivedFrames++
    switch (kindOf(word0)) {
      case EAGER:
        return this.#onEager(peer, word0, words, at, bytes, offset, length)
      case RTS:
        return this.#onRts(peer, word0, words, at)
      case CTS:
        return this.#onCts(peer, word0, id, words[at + 7] as number)
      case DATA:
        return this.#onData(peer, words[at + 7] as number, bytes, offset, length)
      case ACK:
        return this.#onAck(peer, id)
      case CREDIT:
        if (peer.gone === undefined) peer.credit += id
        return
      default:
        this.onPeerLost(source, new TransportError(`rank ${source} sent a frame of unknown kind ${kindOf(word0)}`))
    }
  }

  #onEager(peer: Peer, word0: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number, length: number): void {
    const tag = words[at + 2] as number
    const signature = words[at + 7] as number
    const id = (word0 & FLAG_SYNC) === 0 ? 0 : (words[at + 3] as number)
    const matching = this.matching(words[at + 1] as number)
    const op = matching.match(peer.rank, tag)
    if (op === undefined) {
      const payload = copyOut(bytes, offset, length)
      this.#store(matching, new Unexpected(peer.rank, tag, typeOf(word0), length, signature, id, payload))
      return
    }
    accept(op, peer.rank, tag, typeOf(word0), length, signature)
    this.#consumed(peer, length, id)
    deliver(op, bytes, offset, length)
    this.finish(op)
  }

  #onRts(peer: Peer, word0: number, words: Int32Array, at: number): void {
    const tag = words[at + 2] as number
    const id = words[at + 3] as number
    const total = (words[at + 5] as number) >>> 0
    const bytes = total + (words[at + 6] as number) * 0x100000000
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      this.onPeerLost(peer.rank, new TransportError(`rank ${peer.rank} announced a message of ${bytes} bytes`))
      return
    }
    const signature = words[at + 7] as number
    const matching = this.matching(words[at + 1] as number)
    const op = matching.match(peer.rank, tag)
    if (op === undefined) {
      this.#store(matching, new Unexpected(peer.rank, tag, typeOf(word0), bytes, signature, id, undefined))
      return
    }
    accept(op, peer.rank, tag, typeOf(word0), bytes, signature)
    this.#answer(op, peer, id)
  }

  /** A receive meets a message that was here before it. */
  #consume(op: RecvOp, message: Unexpected): void {
    const peer = this.#peers[message.source] as Peer
    accept(op, message.source, message.tag, message.type, message.bytes, message.signature)
    if (message.payload === undefined) {
      this.#answer(op, peer, message.requestId)
      return
    }
    this.#consumed(peer, message.bytes, message.requestId)
    deliverOwned(op, message.payload)
    this.finish(op)
  }

  /** An eager message has been taken: its credit goes back, in portions, and a synchronous sender hears of it. */
  #consumed(peer: Peer, length: number, id: number): void {
    if (id !== 0) this.#sendControl(peer, ACK, id, 0)
    peer.owed += length + EAGER_OVERHEAD
    if (peer.owed < EAGER_WINDOW / 4) return
    this.#sendControl(peer, CREDIT, peer.owed, 0)
    peer.owed = 0
  }

  /** Answers an RTS: asks for the data, or completes the send where none is wanted. */
  #answer(op: RecvOp, peer: Peer, id: number): void {
    if (op.error === undefined && op.bytes > 0 && beginAssembly(op)) {
      op.id = this.#register(op)
      this.#sendControl(peer, CTS, id, op.id)
      return
    }
    this.#sendControl(peer, CTS | FLAG_DISCARD, id, 0)
    deliver(op, NOTHING, 0, 0)
    this.finish(op)
  }

  #onCts(peer: Peer, word0: number, id: number, remoteId: number): void {
    const op = this.#answered(peer, id, CTS)
    if (op === undefined) return
    if ((word0 & FLAG_DISCARD) !== 0) {
      this.#finishSend(op)
      return
    }
    op.remoteId = remoteId
    peer.transfers.push(op)
    this.#markBusy(peer)
  }

  #onAck(peer: Peer, id: number): void {
    const op = this.#answered(peer, id, ACK)
    if (op !== undefined) this.#finishSend(op)
  }

  #onData(peer: Peer, id: number, bytes: Uint8Array, offset: number, length: number): void {
    const op = this.#operations[id]
    if (!(op instanceof RecvOp) || op.matchedSource !== peer.rank || op.assembly === undefined) {
      this.onPeerLost(peer.rank, new TransportError(`rank ${peer.rank} sent data for request ${id}, which expects none`))
      return
    }
    if (op.received + length > op.bytes) {
      this.onPeerLost(peer.rank, new TransportError(`rank ${peer.rank} sent more data than it had announced`))
      return
    }
    copyBytes(op.assembly, op.assemblyOffset + op.received, bytes, offset, length)
    op.received += length
    if (op.received < op.bytes) return
    this.#release(op)
    endAssembly(op)
    this.finish(op)
  }

  /** The send that `peer` answers by a frame of `kind`. */
  #answered(peer: Peer, id: number, kind: number): SendOp | undefined {
    const op = this.#operations[id]
    if (op instanceof SendOp && op.dest === peer.rank && op.owed === kind) {
      op.owed = 0
      return op
    }
    this.onPeerLost(peer.rank, new TransportError(`rank ${peer.rank} answered request ${id}, which did not ask it`))
    return undefined
  }

  #store(matching: Matching, message: Unexpected): void {
    matching.store(message)
    for (let i = 0; i < this.#probes.length; i++) {
      const probe = this.#probes[i] as ProbeOp
      if (this.matching(probe.scope.context) !== matching || !probe.matches(message)) continue
      this.#probes.splice(i--, 1)
      this.#found(probe, message)
    }
  }

  #found(probe: ProbeOp, message: Unexpected): void {
    probe.message = message
    this.finish(probe)
  }

  // ---- the event loop, and peers that leave ----

  onWake(): void {
    this.onProgress()
  }

  onPeerLost(rank: number, reason: Error): void {
    this.peerEnded(rank, reason.message, undefined)
  }

  /** `rank` has left, as the launcher says, after `sent` frames to us (undefined: not known). */
  peerEnded(rank: number, how: string, sent: number | undefined): void {
    const peer = this.#peers[rank]
    if (peer === undefined || peer.gone !== undefined) return
    this.#leaving.set(peer, { how, sent })
  }

  /** Peers that have left and whose last frame has come: whoever waits for them fails. */
  #reap(): void {
    for (const [peer, { how, sent }] of this.#leaving) {
      if (sent !== undefined && peer.receivedFrames < sent) continue
      this.#leaving.delete(peer)
      peer.gone = how
      peer.credit = -1
      for (const op of [...this.#waitingFor(peer)]) this.#failGone(op, peer)
      peer.control.length = 0
      this.transport.forget?.(peer.rank)
    }
  }

  /** A receive from anyone waits for the last of the others to leave, whichever that is. */
  *#waitingFor(peer: Peer): Iterable<Operation> {
    for (const matching of this.#matchings.values()) {
      for (const op of matching.posted()) if (this.#goneSource(op) !== undefined) yield op
    }
    for (const probe of this.#probes) if (this.#goneSource(probe) !== undefined) yield probe
    for (const op of this.#operations) {
      if (op instanceof SendOp ? op.dest === peer.rank : op instanceof RecvOp && op.matchedSource === peer.rank) {
        yield op as Operation
      }
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
    const peer = this.#peers[rank] as Peer
    return peer.gone === undefined ? undefined : peer
  }

  #failGone(op: Operation, peer: Peer): void {
    const doing = op.describe()
    op.error = new PeerError(`${doing}: rank ${peer.rank} of COMM_WORLD has left (${peer.gone})`, peer.rank)
    if (op instanceof RecvOp && op.bin !== undefined) this.matching(op.scope.context).withdraw(op)
    if (op instanceof SendOp) {
      peer.envelopes.remove(op)
      peer.transfers.remove(op)
    }
    const probe = this.#probes.indexOf(op as ProbeOp)
    if (probe >= 0) this.#probes.splice(probe, 1)
    if (op instanceof SendOp || op instanceof RecvOp) this.#release(op)
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
    for (const matching of this.#matchings.values()) for (const op of matching.posted()) if (!add(op)) return lines
    for (const op of this.#operations) if (op !== undefined && !add(op)) return lines
    for (const probe of this.#probes) if (!add(probe)) return lines
    for (const peer of this.#peers) for (const op of peer.envelopes) if (!add(op)) return lines
    return lines
  }
}
