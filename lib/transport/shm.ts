// Shared memory inside a host: a ring per ordered pair of ranks, a control block and a doorbell per rank.
//
// Words of a rank's control block:
//
//   SLEEPING    1: the rank waits in its event loop; set by the rank, cleared by whoever rings its doorbell (or by it)
//   ANNOUNCED   how many ranks have begun to write to it; added to by them
//   WRITERS …   a bit for each such rank
//   IDENTITY …  see peer-memory.ts
//
// Why no wake-up is lost. A sender moves TAIL (or announces itself), then reads SLEEPING. A receiver sets SLEEPING, then
// reads ANNOUNCED and every TAIL. All four are sequentially consistent, so in any order of events either the sender sees
// SLEEPING and rings, or the receiver sees the frame and does not sleep. The same for room: a consumer moves HEAD, then
// reads WAITING and SLEEPING of the producer; the producer sets WAITING and SLEEPING, then reads HEAD. The doorbell is an
// eventfd: a ring before the event loop waits is remembered. Whoever turns SLEEPING from 1 to 0 rings: once per sleep.
import type { NativeMemory } from '../../native/load.js'
import { CONTROL_BYTES, RING_BYTES, controlOffset, ringOffset } from '../wire/segment.js'
import { ShmPeerMemory } from './peer-memory.js'
import { HEAD, RING_MAX_PAYLOAD, RingReader, RingWriter } from './ring.js'
import type { FrameHandler } from './ring.js'
import type { Inlet, PeerMemory, Receiver, Transport } from './transport.js'

const FRAMES_PER_POLL = 64
/** An entry of the table of watched words in 32-bit words: an address of two, index, value. */
const ENTRY_WORDS = 4
const ENTRY_INDEX = 2
const ENTRY_VALUE = 3
/** Entries. */
const GUEST = 0
const ROWS = 1
const OWN = 2
const FIRST_READER = 3
/** Words of ROWS. */
const ROWS_COUNT = ROWS * ENTRY_WORDS
const ROWS_LINE = ROWS_COUNT + 1
const ROWS_OWN = ROWS_COUNT + 2
const ROWS_MEMBERS = ROWS_COUNT + 3
/** A word that stays 0 in control blocks and boards. */
const UNUSED = 31
const SLEEPING = 0
const ANNOUNCED = 32
const WRITERS = 64

/** What a rank needs to use its host's segment. */
export interface ShmOptions {
  readonly memory: NativeMemory
  readonly fd: number
  readonly doorbells: readonly number[]
  readonly rank: number
  readonly receiver: Receiver
  /** More ranks than cores. */
  readonly crowded?: boolean
  /** Whether ranks may copy from each other's memory where the system lets them. Default: true. */
  readonly singleCopy?: boolean
}

export class ShmTransport implements Transport {
  readonly name = 'shm'
  readonly maxPayload = RING_MAX_PAYLOAD
  readonly #memory: NativeMemory
  readonly #fd: number
  readonly #doorbells: readonly number[]
  readonly doorbell: number
  readonly #rank: number
  readonly #size: number
  readonly #deliver: FrameHandler
  readonly #control: Int32Array
  readonly #controls: (Int32Array | undefined)[]
  readonly #writers: (RingWriter | undefined)[]
  readonly #readers: RingReader[] = []
  readonly #known: Uint8Array
  readonly #onRoom = (peer: number): void => this.wake(peer)
  /** Writers that refused a frame since they last had room. */
  readonly #full = new Set<RingWriter>()
  readonly #watch: object
  readonly #peerMemory: ShmPeerMemory | undefined
  /**
   * What `linger` watches: a word of `#guest` or slots of a board, ANNOUNCED, the next frame of each reader, HEAD of each
   * full writer; see native/linger.cc.
   */
  readonly #watched: Int32Array<ArrayBuffer>
  #guest: Int32Array
  #announced = 0
  /** Which ring is read next: a poll that did not come to all of them goes on there. */
  #next = 0
  #polling = false
  #closed = false

  constructor({ memory, fd, doorbells, rank, receiver, crowded = false, singleCopy = true }: ShmOptions) {
    this.#memory = memory
    this.#fd = fd
    this.#doorbells = doorbells
    this.doorbell = doorbells[rank]
    this.#rank = rank
    this.#size = doorbells.length
    this.#deliver = (peer, words, at, bytes, offset) => receiver.onFrame(peer, words, at, bytes, offset)
    this.#controls = new Array<undefined>(this.#size)
    this.#writers = new Array<undefined>(this.#size)
    this.#known = new Uint8Array(this.#size)
    this.#control = this.#controlOf(rank)
    const controlOf = (peer: number): Int32Array => this.#controlOf(peer)
    const isAsleep = (peer: number): boolean => this.#controlOf(peer)[SLEEPING] === 1
    const size = this.#size
    this.#peerMemory = singleCopy ? new ShmPeerMemory({ memory, fd, rank, size, crowded, controlOf, isAsleep }) : undefined
    this.#watched = new Int32Array(ENTRY_WORDS * (2 * this.#size + FIRST_READER))
    this.#guest = this.#control
    this.#watched[GUEST * ENTRY_WORDS + ENTRY_INDEX] = UNUSED
    this.#watchWord(GUEST, this.#control)
    this.#watchWord(OWN, this.#control)
    this.#watch = memory.watch(doorbells[rank], () => {
      if (!this.#closed) receiver.onWake()
    })
  }

  #controlOf(rank: number): Int32Array {
    return (this.#controls[rank] ??= new Int32Array(this.#memory.map(this.#fd, controlOffset(rank), CONTROL_BYTES)))
  }

  #watchWord(entry: number, { buffer }: Int32Array): void {
    this.#memory.watchMemory(this.#watched.buffer, entry, buffer as ArrayBuffer)
  }

  /** Maps the ring towards `peer`, empty so far, and tells the peer to look at it. */
  #open(peer: number): RingWriter {
    const writer = new RingWriter(this.#memory.map(this.#fd, ringOffset(this.#rank, peer, this.#size), RING_BYTES))
    this.#writers[peer] = writer
    const control = this.#controlOf(peer)
    Atomics.or(control, WRITERS + (this.#rank >> 5), 1 << (this.#rank & 31))
    Atomics.add(control, ANNOUNCED, 1)
    return writer
  }

  send(peer: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    if (this.#closed) return false
    const writer = this.#writers[peer] ?? this.#open(peer)
    if (!writer.write(header, payload, offset, length)) {
      this.#full.add(writer)
      return false
    }
    if (this.#full.size > 0) this.#full.delete(writer)
    if (Atomics.load(this.#controls[peer] as Int32Array, SLEEPING) === 1) this.wake(peer)
    return true
  }

  /** Rings the doorbell of a rank that sleeps. */
  wake(peer: number): void {
    if (Atomics.exchange(this.#controlOf(peer), SLEEPING, 0) === 1) this.#memory.ring(this.#doorbells[peer])
  }

  poll(): number {
    if (this.#polling || this.#closed) return 0
    this.#polling = true
    try {
      return this.#poll()
    } finally {
      this.#polling = false
    }
  }

  #poll(): number {
    // Plain loads, which are not calls in V8: who polls looks again soon, and `sleep` looks thoroughly.
    if (this.#control[ANNOUNCED] !== this.#announced) this.#admit()
    let frames = 0
    const readers = this.#readers
    for (let left = readers.length; left > 0 && frames < FRAMES_PER_POLL; left--) {
      if (this.#next >= readers.length) this.#next = 0
      frames += readers[this.#next++].read(this.#deliver, FRAMES_PER_POLL - frames)
    }
    return frames
  }

  /** Maps the rings of ranks that have begun to write to us. */
  #admit(): void {
    this.#announced = Atomics.load(this.#control, ANNOUNCED)
    for (let rank = 0; rank < this.#size; rank++) {
      if (this.#known[rank] === 1) continue
      if ((Atomics.load(this.#control, WRITERS + (rank >> 5)) & (1 << (rank & 31))) === 0) continue
      this.#known[rank] = 1
      const ring = this.#memory.map(this.#fd, ringOffset(rank, this.#rank, this.#size), RING_BYTES)
      const reader = new RingReader(ring, rank, this.#onRoom)
      const entry = FIRST_READER - 1 + this.#readers.push(reader)
      this.#watchWord(entry, reader.words)
      this.#watched[entry * ENTRY_WORDS + ENTRY_VALUE] = 0
    }
  }

  memoryOf(): PeerMemory | undefined {
    return this.#peerMemory
  }

  inletOf(peer: number): Inlet | undefined {
    return this.#readers.find((reader) => reader.peer === peer)
  }

  /** The next `linger` ends also when this word has another value; its memory must stay mapped. */
  watch(words: Int32Array, index: number, value: number): void {
    if (words !== this.#guest) {
      this.#guest = words
      this.#watchWord(GUEST, words)
    }
    this.#watched[GUEST * ENTRY_WORDS + ENTRY_INDEX] = index
    this.#watched[GUEST * ENTRY_WORDS + ENTRY_VALUE] = value
  }

  /** The next `linger` ends also when `count` slots have this value; see Surroundings of board.ts. */
  watchSlots(
    words: Int32Array, slot: number, value: number, count: number, line: number, own: number, members: number,
  ): void {
    this.watch(words, slot, value)
    this.#watched[ROWS_COUNT] = count
    this.#watched[ROWS_LINE] = line
    this.#watched[ROWS_OWN] = own
    this.#watched[ROWS_MEMBERS] = members
  }

  linger(looks: number, nanoseconds: number): void {
    if (this.#closed) return
    const watched = this.#watched
    const readers = this.#readers
    watched[OWN * ENTRY_WORDS + ENTRY_INDEX] = ANNOUNCED
    watched[OWN * ENTRY_WORDS + ENTRY_VALUE] = this.#announced
    let entry = FIRST_READER
    for (let i = 0; i < readers.length; i++) watched[entry++ * ENTRY_WORDS + ENTRY_INDEX] = readers[i].next
    if (this.#full.size > 0) entry = this.#watchFull(entry)
    this.#memory.linger(watched.buffer, entry, looks, nanoseconds)
    watched[ROWS_COUNT] = 0
    watched[GUEST * ENTRY_WORDS + ENTRY_INDEX] = UNUSED
    watched[GUEST * ENTRY_WORDS + ENTRY_VALUE] = 0
  }

  /** Readers to come take these entries over. */
  #watchFull(entry: number): number {
    for (const writer of this.#full) {
      this.#watchWord(entry, writer.words)
      this.#watched[entry * ENTRY_WORDS + ENTRY_INDEX] = HEAD
      this.#watched[entry++ * ENTRY_WORDS + ENTRY_VALUE] = writer.knownHead
    }
    return entry
  }

  sleep(): boolean {
    Atomics.store(this.#control, SLEEPING, 1)
    if (!this.#somethingToDo()) return true
    this.awake()
    return false
  }

  #somethingToDo(): boolean {
    if (Atomics.load(this.#control, ANNOUNCED) !== this.#announced) return true
    for (const reader of this.#readers) if (reader.hasFrames) return true
    for (const writer of this.#full) {
      if (!writer.hasRoom()) continue
      this.#full.clear()
      return true
    }
    return false
  }

  awake(): void {
    Atomics.store(this.#control, SLEEPING, 0)
  }

  /** What is in a ring stays readable after this process has gone, so nothing has to be waited for. */
  flush(): Promise<void> {
    return Promise.resolve()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#memory.unwatch(this.#watch)
  }
}
