// allgather and alltoall: every rank has something for every other.
import { ArgumentError } from '../../errors.js'
import type { CollectiveOperation } from '../../coll/drive.js'
import { TypedRun } from '../../coll/drive-typed.js'
import { ValueRun, blockOf, valueOfBlock } from '../../coll/drive-values.js'
import type { Block } from '../../coll/drive-values.js'
import { typeOf } from '../../data/payload.js'
import type { TypedArray } from '../../data/types.js'
import { blocksOf, notDivisible, fillInto } from './blocks.js'
import { buffer, equalCut, choose, checkOptions, contextFor, isTyped, emptyLike, resultArray, describe, scheduleOf } from './call.js'
import type { CollectiveIntoOptions, CollectiveScope } from './call.js'

export function startAllgather(comm: CollectiveScope, value: unknown, options: CollectiveIntoOptions): CollectiveOperation {
  checkOptions(comm, 'allgather', options)
  const { rank, size } = comm
  const type = typeOf(value)
  const { into } = options
  if (into === undefined) {
    const entry = choose(comm, 'allgather', options, 0, false)
    const result = new Array<Block | undefined>(size)
    result[rank] = blockOf(value)
    const finish = (): unknown => (result as Block[]).map(valueOfBlock)
    return new ValueRun(contextFor(comm, entry, false, 0), scheduleOf(entry, comm, 0, size), finish, [[], result, []])
  }
  checkAllgatherInto(comm, value, into)
  const own = value as TypedArray
  const entry = choose(comm, 'allgather', options, own.byteLength, true)
  const result = buffer(into, equalCut(own.byteLength, size))
  into.set(own as never, rank * own.length)
  return new TypedRun(contextFor(comm, entry, true, 0), scheduleOf(entry, comm, 0, size), () => into, type, [undefined, result, undefined])
}

export function checkAllgatherInto({ name, size }: CollectiveScope, value: unknown, into: TypedArray): void {
  const type = typeOf(value)
  if (isTyped(type) && typeOf(into) === type && into.length === (value as TypedArray).length * size) return
  throw new ArgumentError(
    `allgather on ${name} with into: the value must be a typed array (it is ${describe(value)}), and into the same ` +
      `type and ${size} times as long (it is ${describe(into)})`,
  )
}

export function startAlltoall(comm: CollectiveScope, values: unknown, options: CollectiveIntoOptions): CollectiveOperation {
  checkOptions(comm, 'alltoall', options)
  const { size } = comm
  const type = typeOf(values)
  if (!isTyped(type)) {
    const input = blocksOf(comm, 'alltoall', values)
    const entry = choose(comm, 'alltoall', options, 0, false)
    const result = new Array<Block | undefined>(size)
    const finish = (): unknown => {
      if (options.into === undefined) return (result as Block[]).map(valueOfBlock)
      fillInto(comm, 'alltoall', options.into, result as Block[])
      return options.into
    }
    const buffers = [input, result, new Array<undefined>(size)]
    return new ValueRun(contextFor(comm, entry, false, 0), scheduleOf(entry, comm, 0, size), finish, buffers)
  }
  const vector = values as TypedArray
  if (vector.length % size !== 0) throw notDivisible(comm, 'alltoall', vector)
  const into = resultArray(comm, 'alltoall', vector, options.into)
  const block = vector.byteLength / size
  const entry = choose(comm, 'alltoall', options, block, true)
  const cut = equalCut(block, size)
  const input = buffer(shareMemory(into, vector) ? vector.slice() : vector, cut)
  const scratch = entry.scratch ? buffer(emptyLike(vector), cut) : undefined
  const buffers = [input, buffer(into, cut), scratch]
  return new TypedRun(contextFor(comm, entry, true, 0), scheduleOf(entry, comm, 0, size), () => into, type, buffers)
}

const shareMemory = (a: TypedArray, b: TypedArray): boolean => a.buffer === b.buffer
