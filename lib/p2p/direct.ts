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
import { SendOp } from './operation.js'
import type { Operation, RecvOp } from './operation.js'
import type { Outgoing } from './outgoing.js'
import type { Peer } from './peer.js'
import type { RequestTable } from './request-table.js'

const MOST_PIECES = 16
const BATCH_BYTES = 4 * 1024 * 1024
/** The largest piece that a rank copies alone, and where the peer helps. */
const ALONE_BYTES = 1024 * 1024
const SHARED_MOST = 256 * 1024
/** Up to this length a message is one piece in any case; from there on it pays to share it. */
export const ONE_PIECE = 64 * 1024 - 1
const SHARED_FROM = ONE_PIECE + 1
const PAGE = 4096
const NOTHING = new Uint8Array(0)

/** What is copied together: pieces, and whose they are. */
class PieceList implements Batch {
  readonly pieces: Piece[] = Array.from({ length: MOST_PIECES }, noPiece)
  readonly #opOf: RecvOp[] = []
  count = 0
  open = false
  /** The receives, each once, in order. */
  readonly ops: RecvOp[] = []
  readonly failed = new Set<RecvOp>()

  /**
   * Cuts the messages that wait at a peer into pieces. Where the peer helps, it begins at the end of the list: there are
   * the second halves, so that each rank always copies the same part of a message, and has it in its cache if the same
   * memory is sent and received again.
   */
  fill(fetches: Iterable<RecvOp>, shared: boolean): void {
    this.#clear()
    let back = MOST_PIECES
    let room = BATCH_BYTES
    for (const op of fetches) {
      const length = Math.min(op.bytes - op.received, room)
      const half = shared && length >= SHARED_FROM ? Math.ceil(length / 2 / PAGE) * PAGE : length
      const most = half === length ? ALONE_BYTES : SHARED_MOST
      const pieces = Math.ceil(half / most) + Math.ceil((length - half) / most)
      if (length === 0 || this.count + pieces > back) break
      this.ops.push(op)
      for (let at = 0; at < half; at += most) this.#set(this.count++, op, at, Math.min(most, half - at))
      for (let at = half; at < length; at += most) this.#set(--back, op, at, Math.min(most, length - at))
      op.received += length
      room -= length
    }
    this.#close(back)
  }

  #clear(): void {
    this.count = 0
    this.ops.length = 0
    this.failed.clear()
  }

  #set(index: number, op: RecvOp, at: number, length: number): void {
    const piece = this.pieces[index]
    const offset = op.received + at
    this.#opOf[index] = op
    piece.id = op.remoteId
    piece.offset = offset
    piece.address = op.address + offset
    piece.bytes = op.assembly!
    piece.at = op.assemblyOffset + offset
    piece.length = length
    piece.error = 0
  }

  /** Moves the second halves down to the first ones. */
  #close(back: number): void {
    for (let from = back; from < MOST_PIECES; from++) {
      const free = this.pieces[this.count]
      this.pieces[this.count] = this.pieces[from]
      this.pieces[from] = free
      this.#opOf[this.count++] = this.#opOf[from]
    }
  }

  /** Notes whose pieces could not be copied. */
  judge(): void {
    for (let i = 0; i < this.count; i++) if (this.pieces[i].error !== 0) this.failed.add(this.#opOf[i])
  }
}

const noPiece = (): Piece => ({ id: 0, offset: 0, address: 0, bytes: NOTHING, at: 0, length: 0, error: 0 })

interface Source {
  readonly peer: Peer
  readonly memory: PeerMemory
  readonly batch: PieceList
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
  readonly #sources: Source[] = []
  /** By rank: a source is there again soon. */
  readonly #known: Source[] = []
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
    if (peer.fetches.length === 1) this.#sources.push((this.#known[peer.rank] ??= { peer, memory, batch: new PieceList() }))
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
      if (!batch.open) batch.fill(peer.fetches, memory.helps(peer.rank))
      if (!memory.fetch(peer.rank, batch)) return true
      this.#settle(peer, batch)
    }
    if (peer.fetches.length === 0) this.#sources.splice(this.#sources.indexOf(source), 1)
    return true
  }

  /** The pieces of a batch have been copied, or not. */
  #settle(peer: Peer, batch: PieceList): void {
    batch.judge()
    for (const op of batch.ops) {
      if (op.received < op.bytes && !batch.failed.has(op)) return
      peer.fetches.shift()
      if (batch.failed.has(op)) this.#recover(op, peer)
      else this.#complete(op, peer)
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
