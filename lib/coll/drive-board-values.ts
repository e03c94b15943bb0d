// Values of any kind and length on a board: what a rank publishes of one, and what it reads from a row.
import { LastMemory, bytesOf, rawBytes, typeOf, valueOf, valueOfOwned } from '../data/payload.js'
import { BLOCKS, DATA_VIEW, NUMBER, OBJECT, TYPE_NAMES } from '../data/types.js'
import type { TypedArray } from '../data/types.js'
import { MismatchError, TransportError } from '../errors.js'
import { copyAligned, copyBytes, copyOut } from '../wire/bytes.js'
import { BoardCall } from './drive-board.js'
import { Fetches } from './drive-board-lent.js'
import { PREFIX_BYTES } from './drive-values.js'

/**
 * The type of a row that only says what would be in it, as there is too much: payload type and bytes; where that is in
 * the member's memory, 0 where it goes by messages; where a result belongs.
 */
const ANNOUNCED = 0xff
const ANNOUNCED_BYTES = 32

/** The caller's options. They are not looked at here. */
interface CallOptions {
  readonly algorithm?: string
  readonly segmentBytes?: number
  readonly into?: TypedArray
}

/** What a row announces. */
export interface Announced {
  readonly type: number
  readonly bytes: number
  /** Where it is lent; 0: nowhere. */
  readonly address: number
  readonly resultAddress: number
}

const NOTHING = new Uint8Array(0)

/** With two ranks each byte that is gathered is copied twice through the board, with more of them hardly more than once. */
const ROOM_OF_TWO = 16 * 1024
/** `room` where the values of all are gathered. */
export const roomOfGathered = (size: number): number => (size === 2 ? ROOM_OF_TWO : Infinity)

export abstract class ValueOnBoard extends BoardCall {
  /** What is published, and where the result goes if the caller says where. */
  readonly input = new LastMemory()
  readonly output = new LastMemory()
  into: TypedArray | undefined = undefined
  /** What this rank's caller passed. */
  given: unknown = undefined
  options: CallOptions | undefined = undefined
  /** What `findBlock` has found. */
  protected readonly block = { type: 0, offset: 0, length: 0 }
  #number = 0
  #fetches: Fetches | undefined
  #address = 0
  #resultAddress = 0

  /** Whether value and `into` are those of the last call, so that nothing has to be found out about them. */
  remembers(value: unknown, into: TypedArray | undefined): boolean {
    this.into = into
    if (!this.input.is(value) || (into !== undefined && !this.output.is(into))) return false
    this.type = this.input.type
    this.length = this.input.bytes.length
    return true
  }

  /** The value that this rank publishes. Raw memory must stay as it is until the call has ended. */
  setInput(value: unknown): void {
    if (typeof value === 'number') {
      this.#number = value
      this.type = NUMBER
      this.length = 8
      return
    }
    const { input } = this
    if (!input.is(value)) {
      const type = typeOf(value)
      input.note(value, type, bytesOf(value, type))
    }
    this.type = input.type
    this.length = input.bytes.length
  }

  /** Bytes that are this call's own. */
  setBytes(type: number, bytes: Uint8Array): void {
    this.input.note(NOTHING, type, bytes)
    this.type = type
    this.length = bytes.length
  }

  /** The longest array that this rank publishes on the board: a longer one is copied faster from its own memory. */
  protected readonly room: number = Infinity

  /**
   * What is too long for the board is lent if those who want it can reach this rank's memory, and it has `most` bytes at
   * most; else it goes by messages. `result`: where others are to write to.
   */
  limit(most: number, reached: boolean, result?: TypedArray): void {
    const { board, input, type, length } = this
    const room = type <= DATA_VIEW ? this.room : Infinity
    if (length <= Math.min(most, room, board.capacity) || length <= ANNOUNCED_BYTES) return
    const lends = length <= most && type <= DATA_VIEW && reached
    this.#address = lends ? board.addressOf(input.bytes) : 0
    this.#resultAddress = lends && result !== undefined ? board.addressOf(rawBytes(result)) : 0
    this.type = ANNOUNCED
    this.length = ANNOUNCED_BYTES
  }

  /** Whether value and `into` lie apart: a value that others copy must not be overwritten meanwhile. */
  get isApart(): boolean {
    return this.into === undefined || this.input.bytes.buffer !== this.output.bytes.buffer
  }

  /** Whether all others can reach this rank's memory. */
  get isReached(): boolean {
    const { board } = this
    for (let rank = 0; rank < board.size; rank++) if (rank !== board.rank && !board.reachedBy(rank)) return false
    return true
  }

  override get shape(): number {
    return this.announces ? (this.input.bytes.length << 5) + this.input.type : super.shape
  }

  /** Whether this rank's value is too long for the board. */
  get announces(): boolean {
    return this.type === ANNOUNCED
  }

  setInto(into: TypedArray | undefined): void {
    this.into = into
    if (into !== undefined && !this.output.is(into)) this.output.note(into, typeOf(into), rawBytes(into))
  }

  write(offset: number): void {
    const { board, input, type } = this
    if (type === NUMBER) board.doubles[offset >> 3] = this.#number
    else if (type <= DATA_VIEW) copyAligned(board, offset, input, 0, this.length)
    else if (type !== ANNOUNCED) copyBytes(board.bytes, offset, input.bytes, 0, this.length)
    else {
      const at = offset >> 3
      board.doubles[at] = input.type
      board.doubles[at + 1] = input.bytes.length
      board.doubles[at + 2] = this.#address
      board.doubles[at + 3] = this.#resultAddress
    }
  }

  /** The codec's memory is used again by the next value. */
  override keep(): void {
    const { bytes } = this.input
    if (this.type === OBJECT && !this.published) this.input.note(NOTHING, OBJECT, copyOut(bytes, 0, bytes.length))
  }

  protected override settle<T>(): Promise<T> {
    const { into, value } = this
    this.into = undefined
    this.#fetches = undefined
    if (this.announces) this.#forget()
    if (into === undefined || value !== into) return super.settle<T>()
    this.value = undefined
    const { waiter } = this.queue
    return (waiter.turnDue() ? waiter.turn(into) : this.output.promiseOf(into)) as Promise<T>
  }

  /** Large memory must not be kept alive until the next call. */
  #forget(): void {
    this.input.note(NOTHING, 0, NOTHING)
    this.output.note(NOTHING, 0, NOTHING)
  }

  // ---- rows ----

  protected isAnnounced(rank: number): boolean {
    return this.board.type(this.number, rank) === ANNOUNCED
  }

  protected announcedAt(rank: number): Announced {
    const at = this.board.offset(this.number, rank) >> 3
    const { doubles } = this.board
    const address = doubles[at + 2]
    // For the next time: now members are there to be reached.
    if (address === 0) this.board.reach()
    return { type: doubles[at], bytes: doubles[at + 1], address, resultAddress: doubles[at + 3] }
  }

  protected override publishedBy(rank: number): { readonly type: number; readonly bytes: number } {
    return this.isAnnounced(rank) ? this.announcedAt(rank) : super.publishedBy(rank)
  }

  /** What all members lend, in rank order; undefined where one of them does not. */
  protected lentByAll(): Announced[] | undefined {
    const rows: Announced[] = []
    for (let rank = 0; rank < this.board.size; rank++) {
      const row = this.isAnnounced(rank) ? this.announcedAt(rank) : undefined
      if (row === undefined || row.address === 0) return undefined
      rows.push(row)
    }
    return rows
  }

  /** A fresh value from a row. */
  protected valueAt(rank: number): unknown {
    const { board, number } = this
    return this.valueFrom(rank, board.type(number, rank), board.offset(number, rank), board.length(number, rank))
  }

  protected valueFrom(rank: number, type: number, offset: number, length: number): unknown {
    if (type === NUMBER && length === 8 && offset % 8 === 0) return this.board.doubles[offset >> 3]
    try {
      return valueOf(type, this.board.bytes, offset, length)
    } catch (error) {
      throw this.malformed(rank, (error as Error).message, error)
    }
  }

  /** Where block `index` of the row of `rank` is: one of a packed list, or of an array cut into a block a member. */
  protected findBlock(rank: number, index: number): void {
    const { board, number, block } = this
    const type = board.type(number, rank)
    const offset = board.offset(number, rank)
    const length = board.length(number, rank)
    if (type === BLOCKS) {
      this.#findPacked(rank, index, offset, offset + length)
      return
    }
    block.type = type
    block.length = length / board.size
    block.offset = offset + index * block.length
    if (!Number.isInteger(block.length)) throw this.malformed(rank, `${length} bytes cannot be cut into ${board.size} blocks`)
  }

  #findPacked(rank: number, index: number, offset: number, end: number): void {
    const { block } = this
    const view = new DataView(this.board.bytes.buffer, 0, end)
    for (let i = 0, at = offset; at + PREFIX_BYTES <= end; i++) {
      block.type = view.getUint32(at, true)
      block.length = view.getFloat64(at + 8, true)
      block.offset = at + PREFIX_BYTES
      at = block.offset + block.length
      if (!(block.length >= 0 && at <= end)) break
      if (i === index) return
    }
    throw this.malformed(rank, 'a list of values is broken')
  }

  // ---- what members lend ----

  /** bytes[at … at + length] = what `rank` lends at `address`: copied before the call ends. */
  protected fetch(rank: number, address: number, bytes: Uint8Array, at: number, length: number): void {
    this.#fetches ??= new Fetches(this.board)
    this.#fetches.add(rank, address, bytes, at, length)
    this.task = this.#fetches
  }

  /** `length` bytes from `offset` on of what `rank` lends: in `into`, which must be of that type and length, or a fresh value. */
  protected fetchValue(rank: number, { type, address }: Announced, offset: number, length: number): unknown {
    const { into, output } = this
    if (into === undefined) {
      const bytes = new Uint8Array(length)
      const value = valueOfOwned(type, bytes)
      this.fetch(rank, address + offset, bytes, 0, length)
      return value
    }
    if (type !== output.type || length !== output.bytes.length) throw this.refuse(into, `${length} bytes of ${TYPE_NAMES[type]}`)
    this.fetch(rank, address + offset, output.bytes, 0, length)
    return into
  }

  protected malformed(rank: number, why: string, cause?: unknown): TransportError {
    return new TransportError(`${this.describe()}: what rank ${rank} published is of no use: ${why}`, { cause })
  }

  protected valuesOfRows(): unknown[] {
    const values: unknown[] = []
    for (let rank = 0; rank < this.board.size; rank++) values.push(this.valueAt(rank))
    return values
  }

  /** Copies a row, or a block of one, to `into`, which must be of its type and length. */
  protected fillInto(into: TypedArray, type: number, offset: number, length: number): void {
    const { output } = this
    if (type !== output.type || length !== output.bytes.length) throw this.refuse(into, `${length} bytes of ${TYPE_NAMES[type]}`)
    copyAligned(output, 0, this.board, offset, length)
    this.value = into
  }

  /** The same at the root, whose value or block is its own. */
  protected fillIntoOwn(into: TypedArray, type: number, bytes: Uint8Array): void {
    const { output } = this
    const { length } = bytes
    if (type !== output.type || length !== output.bytes.length) throw this.refuse(into, `${length} bytes of ${TYPE_NAMES[type]}`)
    output.bytes.set(bytes)
    this.value = into
  }

  protected refuse(into: TypedArray, what: string): MismatchError {
    return new MismatchError(
      `${this.describe()}: got ${what}, into of rank ${this.board.rank} is ${into.byteLength} bytes of ` +
        `${TYPE_NAMES[typeOf(into)]}: pass an into of the type and total length that is sent`,
    )
  }
}
