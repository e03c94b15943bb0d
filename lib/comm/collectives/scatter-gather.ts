// scatter and gather: values, or blocks of a typed array.
import type { CollectiveOperation } from '../../coll/drive.js'
import { ValueRun, blockOf, ownValueOfBlock, valueOfBlock } from '../../coll/drive-values.js'
import type { Block } from '../../coll/drive-values.js'
import { checkRoot } from '../group.js'
import { blocksOf, fillInto, targetBlock } from './blocks.js'
import { choose, checkOptions, contextFor, scheduleOf } from './call.js'
import type { CollectiveIntoOptions, CollectiveScope } from './call.js'

export function startScatter(
  comm: CollectiveScope,
  values: unknown,
  root: number,
  options: CollectiveIntoOptions,
): CollectiveOperation {
  checkRoot(root, comm.size, comm.name)
  checkOptions(comm, 'scatter', options)
  const { rank, size } = comm
  const { into } = options
  const entry = choose(comm, 'scatter', options, 0, false)
  const input = rank === root ? blocksOf(comm, 'scatter', values) : []
  const result: (Block | undefined)[] = [into === undefined || rank === root ? undefined : targetBlock(into)]
  const finish = (): unknown => {
    const block = result[0] as Block
    if (into === undefined) return rank === root ? valueOfBlock(block) : ownValueOfBlock(block)
    if (block.target === undefined) fillInto(comm, 'scatter', into, [block])
    return into
  }
  const schedule = scheduleOf(entry, comm, root, 1)
  return new ValueRun(contextFor(comm, entry, false, root), schedule, finish, [input, result, new Array<undefined>(size)])
}

export function startGather(
  comm: CollectiveScope,
  value: unknown,
  root: number,
  options: CollectiveIntoOptions,
): CollectiveOperation {
  checkRoot(root, comm.size, comm.name)
  checkOptions(comm, 'gather', options)
  const { rank, size } = comm
  const entry = choose(comm, 'gather', options, 0, false)
  const result = new Array<Block | undefined>(size)
  const own = blockOf(value)
  const finish = (): unknown => {
    if (rank !== root) return undefined
    const blocks = result as Block[]
    if (options.into === undefined) return blocks.map(valueOfBlock)
    fillInto(comm, 'gather', options.into, blocks)
    return options.into
  }
  const schedule = scheduleOf(entry, comm, root, size)
  return new ValueRun(contextFor(comm, entry, false, root), schedule, finish, [[own], result, []])
}
