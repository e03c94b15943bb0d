// The memory of the other ranks of the host, copied to and from by the addon without their help.
//
// Words of a rank's control block say who it is. A rank uses the memory of another only once it has read the other's
// token there, at the address and in the process that the other names: so a process id of another namespace, or a kernel
// that forbids it, are noticed before anything is copied.
//
// Where two ranks copy together. For every ordered pair of ranks (from, to) there is a share, a few lines of the segment:
//
//   STATE      generation (17 bits), pieces (5), claimed from the front (5), claimed from the back (5)
//   DONE       pieces that `from` has copied, or failed to copy
//   FAILED     a bit for each piece that it failed to copy
//   PIECES …   which piece: id of the message, offset in it, length, address in the memory of `to`
//
// `to` writes PIECES and opens the share by a new STATE; then both claim pieces by compare-and-exchange of STATE, `to`
// from the front and `from` from the back, until none is left. Invariants:
// - A piece is copied by whoever has claimed it. `to` uses the share again only when DONE says that `from` has none under
//   way: so PIECES read after a claim are those of the claimed piece, however late that is.
// - `from` writes to the memory of `to` only between a claim and DONE, and `to` returns from `fetch` for good only after
//   it. Nothing is written to memory that has been given back.
// - Nobody waits for `from` to look: what it does not claim, `to` copies.
import type { NativeMemory } from '../../native/load.js'
import { PAGE, SHARE_BYTES, shareOffset } from '../wire/segment.js'
import type { Batch, Lender, PeerMemory, Piece } from './transport.js'

/** Words of the control block. */
const IDENTITY = 256
const PID = IDENTITY + 1
const ADDRESS_LOW = IDENTITY + 2
const ADDRESS_HIGH = IDENTITY + 3
const TOKEN = IDENTITY + 4
const TOKEN_WORDS = 4

/** Words of a share. */
const STATE = 0
const DONE = 32
const FAILED = 33
const PIECES = 64
const WORDS_PER_PIECE = 8
export const MOST_PIECES = 16

const FRONT = 5
const PIECE_COUNT = 10
const GENERATION = 15
const MASK = 31
const ONE_FRONT = 1 << FRONT
const ONE_BACK = 1

/** Arrays up to 64 bytes may be moved by the garbage collector. */
const SMALLEST = 128
/** How often to look whether the other rank has copied its piece, before something else is done. */
const LOOKS = 5000
const TWO32 = 0x100000000

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
  readonly #memory: NativeMemory
  readonly #fd: number
  readonly #rank: number
  readonly #size: number
  readonly shared: boolean
  readonly #controlOf: (rank: number) => Int32Array
  readonly #isAsleep: (peer: number) => boolean
  /** Kept alive: others read it. */
  readonly #token = new Int32Array(32)
  readonly #known: Uint8Array
  readonly #pids: Int32Array
  readonly #incoming: (Int32Array | undefined)[]
  readonly #outgoing: (Int32Array | undefined)[]

  constructor({ memory, fd, rank, size, crowded, controlOf, isAsleep }: PeerMemoryOptions) {
    this.#memory = memory
    this.#fd = fd
    this.#rank = rank
    this.#size = size
    this.shared = !crowded
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
    const address = this.#memory.addressOf(new Uint8Array(this.#token.buffer))
    for (let i = 0; i < TOKEN_WORDS; i++) control[TOKEN + i] = this.#token[i] = Math.floor(Math.random() * TWO32)
    control[PID] = process.pid
    control[ADDRESS_LOW] = address % TWO32
    control[ADDRESS_HIGH] = Math.floor(address / TWO32)
    Atomics.store(control, IDENTITY, 1)
  }

  addressOf(bytes: Uint8Array): number {
    return bytes.length < SMALLEST ? 0 : this.#memory.addressOf(bytes)
  }

  readable(peer: number): boolean {
    return this.#known[peer] === READABLE || (this.#known[peer] === UNKNOWN && this.#try(peer))
  }

  #try(peer: number): boolean {
    const control = this.#controlOf(peer)
    if (Atomics.load(control, IDENTITY) !== 1) return false
    const read = new Int32Array(32)
    const address = wide(control, ADDRESS_LOW)
    const error = this.#memory.copyFrom(control[PID], address, new Uint8Array(read.buffer), 0, 4 * TOKEN_WORDS)
    let same = error === 0
    for (let i = 0; i < TOKEN_WORDS; i++) same &&= read[i] === control[TOKEN + i]
    this.#known[peer] = same ? READABLE : REFUSED
    this.#pids[peer] = control[PID]
    return same
  }

  helps(peer: number): boolean {
    return this.shared && !this.#isAsleep(peer)
  }

  read(peer: number, address: number, bytes: Uint8Array, at: number, length: number): number {
    return this.#memory.copyFrom(this.#pids[peer], address, bytes, at, length)
  }

  fetch(peer: number, batch: Batch): boolean {
    if (!batch.open) {
      if (batch.count === 1 || !this.helps(peer)) {
        for (let i = 0; i < batch.count; i++) this.#copy(peer, batch.pieces[i])
        return true
      }
      this.#open(peer, batch)
    }
    const share = this.#incomingShare(peer)
    for (let piece = claim(share, ONE_FRONT); piece >= 0; piece = claim(share, ONE_FRONT)) {
      this.#copy(peer, batch.pieces[piece])
    }
    const theirs = share[STATE] & MASK
    for (let looks = 0; Atomics.load(share, DONE) !== theirs; looks++) if (looks === LOOKS) return false
    this.#close(peer, batch, share)
    return true
  }

  #copy(peer: number, piece: Piece): void {
    piece.error = this.#memory.copyFrom(this.#pids[peer], piece.address, piece.bytes, piece.at, piece.length)
  }

  #open(peer: number, batch: Batch): void {
    const share = this.#incomingShare(peer)
    let target: Uint8Array | undefined
    let base = 0
    for (let i = 0; i < batch.count; i++) {
      const { id, offset, length, bytes, at } = batch.pieces[i]
      const word = PIECES + i * WORDS_PER_PIECE
      share[word] = id
      share[word + 1] = length
      setWide(share, word + 2, offset)
      if (bytes !== target) base = this.#memory.addressOf((target = bytes))
      setWide(share, word + 4, base + at)
    }
    share[DONE] = 0
    share[FAILED] = 0
    batch.open = true
    const generation = (share[STATE] >>> GENERATION) + 1
    Atomics.store(share, STATE, (generation << GENERATION) | (batch.count << PIECE_COUNT))
  }

  /** What the other rank could not copy may be within our reach. */
  #close(peer: number, batch: Batch, share: Int32Array): void {
    batch.open = false
    const theirs = share[STATE] & MASK
    for (let i = batch.count - theirs; i < batch.count; i++) {
      batch.pieces[i].error = 0
      if ((share[FAILED] & (1 << i)) !== 0) this.#copy(peer, batch.pieces[i])
    }
  }

  serve(peer: number, lender: Lender): boolean {
    const share = (this.#outgoing[peer] ??= this.#map(this.#rank, peer))
    let served = false
    for (let piece = claim(share, ONE_BACK); piece >= 0; piece = claim(share, ONE_BACK)) {
      served = true
      const word = PIECES + piece * WORDS_PER_PIECE
      if (!this.#give(peer, lender, share, word)) Atomics.or(share, FAILED, 1 << piece)
      Atomics.add(share, DONE, 1)
    }
    return served
  }

  /** Copies one piece to the peer. The numbers are the peer's: they are good for its own memory, and checked for ours. */
  #give(peer: number, lender: Lender, share: Int32Array, word: number): boolean {
    const length = share[word + 1]
    const offset = wide(share, word + 2)
    const lent = lender.lent(peer, share[word])
    if (lent === undefined || length < 0 || offset + length > lent.length || !this.readable(peer)) return false
    const address = wide(share, word + 4)
    return this.#memory.copyTo(this.#pids[peer], address, lent.payload, lent.offset + offset, length) === 0
  }

  #incomingShare(peer: number): Int32Array {
    return (this.#incoming[peer] ??= this.#map(peer, this.#rank))
  }

  #map(from: number, to: number): Int32Array {
    const offset = shareOffset(from, to, this.#size)
    const inPage = offset % PAGE
    return new Int32Array(this.#memory.map(this.#fd, offset - inPage, PAGE), inPage, SHARE_BYTES / 4)
  }
}

/** Claims the next piece from the front or from the back. Returns which, or -1 where none is left. */
function claim(share: Int32Array, one: number): number {
  let state = share[STATE]
  for (;;) {
    const pieces = (state >>> PIECE_COUNT) & MASK
    const front = (state >>> FRONT) & MASK
    const back = state & MASK
    if (front + back >= pieces || pieces > MOST_PIECES) return -1
    const seen = Atomics.compareExchange(share, STATE, state, state + one)
    if (seen === state) return one === ONE_FRONT ? front : pieces - 1 - back
    state = seen
  }
}

const wide = (words: Int32Array, at: number): number => (words[at] >>> 0) + (words[at + 1] >>> 0) * TWO32

function setWide(words: Int32Array, at: number, value: number): void {
  words[at] = value % TWO32
  words[at + 1] = Math.floor(value / TWO32)
}
