// Drives a schedule over typed arrays: blocks are ranges of bytes, combined elementwise.
import type { Op } from '../data/op.js'
import { reduceInto } from '../data/reduce.js'
import { FLOAT64, NUMBER } from '../data/types.js'
import type { TypedArray } from '../data/types.js'
import { AS_BLOCK } from '../p2p/operation.js'
import type { RecvOp } from '../p2p/operation.js'
import { copyBytes } from '../wire/bytes.js'
import { Run } from './drive.js'
import type { RunContext } from './drive.js'
import { REDUCE_LEFT } from './schedule.js'
import type { Schedule, Step } from './schedule.js'

/** A buffer of typed elements: block `b` is bytes [offsets[b], offsets[b + 1]). */
export interface TypedBuffer {
  readonly array: TypedArray
  readonly bytes: Uint8Array
  readonly offsets: readonly number[]
}

export class TypedRun extends Run {
  readonly #type: number
  readonly #op: Op | undefined
  readonly #buffers: readonly (TypedBuffer | undefined)[]

  /** `buffers`: INPUT, RESULT, SCRATCH; those that the algorithm does not use may be undefined. */
  constructor(
    context: RunContext,
    schedule: Schedule,
    finish: () => unknown,
    type: number,
    buffers: readonly (TypedBuffer | undefined)[],
    op?: Op,
  ) {
    super(context, schedule, finish)
    this.#type = type
    this.#op = op
    this.#buffers = buffers
  }

  protected send({ peer, buffer, first, count }: Step): void {
    const { bytes, offsets } = this.#buffers[buffer] as TypedBuffer
    const offset = offsets[first]
    this.sendBytes(peer, this.#type, bytes, offset, (offsets[first + count]) - offset)
  }

  protected prepare(op: RecvOp, { buffer, first, count }: Step): void {
    const { bytes, offsets } = this.#buffers[buffer] as TypedBuffer
    op.mode = AS_BLOCK
    op.type = this.#type
    op.target = bytes
    op.offset = offsets[first]
    op.capacity = (offsets[first + count]) - op.offset
  }

  protected arrived(): void {}

  protected copy({ buffer, first, count, from, fromFirst }: Step): void {
    const into = this.#buffers[buffer] as TypedBuffer
    const source = this.#buffers[from] as TypedBuffer
    const at = into.offsets[first]
    const length = (into.offsets[first + count]) - at
    const offset = source.offsets[fromFirst]
    if (into.bytes === source.bytes) into.bytes.copyWithin(at, offset, offset + length)
    else copyBytes(into.bytes, at, source.bytes, offset, length)
  }

  /** Numbers are combined as elements of a Float64Array. */
  protected reduce({ kind, buffer, first, count, from, fromFirst }: Step): void {
    const inout = blocksOf(this.#buffers[buffer] as TypedBuffer, first, count)
    const input = blocksOf(this.#buffers[from] as TypedBuffer, fromFirst, count)
    reduceInto(this.#op as Op, this.#type === NUMBER ? FLOAT64 : this.#type, inout, input, kind === REDUCE_LEFT)
  }
}

function blocksOf({ array, offsets }: TypedBuffer, first: number, count: number): TypedArray {
  const begin = offsets[first]
  const end = offsets[first + count]
  if (begin === 0 && end === array.byteLength) return array
  const { BYTES_PER_ELEMENT: size } = array
  return array.subarray(begin / size, end / size)
}
