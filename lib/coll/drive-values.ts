// Drives a schedule over values of unknown size: each value is one block, encoded.
import type { Op } from '../data/op.js'
import { bytesOf, typeOf, valueOf, valueOfOwned } from '../data/payload.js'
import { BLOCKS, NUMBER, OBJECT } from '../data/types.js'
import { MismatchError, TransportError } from '../errors.js'
import { AS_BLOCK, AS_PAYLOAD } from '../p2p/operation.js'
import type { RecvOp } from '../p2p/operation.js'
import { copyOut } from '../wire/bytes.js'
import { Run } from './drive.js'
import type { RunContext } from './drive.js'
import { REDUCE_LEFT } from './schedule.js'
import type { Schedule, Step } from './schedule.js'

/** A value as it travels. With `target`, it goes straight to the caller's memory and must have exactly its size. */
export interface Block {
  readonly type: number
  readonly bytes: Uint8Array
  readonly target?: true
}

/** A value as a block: raw memory is not copied, so it must not change until the collective is complete. */
export function blockOf(value: unknown): Block {
  const type = typeOf(value)
  const bytes = bytesOf(value, type)
  return { type, bytes: type === OBJECT || type === NUMBER ? copyOut(bytes, 0, bytes.length) : bytes }
}

export const valueOfBlock = ({ type, bytes }: Block): unknown => valueOf(type, bytes, 0, bytes.length)
/** The same for a block that nobody else uses. */
export const ownValueOfBlock = ({ type, bytes }: Block): unknown => valueOfOwned(type, bytes)

export const PREFIX_BYTES = 16

/** Several blocks as one message: type, length (two words), one unused word, then the bytes, for each. */
export function pack(blocks: readonly Block[]): Uint8Array {
  const packed = new Uint8Array(blocks.reduce((sum, block) => sum + PREFIX_BYTES + block.bytes.length, 0))
  const view = new DataView(packed.buffer)
  let at = 0
  for (const { type, bytes } of blocks) {
    view.setUint32(at, type, true)
    view.setFloat64(at + 8, bytes.length, true)
    packed.set(bytes, at + PREFIX_BYTES)
    at += PREFIX_BYTES + bytes.length
  }
  return packed
}

function unpack(packed: Uint8Array, count: number): Block[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  const blocks: Block[] = []
  for (let at = 0; at < packed.length; ) {
    if (at + PREFIX_BYTES > packed.length) throw new TransportError('a message of several values is cut short')
    const length = view.getFloat64(at + 8, true)
    const begin = at + PREFIX_BYTES
    if (!(length >= 0 && begin + length <= packed.length)) throw new TransportError('a message of several values is broken')
    blocks.push({ type: view.getUint32(at, true), bytes: copyOut(packed, begin, length) })
    at = begin + length
  }
  if (blocks.length === count) return blocks
  throw new MismatchError(`a collective expected ${count} values in a message and got ${blocks.length}`)
}

/** Values of unknown size: each is one block. */
export class ValueRun extends Run {
  readonly #op: Op | undefined
  readonly #buffers: readonly (Block | undefined)[][]

  constructor(
    context: RunContext,
    schedule: Schedule,
    finish: () => unknown,
    buffers: readonly (Block | undefined)[][],
    op?: Op,
  ) {
    super(context, schedule, finish)
    this.#op = op
    this.#buffers = buffers
  }

  protected send({ peer, buffer, first, count }: Step): void {
    const blocks = this.#buffers[buffer] as Block[]
    const type = count === 1 ? (blocks[first]).type : BLOCKS
    const bytes = count === 1 ? (blocks[first]).bytes : pack(blocks.slice(first, first + count))
    this.sendBytes(peer, type, bytes, 0, bytes.length)
  }

  protected prepare(op: RecvOp, { buffer, first, count }: Step): void {
    const block = (this.#buffers[buffer])[first]
    const direct = count === 1 && block?.target === true
    op.mode = direct ? AS_BLOCK : AS_PAYLOAD
    op.target = direct ? block.bytes : undefined
    op.offset = 0
    op.type = direct ? block.type : 0
    op.capacity = direct ? block.bytes.length : 0
  }

  protected arrived(op: RecvOp, { buffer, first, count }: Step): void {
    if (op.mode === AS_BLOCK) return
    const blocks = this.#buffers[buffer]
    const bytes = op.value as Uint8Array
    op.value = undefined
    if (count === 1) blocks[first] = { type: op.matchedType, bytes }
    else for (const [i, block] of unpack(bytes, count).entries()) blocks[first + i] = block
  }

  protected copy({ buffer, first, count, from, fromFirst }: Step): void {
    const into = this.#buffers[buffer]
    const source = this.#buffers[from]
    const moved = source.slice(fromFirst, fromFirst + count)
    for (let i = 0; i < count; i++) into[first + i] = moved[i]
  }

  protected reduce({ kind, buffer, first, from, fromFirst }: Step): void {
    const into = this.#buffers[buffer] as Block[]
    const mine = valueOfBlock(into[first])
    const theirs = valueOfBlock((this.#buffers[from] as Block[])[fromFirst])
    const op = this.#op as Op
    into[first] = blockOf(kind === REDUCE_LEFT ? op.combine(theirs, mine) : op.combine(mine, theirs))
  }
}
