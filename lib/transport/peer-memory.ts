// The memory of the other ranks of the host, copied to and from by the addon without their help.
//
// Words of a rank's control block say who it is. A rank uses the memory of another only once it has read the other's
// token there, at the address and in the process that the other names: so a process id of another namespace, or a kernel
// that forbids it, are noticed before anything is copied. How two ranks copy together is in share.ts.
import type { NativeMemory } from '../../native/load.js'
import { PAGE, SHARE_BYTES, shareOffset } from '../wire/segment.js'
import { FROM_BACK, FROM_FRONT, MOST_PIECES, Share, setWide, wide } from './share.js'
import type { Batch, Lender, PeerMemory } from './transport.js'

/** Words of the control block. */
const IDENTITY = 256
const PID = IDENTITY + 1
const ADDRESS = IDENTITY + 2
const TOKEN = IDENTITY + 4
const TOKEN_WORDS = 4

/** Arrays up to 64 bytes may be moved by the garbage collector. */
const SMALLEST = 128
/** Up to this length the address of the latest array is remembered; a larger one would be kept alive by that. */
const REMEMBERED_BYTES = 65536
/** What is copied by one call where nobody helps. */
const ALONE_BYTES = 1024 * 1024
/** How often to look whether the other rank has copied its pieces, before something else is done. */
const LOOKS = 5000
/** Instead of an errno: memory here has been given away. */
const DETACHED = -1

const UNKNOWN = 0
const READABLE = 1
const REFUSED = 2

export interface PeerMemoryOptions {
  readonly memory: NativeMemory
  readonly fd: number
  readonly rank: number
  readonly size: number
  /** More ranks than cores: then two ranks that copy one message take the processor from others. */
  readonly crowded: boolean
  readonly controlOf: (rank: number) => Int32Array
  /** Whether a rank waits in its event loop. */
  readonly isAsleep: (peer: number) => boolean
}

export class ShmPeerMemory implements PeerMemory {
  readonly shared: boolean
  readonly #memory: NativeMemory
  readonly #fd: number
  readonly #rank: number
  readonly #size: number
  readonly #controlOf: (rank: number) => Int32Array
  readonly #isAsleep: (peer: number) => boolean
  /** Kept alive: others read it. */
  readonly #token = new Int32Array(32)
  readonly #known: Uint8Array
  readonly #pids: Int32Array
  /** Shares of messages to us, and of messages from us. */
  readonly #incoming: (Share | undefined)[]
  readonly #outgoing: (Share | undefined)[]
  /** What the addon is told of pieces: address there, address here, length. */
  readonly #pieces = new Float64Array(3 * MOST_PIECES)
  #lastBytes: Uint8Array | undefined
  #lastAddress = 0

  constructor({ memory, fd, rank, size, crowded, controlOf, isAsleep }: PeerMemoryOptions) {
    this.shared = !crowded
    this.#memory = memory
    this.#fd = fd
    this.#rank = rank
    this.#size = size
    this.#controlOf = controlOf
    this.#isAsleep = isAsleep
    this.#known = new Uint8Array(size)
    this.#pids = new Int32Array(size)
    this.#incoming = new Array<undefined>(size)
    this.#outgoing = new Array<undefined>(size)
    this.#introduce()
  }

  #introduce(): void {
    const control = this.#controlOf(this.#rank)
    for (let i = 0; i < TOKEN_WORDS; i++) control[TOKEN + i] = this.#token[i] = Math.floor(Math.random() * 2 ** 32)
    control[PID] = process.pid
    setWide(control, ADDRESS, this.#memory.addressOf(new Uint8Array(this.#token.buffer)))
    Atomics.store(control, IDENTITY, 1)
  }

  readable(peer: number): boolean {
    return this.#known[peer] === READABLE || (this.#known[peer] === UNKNOWN && this.#try(peer))
  }

  #try(peer: number): boolean {
    const control = this.#controlOf(peer)
    if (Atomics.load(control, IDENTITY) !== 1) return false
    const read = new Int32Array(32)
    this.#pids[peer] = control[PID]
    let same = this.read(peer, wide(control, ADDRESS), new Uint8Array(read.buffer), 0, 4 * TOKEN_WORDS) === 0
    for (let i = 0; i < TOKEN_WORDS; i++) same &&= read[i] === control[TOKEN + i]
    this.#known[peer] = same ? READABLE : REFUSED
    return same
  }

  addressOf(bytes: Uint8Array): number {
    if (bytes.length < SMALLEST) return 0
    if (bytes === this.#lastBytes) return this.#lastAddress
    const address = this.#memory.addressOf(bytes)
    if (bytes.length > REMEMBERED_BYTES) return address
    this.#lastBytes = bytes
    return (this.#lastAddress = address)
  }

  /** Where bytes[at] is; 0 where bytes[at … at + length] does not exist, as once the array has been detached. */
  #here(bytes: Uint8Array, at: number, length: number): number {
    return at + length <= bytes.length ? this.addressOf(bytes) + at : 0
  }

  #list(index: number, there: number, here: number, length: number): void {
    const pieces = this.#pieces
    pieces[3 * index] = there
    pieces[3 * index + 1] = here
    pieces[3 * index + 2] = length
  }

  read(peer: number, address: number, bytes: Uint8Array, at: number, length: number): number {
    const here = this.#here(bytes, at, length)
    if (here === 0) return DETACHED
    this.#list(0, address, here, length)
    return this.#memory.copyFrom(this.#pids[peer], this.#pieces, 1)
  }

  write(peer: number, address: number, bytes: Uint8Array, at: number, length: number): number {
    const here = this.#here(bytes, at, length)
    if (here === 0) return DETACHED
    this.#list(0, address, here, length)
    return this.#memory.copyTo(this.#pids[peer], this.#pieces, 1)
  }

  helps(peer: number): boolean {
    return this.shared && !this.#isAsleep(peer)
  }

  fetch(peer: number, batch: Batch): boolean {
    if (!batch.open && (batch.count === 1 || !this.helps(peer))) {
      this.#copyAll(peer, batch)
      return true
    }
    const share = (this.#incoming[peer] ??= this.#map(peer, this.#rank))
    if (!batch.open) this.#open(share, batch)
    for (let count = share.claim(FROM_FRONT); count > 0; count = share.claim(FROM_FRONT)) {
      this.#copy(peer, batch, share.first, count)
    }
    for (let looks = 0; !share.settled; looks++) if (looks === LOOKS) return false
    this.#close(peer, share, batch)
    return true
  }

  #copyAll(peer: number, batch: Batch): void {
    for (let first = 0, count: number; first < batch.count; first += count) {
      count = 1
      for (let bytes = batch.pieces[first].length; first + count < batch.count; count++) {
        bytes += batch.pieces[first + count].length
        if (bytes > ALONE_BYTES) break
      }
      this.#copy(peer, batch, first, count)
    }
  }

  #open(share: Share, batch: Batch): void {
    for (let i = 0; i < batch.count; i++) {
      const { bytes, at, length } = batch.pieces[i]
      this.#list(i, 0, this.#here(bytes, at, length), length)
    }
    share.open(batch, this.#pieces)
    batch.open = true
  }

  /** What the other rank could not copy may be within our reach. */
  #close(peer: number, share: Share, batch: Batch): void {
    batch.open = false
    for (let i = batch.count - share.claimed; i < batch.count; i++) {
      if (share.failed(i)) this.#copy(peer, batch, i, 1)
    }
  }

  /** Copies pieces by one call; one by one where that fails, to find out which of them it is. */
  #copy(peer: number, batch: Batch, first: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const { address, bytes, at, length } = batch.pieces[first + i]
      this.#list(i, address, this.#here(bytes, at, length), length)
    }
    if (this.#memory.copyFrom(this.#pids[peer], this.#pieces, count) === 0) return
    for (let i = 0; i < count; i++) {
      const piece = batch.pieces[first + i]
      piece.error = this.read(peer, piece.address, piece.bytes, piece.at, piece.length)
    }
  }

  serve(peer: number, lender: Lender): boolean {
    const share = (this.#outgoing[peer] ??= this.#map(this.#rank, peer))
    let served = false
    for (let count = share.claim(FROM_BACK); count > 0; count = share.claim(FROM_BACK)) {
      const copied = this.#give(peer, lender, share, share.first, count)
      share.done(count, copied ? 0 : ((1 << count) - 1) << (share.first - count + 1))
      served = true
    }
    return served
  }

  /** Copies pieces to the peer. The numbers are the peer's: good for its own memory, and checked for ours. */
  #give(peer: number, lender: Lender, share: Share, first: number, count: number): boolean {
    if (!this.readable(peer)) return false
    for (let i = 0; i < count; i++) {
      const piece = first - i
      const length = share.length(piece)
      const offset = share.offset(piece)
      const lent = lender.lent(peer, share.id(piece))
      if (lent === undefined || length < 0 || offset + length > lent.length) return false
      const here = this.#here(lent.payload, lent.offset + offset, length)
      if (here === 0) return false
      this.#list(i, share.address(piece), here, length)
    }
    return this.#memory.copyTo(this.#pids[peer], this.#pieces, count) === 0
  }

  #map(from: number, to: number): Share {
    const offset = shareOffset(from, to, this.#size)
    const inPage = offset % PAGE
    return new Share(new Int32Array(this.#memory.map(this.#fd, offset - inPage, PAGE), inPage, SHARE_BYTES / 4))
  }
}
