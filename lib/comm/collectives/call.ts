// What all collectives do with a call: options, choice of algorithm, place in the order of calls, buffers.
import { COLLECTIVES, signatureOf } from '../../p2p/signature.js'
import { algorithmsOf } from '../../coll/registry.js'
import { ArgumentError } from '../../errors.js'
import type { RunContext } from '../../coll/drive.js'
import type { TypedBuffer } from '../../coll/drive-typed.js'
import type { CollectiveName, Entry, Schedule } from '../../coll/schedule.js'
import { select } from '../../coll/select.js'
import type { Op } from '../../data/op.js'
import { rawBytes, typeOf } from '../../data/payload.js'
import { BIGUINT64, BUFFER, CONSTRUCTORS, TYPE_NAMES } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'

export interface CollectiveOptions {
  /** The algorithm to use, by its name in docs/algorithms.md, the same on all ranks. Default: the fastest as measured. */
  algorithm?: string
  /** Bytes of a segment of pipelined algorithms, the same on all ranks. */
  segmentBytes?: number
}

export interface CollectiveIntoOptions<B extends TypedArray = TypedArray> extends CollectiveOptions {
  /** Where the result goes. The array that is sent may be given: the operation is then in place. */
  into?: B
}

/** A communicator as collectives need it. */
export interface CollectiveScope {
  readonly name: string
  readonly rank: number
  readonly size: number
  /** The next collective's tag and place. */
  contextFor(signature: number): RunContext
  readonly ranksPerCore: number
  /** Where algorithms on two levels make sense, see Shape. */
  readonly hostIndices?: readonly number[] | undefined
}

export const isTyped = (type: number): boolean => type <= BIGUINT64

export function buffer(array: TypedArray, offsets: readonly number[]): TypedBuffer {
  return { array, bytes: rawBytes(array), offsets }
}

/** Offsets in bytes of `count` equal blocks. */
export const equalCut = (blockBytes: number, count: number): number[] =>
  Array.from({ length: count + 1 }, (_, block) => block * blockBytes)

export function choose(
  comm: CollectiveScope,
  collective: CollectiveName,
  { algorithm }: CollectiveOptions,
  bytes: number,
  typed: boolean,
  op?: Op,
): Entry {
  return select(collective, {
    size: comm.size,
    bytes,
    typed,
    ranksPerCore: comm.ranksPerCore,
    ...(comm.hostIndices && { hosts: comm.hostIndices }),
    ...(op === undefined ? {} : { commutative: op.commute }),
    ...(algorithm === undefined ? {} : { algorithm }),
  })
}

/** The schedule of this rank. */
export function scheduleOf(entry: Entry, { rank, size, hostIndices }: CollectiveScope, root: number, blocks: number): Schedule {
  return entry.run({ rank, size, root, blocks, ...(hostIndices && { hosts: hostIndices }) })
}

/** Options that are wrong on this rank alone are told here, before anything has been sent. */
export function checkOptions(comm: CollectiveScope, collective: string, { into, segmentBytes }: CollectiveIntoOptions): void {
  if (segmentBytes !== undefined && !(Number.isSafeInteger(segmentBytes) && segmentBytes > 0)) {
    throw new ArgumentError(`${collective} on ${comm.name}: segmentBytes ${segmentBytes} is not a positive integer`)
  }
  if (into === undefined || typeOf(into) <= BUFFER) return
  throw new ArgumentError(`${collective} on ${comm.name}: into must be a typed array, not ${describe(into)}`)
}

export function contextFor(comm: CollectiveScope, entry: Entry, typed: boolean, root: number, op?: Op): RunContext {
  const algorithm = algorithmsOf(entry.collective).indexOf(entry)
  return comm.contextFor(signatureOf(COLLECTIVES.indexOf(entry.collective), op?.code ?? 0, algorithm, typed, root))
}

export const emptyLike = (array: TypedArray): TypedArray => new CONSTRUCTORS[typeOf(array) as 0](array.length)

/** `into`, checked, or a new array like `vector`. */
export function resultArray(comm: CollectiveScope, collective: string, vector: TypedArray, into: TypedArray | undefined): TypedArray {
  if (into === undefined) return emptyLike(vector)
  if (typeOf(into) === typeOf(vector) && into.length === vector.length) return into
  throw new ArgumentError(
    `${collective} on ${comm.name}: into must have the type and length of the value: it is ${describe(into)}, the value ` +
      `${describe(vector)}`,
  )
}

export function describe(value: unknown): string {
  const type = typeOf(value)
  return isTyped(type) ? `${TYPE_NAMES[type]}(${(value as TypedArray).length})` : (TYPE_NAMES[type])
}
