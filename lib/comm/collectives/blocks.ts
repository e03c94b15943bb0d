// One block a rank: from an array or typed array to blocks, and from blocks into a typed array.
import { ArgumentError, MismatchError } from '../../errors.js'
import { blockOf } from '../../coll/drive-values.js'
import type { Block } from '../../coll/drive-values.js'
import { rawBytes, typeOf } from '../../data/payload.js'
import { TYPE_NAMES } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import { isTyped } from './call.js'
import type { CollectiveScope } from './call.js'

/** The blocks of `values`: an array of `size` values, or a typed array cut into `size` equal blocks. */
export function blocksOf(comm: CollectiveScope, collective: string, values: unknown): Block[] {
  const type = typeOf(values)
  if (isTyped(type)) {
    const bytes = rawBytes(values as TypedArray)
    const length = (values as TypedArray).length / comm.size
    if (!Number.isInteger(length)) throw notDivisible(comm, collective, values as TypedArray)
    const block = bytes.length / comm.size
    return Array.from({ length: comm.size }, (_, i) => ({ type, bytes: bytes.subarray(i * block, (i + 1) * block) }))
  }
  if (Array.isArray(values) && values.length === comm.size) return values.map(blockOf)
  throw new ArgumentError(
    `${collective} on ${comm.name} takes an array of ${comm.size} values (one a rank) or a typed array, not ` +
      (Array.isArray(values) ? `an array of ${values.length}` : `${typeof values}`),
  )
}

export function notDivisible(comm: CollectiveScope, collective: string, { length }: TypedArray): ArgumentError {
  return new ArgumentError(
    `${collective} on ${comm.name}: a typed array of ${length} elements cannot be cut into ${comm.size} equal blocks: ` +
      `pass a length that is a multiple of ${comm.size}, or an array of ${comm.size} typed arrays`,
  )
}

/** Copies blocks into `into`, one after the other; together they must fill it. */
export function fillInto(comm: CollectiveScope, collective: string, into: TypedArray, blocks: readonly Block[]): void {
  const type = typeOf(into)
  const bytes = rawBytes(into)
  const total = blocks.reduce((sum, block) => sum + block.bytes.length, 0)
  const stranger = blocks.findIndex((block) => block.type !== type)
  if (stranger >= 0 || total !== bytes.length) {
    const what = stranger < 0 ? `${total} bytes` : `a ${TYPE_NAMES[(blocks[stranger]).type]} (block ${stranger})`
    throw new MismatchError(
      `${collective} on ${comm.name}: got ${what}, into of rank ${comm.rank} is ${bytes.length} bytes of ` +
        `${TYPE_NAMES[type]}: pass an into of the type and total length that is sent`,
    )
  }
  let at = 0
  for (const block of blocks) {
    if (block.target === undefined) bytes.set(block.bytes, at)
    at += block.bytes.length
  }
}

/** A block that is received straight into the caller's memory. */
export const targetBlock = (into: TypedArray): Block => ({ type: typeOf(into), bytes: rawBytes(into), target: true })
