// Incoming frames: matched with receives or kept until one comes, answered, put together.
//
//   eager        EAGER (payload) →                               against the peer's credit; ← CREDIT when consumed
//   synchronous  EAGER with SYNC →            ← ACK when matched
//   rendezvous   RTS →                        ← CTS when matched    DATA … →
//   direct       RTS with an address →        matched, and copied from there    ← ACK (or CTS, and on as above)
//
// Nothing that a frame says is believed: one that does not fit makes its peer lost.
import { TransportError } from '../errors.js'
import type { Place } from '../transport/transport.js'
import { copyBytes, copyOut } from '../wire/bytes.js'
import { ACK, ADDRESS_BYTES, CREDIT, CTS, DATA, EAGER, FLAG_DISCARD, FLAG_SYNC, RTS, kindOf, typeOf } from '../wire/header.js'
import type { Direct } from './direct.js'
import { accept, beginAssembly, deliver, deliverOwned, endAssembly } from './deliver.js'
import { Matching, Unexpected } from './matching.js'
import { RecvOp, SendOp } from './operation.js'
import type { Operation } from './operation.js'
import type { Outgoing } from './outgoing.js'
import { EAGER_OVERHEAD } from './peer.js'
import type { Peer } from './peer.js'
import type { ProbeOp } from './probe.js'
import type { RequestTable } from './request-table.js'

const NOTHING = new Uint8Array(0)

export interface IncomingOptions {
  readonly peers: readonly Peer[]
  readonly requests: RequestTable
  readonly outgoing: Outgoing
  readonly direct: Direct
  readonly finish: (op: Operation) => void
  readonly broken: (peer: Peer, reason: Error) => void
}

export class Incoming {
  readonly #peers: readonly Peer[]
  readonly #requests: RequestTable
  readonly #outgoing: Outgoing
  readonly #direct: Direct
  readonly #finish: (op: Operation) => void
  readonly #broken: (peer: Peer, reason: Error) => void
  readonly #matchings = new Map<number, Matching>()
  #lastContext = -1
  #lastMatching = new Matching()
  readonly #probes: ProbeOp[] = []
  readonly #address = new Float64Array(1)
  readonly #addressBytes = new Uint8Array(this.#address.buffer)

  constructor({ peers, requests, outgoing, direct, finish, broken }: IncomingOptions) {
    this.#peers = peers
    this.#requests = requests
    this.#outgoing = outgoing
    this.#direct = direct
    this.#finish = finish
    this.#broken = broken
  }

  /** Completes a receive with a message that is here already, if there is one. */
  receive(op: RecvOp): boolean {
    const matching = this.matching(op.scope.context)
    const message = matching.peek(op.source, op.tag)
    if (message === undefined) return false
    matching.take(message)
    this.#consume(op, message)
    return true
  }

  /** Completes a probe with a message that is here already, or keeps it. */
  probe(op: ProbeOp): void {
    const message = this.matching(op.scope.context).peek(op.source, op.tag)
    if (message === undefined) this.#probes.push(op)
    else this.#found(op, message)
  }

  withdrawProbe(op: ProbeOp): void {
    const at = this.#probes.indexOf(op)
    if (at >= 0) this.#probes.splice(at, 1)
  }

  get probes(): readonly ProbeOp[] {
    return this.#probes
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

  /** All receives that no message has matched. */
  *posted(): Iterable<RecvOp> {
    for (const matching of this.#matchings.values()) yield* matching.posted()
  }

  onFrame(source: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number): void {
    const peer = this.#peers[source]
    const word0 = words[at]
    const id = words[at + 3]
    const length = words[at + 4]
    peer.receivedFrames++
    switch (kindOf(word0)) {
      case EAGER:
        return this.#onEager(peer, word0, words, at, bytes, offset, length)
      case RTS:
        return this.#onRts(peer, word0, words, at, bytes, offset)
      case CTS:
        return this.#onCts(peer, word0, id, words[at + 7])
      case DATA:
        return this.#onData(peer, words[at + 7], bytes, offset, length)
      case ACK:
        return this.#onAck(peer, id)
      case CREDIT:
        if (peer.gone === undefined) peer.credit += id
        return
      default:
        this.#broken(peer, new TransportError(`rank ${source} sent a frame of unknown kind ${kindOf(word0)}`))
    }
  }

  /** Data of a message that is being put together belong there. */
  placeFor(source: number, words: Int32Array, at: number): Place | undefined {
    const op = kindOf(words[at]) === DATA ? this.#requests.get(words[at + 7]) : undefined
    if (!(op instanceof RecvOp) || op.matchedSource !== source || op.assembly === undefined) return undefined
    if (op.received + words[at + 4] > op.bytes) return undefined
    return { bytes: op.assembly, offset: op.assemblyOffset + op.received }
  }

  #onEager(peer: Peer, word0: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number, length: number): void {
    const tag = words[at + 2]
    const signature = words[at + 7]
    const id = (word0 & FLAG_SYNC) === 0 ? 0 : (words[at + 3])
    const matching = this.matching(words[at + 1])
    const op = matching.match(peer.rank, tag)
    if (op === undefined) {
      const payload = copyOut(bytes, offset, length)
      this.#store(matching, new Unexpected(peer.rank, tag, typeOf(word0), length, signature, id, payload))
      return
    }
    accept(op, peer.rank, tag, typeOf(word0), length, signature)
    this.consumed(peer, length, id)
    deliver(op, bytes, offset, length)
    this.#finish(op)
  }

  #onRts(peer: Peer, word0: number, words: Int32Array, at: number, payload: Uint8Array, offset: number): void {
    const tag = words[at + 2]
    const id = words[at + 3]
    const total = (words[at + 5]) >>> 0
    const bytes = total + (words[at + 6]) * 0x100000000
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      this.#broken(peer, new TransportError(`rank ${peer.rank} announced a message of ${bytes} bytes`))
      return
    }
    const address = words[at + 4] === 0 ? 0 : this.#addressIn(payload, offset, words[at + 4])
    if (!Number.isSafeInteger(address) || address < 0) {
      this.#broken(peer, new TransportError(`rank ${peer.rank} announced a message at an address that is none`))
      return
    }
    const signature = words[at + 7]
    const matching = this.matching(words[at + 1])
    const op = matching.match(peer.rank, tag)
    if (op === undefined) {
      this.#store(matching, new Unexpected(peer.rank, tag, typeOf(word0), bytes, signature, id, undefined, address))
      return
    }
    accept(op, peer.rank, tag, typeOf(word0), bytes, signature)
    this.#answer(op, peer, id, address)
  }

  #addressIn(payload: Uint8Array, offset: number, length: number): number {
    if (length !== ADDRESS_BYTES) return -1
    copyBytes(this.#addressBytes, 0, payload, offset, length)
    return this.#address[0]
  }

  /** A receive meets a message that was here before it. */
  #consume(op: RecvOp, message: Unexpected): void {
    const peer = this.#peers[message.source]
    accept(op, message.source, message.tag, message.type, message.bytes, message.signature)
    if (message.payload === undefined) {
      this.#answer(op, peer, message.requestId, message.address)
      return
    }
    this.consumed(peer, message.bytes, message.requestId)
    deliverOwned(op, message.payload)
    this.#finish(op)
  }

  /** An eager message has been taken: its credit goes back, in portions, and a synchronous sender hears of it. */
  consumed(peer: Peer, length: number, id: number): void {
    if (id !== 0) this.#outgoing.sendControl(peer, ACK, id, 0)
    peer.owed += length + EAGER_OVERHEAD
    if (peer.owed < peer.window / 4) return
    this.#outgoing.sendControl(peer, CREDIT, peer.owed, 0)
    peer.owed = 0
  }

  /** Answers an RTS: copies the data or asks for it, or completes the send where none is wanted. */
  #answer(op: RecvOp, peer: Peer, id: number, address: number): void {
    if (op.error === undefined && op.bytes > 0 && beginAssembly(op)) {
      this.#requests.register(op)
      if (address > 0 && this.#direct.start(op, peer, id, address)) return
      this.#outgoing.sendControl(peer, CTS, id, op.id)
      return
    }
    this.#outgoing.sendControl(peer, CTS | FLAG_DISCARD, id, 0)
    deliver(op, NOTHING, 0, 0)
    this.#finish(op)
  }

  #onCts(peer: Peer, word0: number, id: number, remoteId: number): void {
    const op = this.#answered(peer, id, CTS)
    if (op !== undefined) this.#outgoing.onCts(peer, op, word0, remoteId)
  }

  #onAck(peer: Peer, id: number): void {
    const op = this.#answered(peer, id, ACK)
    if (op !== undefined) this.#outgoing.finishSend(op)
  }

  #onData(peer: Peer, id: number, bytes: Uint8Array, offset: number, length: number): void {
    const op = this.#requests.get(id)
    if (!(op instanceof RecvOp) || op.matchedSource !== peer.rank || op.assembly === undefined) {
      this.#broken(peer, new TransportError(`rank ${peer.rank} sent data for request ${id}, which expects none`))
      return
    }
    if (op.received + length > op.bytes) {
      this.#broken(peer, new TransportError(`rank ${peer.rank} sent more data than it had announced`))
      return
    }
    const at = op.assemblyOffset + op.received
    if (bytes !== op.assembly || offset !== at) copyBytes(op.assembly, at, bytes, offset, length)
    op.received += length
    if (op.received < op.bytes) return
    this.#requests.release(op)
    endAssembly(op)
    this.#finish(op)
  }

  /** The send that `peer` answers by a frame of `kind`. */
  #answered(peer: Peer, id: number, kind: number): SendOp | undefined {
    const op = this.#requests.get(id)
    if (op instanceof SendOp && op.dest === peer.rank && (op.owed === kind || (kind === ACK && op.lent))) {
      op.owed = 0
      this.#outgoing.takeBack(peer, op)
      return op
    }
    this.#broken(peer, new TransportError(`rank ${peer.rank} answered request ${id}, which did not ask it`))
    return undefined
  }

  #store(matching: Matching, message: Unexpected): void {
    matching.store(message)
    for (let i = 0; i < this.#probes.length; i++) {
      const probe = this.#probes[i]
      if (this.matching(probe.scope.context) !== matching || !probe.matches(message)) continue
      this.#probes.splice(i--, 1)
      this.#found(probe, message)
    }
  }

  #found(probe: ProbeOp, message: Unexpected): void {
    probe.message = message
    this.#finish(probe)
  }
}
