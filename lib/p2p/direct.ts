// Large messages that are copied once: the receiver takes them from the sender's memory, and the sender helps.
//
// An RTS that carries an address offers the sender's memory. The receiver copies from there, in batches of pieces, and
// answers by ACK; or by CTS where it cannot, and the message comes as DATA like any other. Meanwhile the sender, whenever
// it makes progress, looks whether it can do some of the pieces.
//
// A batch is what is copied between two looks at the transport: BATCH_BYTES at most, so that nobody waits long.
import { ArgumentError } from '../errors.js'
import type { Batch, Lender, PeerMemory, Piece } from '../transport/transport.js'
import { ACK, CTS } from '../wire/header.js'
import { endAssembly } from './deliver.js'
import { RecvOp, SendOp } from './operation.js'
import type { Operation } from './operation.js'
import type { Outgoing } from './outgoing.js'
import type { Peer } from './peer.js'
import type { RequestTable } from './request-table.js'

const MOST_PIECES = 16
const BATCH_BYTES = 4 * 1024 * 1024
/** A piece that this rank copies alone, and the bounds of one where the peer may help. */
const ALONE_BYTES = 1024 * 1024
const SHARED_LEAST = 32 * 1024
/** Up to this length a message is one piece in any case. */
export const ONE_PIECE = SHARED_LEAST + SHARED_LEAST / 4
const SHARED_MOST = 256 * 1024
const PAGE = 4096

class PieceList implements Batch {
  readonly pieces: Piece[] = []
  readonly ops: RecvOp[] = []
  count = 0
  open = false

  clear(): void {
    this.count = 0
  }

  add(op: RecvOp, length: number): void {
    const piece = (this.pieces[this.count] ??= { id: 0, offset: 0, address: 0, bytes: op.assembly!, at: 0, length: 0, error: 0 })
    piece.id = op.remoteId
    piece.offset = op.received
    piece.address = op.address + op.received
    piece.bytes = op.assembly!
    piece.at = op.assemblyOffset + op.received
    piece.length = length
    piece.error = 0
    this.ops[this.count++] = op
    op.received += length
  }
}

export interface DirectOptions {
  readonly requests: RequestTable
  readonly outgoing: Outgoing
  readonly finish: (op: Operation) => void
}

export class Direct implements Lender {
  readonly #requests: RequestTable
  readonly #outgoing: Outgoing
  readonly #finish: (op: Operation) => void
  /** Peers that have messages for us to copy, and what is being copied. */
  readonly #sources: { readonly peer: Peer; readonly memory: PeerMemory; readonly batch: PieceList }[] = []
  #next = 0

  constructor({ requests, outgoing, finish }: DirectOptions) {
    this.#requests = requests
    this.#outgoing = outgoing
    this.#finish = finish
  }

  /** Whether `progress` is worth a call. */
  get active(): boolean {
    return this.#sources.length > 0 || this.#outgoing.borrowers.length > 0
  }

  /** Whether there is something to copy: then nobody needs to wait for a frame. */
  get busy(): boolean {
    return this.#sources.length > 0
  }

  /** Takes over a matched receive whose message is at `address` in the sender's memory. False where that cannot be read. */
  start(op: RecvOp, peer: Peer, id: number, address: number): boolean {
    const { memory } = peer
    if (memory === undefined || !memory.readable(peer.rank)) return false
    op.remoteId = id
    op.address = address
    peer.fetches.push(op)
    if (peer.fetches.length === 1) this.#sources.push({ peer, memory, batch: new PieceList() })
    return true
  }

  /** Copies one batch, and part of what others copy from us. Returns whether there was something to do. */
  progress(): boolean {
    const served = this.#outgoing.borrowers.length > 0 && this.#serve()
    return (this.#sources.length > 0 && this.#fetch()) || served
  }

  #serve(): boolean {
    let active = false
    for (const peer of this.#outgoing.borrowers) {
      if (peer.memory!.serve(peer.rank, this)) active = true
    }
    return active
  }

  lent(peer: number, id: number): SendOp | undefined {
    const op = this.#requests.get(id)
    return op instanceof SendOp && op.dest === peer && op.lent ? op : undefined
  }

  #fetch(): boolean {
    if (this.#next >= this.#sources.length) this.#next = 0
    const source = this.#sources[this.#next++]
    const { peer, memory, batch } = source
    if (peer.fetches.length > 0) {
      if (!batch.open) fill(batch, peer, memory.helps(peer.rank))
      if (!memory.fetch(peer.rank, batch)) return true
      this.#settle(peer, batch)
    }
    if (peer.fetches.length === 0) this.#sources.splice(this.#sources.indexOf(source), 1)
    return true
  }

  /** The pieces of a batch have been copied, or not. */
  #settle(peer: Peer, batch: PieceList): void {
    for (let i = 0; i < batch.count; i++) {
      const op = batch.ops[i]
      // One that has failed is no longer the first.
      if (op !== peer.fetches.first) continue
      const { error } = batch.pieces[i]
      const last = i + 1 === batch.count || batch.ops[i + 1] !== op
      if (error !== 0) {
        peer.fetches.shift()
        this.#recover(op, peer)
      } else if (last && op.received === op.bytes) {
        peer.fetches.shift()
        this.#complete(op, peer)
      }
    }
  }

  #complete(op: RecvOp, peer: Peer): void {
    this.#outgoing.sendControl(peer, ACK, op.remoteId, 0)
    this.#requests.release(op)
    if (op.error === undefined) endAssembly(op)
    this.#finish(op)
  }

  /** The message could not be copied: asks for it. A peer that has ended will not answer, and the receive fails by that. */
  #recover(op: RecvOp, peer: Peer): void {
    op.received = 0
    const { assembly, assemblyOffset, bytes } = op
    if (assembly !== undefined && assembly.length >= assemblyOffset + bytes) {
      this.#outgoing.sendControl(peer, CTS, op.remoteId, op.id)
      return
    }
    op.error = new ArgumentError(`${op.describe()}: into was detached or cut while the message was being received`)
    this.#complete(op, peer)
  }
}

/** Cuts the messages that wait at a peer into pieces. */
function fill(batch: PieceList, peer: Peer, shared: boolean): void {
  batch.clear()
  let total = 0
  for (const op of peer.fetches) if ((total += op.bytes - op.received) >= BATCH_BYTES) break
  const half = Math.ceil(total / 2 / PAGE) * PAGE
  const most = shared ? Math.min(Math.max(half, SHARED_LEAST), SHARED_MOST) : ALONE_BYTES
  let room = BATCH_BYTES
  for (const op of peer.fetches) {
    while (op.received < op.bytes) {
      if (batch.count === MOST_PIECES || room <= 0) return
      const rest = op.bytes - op.received
      const length = rest <= most + most / 4 ? rest : most
      batch.add(op, length)
      room -= length
    }
  }
}
