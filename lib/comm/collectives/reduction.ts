// reduce and allreduce: typed arrays elementwise, other values whole.
import { typeOf } from '../../data/payload.js'
import { ArgumentError } from '../../errors.js'
import { evenCut } from '../../coll/cut.js'
import type { CollectiveOperation } from '../../coll/drive.js'
import { TypedRun } from '../../coll/drive-typed.js'
import { ValueRun, blockOf, valueOfBlock } from '../../coll/drive-values.js'
import type { Block } from '../../coll/drive-values.js'
import { MAX, MAXLOC, MIN, MINLOC, Op, PROD, SUM } from '../../data/op.js'
import { checkOp } from '../../data/reduce.js'
import { NUMBER } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import { checkRoot } from '../group.js'
import { buffer, checkOptions, choose, contextFor, describe, isTyped, resultArray, scheduleOf } from './call.js'
import { giveScratchBack, takeScratch } from './scratch.js'
import type { CollectiveOptions, CollectiveIntoOptions, CollectiveScope } from './call.js'

/** Ops for which a number is the same as an array of one double; the others take numbers as values. */
const ON_DOUBLES: readonly Op[] = [SUM, PROD, MIN, MAX]

export function startReduction(
  comm: CollectiveScope,
  collective: 'reduce' | 'allreduce',
  value: unknown,
  op: Op,
  root: number,
  options: CollectiveIntoOptions,
): CollectiveOperation {
  checkRoot(root, comm.size, comm.name)
  checkOptions(comm, collective, options)
  if (!(op instanceof Op)) throw new ArgumentError(`${collective} takes an Op (SUM, MAX, Op.create(…)), not ${String(op)}`)
  const type = typeOf(value)
  const atRoot = collective === 'allreduce' || comm.rank === root
  if (isTyped(type)) {
    checkOp(op, type, (value as TypedArray).length)
    const result = reductionResult(comm, collective, value as TypedArray, atRoot, options.into)
    return reduceTyped(comm, collective, type, result, op, root, options, () => (atRoot ? result : undefined))
  }
  if (options.into !== undefined) {
    throw new ArgumentError(`${collective} on ${comm.name}: into needs a typed array as value, not ${describe(value)}`)
  }
  if (type === NUMBER && ON_DOUBLES.includes(op)) {
    const result = new Float64Array([value as number])
    return reduceTyped(comm, collective, type, result, op, root, options, () => (atRoot ? result[0] : undefined))
  }
  checkOp(op, type, 1)
  // A value that a built-in op does not take is an error on the rank that passes it, not on the one that combines it.
  if (op.code >= 0) op.combine(value, value)
  return reduceValues(comm, collective, value, op, root, atRoot, options)
}

/** Where the result comes to be, holding this rank's operand. Away from the root nobody sees it. */
function reductionResult(
  comm: CollectiveScope,
  collective: string,
  value: TypedArray,
  atRoot: boolean,
  into: TypedArray | undefined,
): TypedArray {
  if (into === undefined || !atRoot) return value.slice()
  const result = resultArray(comm, collective, value, into)
  if (result !== value) result.set(value as never)
  return result
}

function reduceTyped(
  comm: CollectiveScope,
  collective: 'reduce' | 'allreduce',
  type: number,
  result: TypedArray,
  op: Op,
  root: number,
  options: CollectiveOptions,
  finish: () => unknown,
): TypedRun {
  const { size } = comm
  const entry = choose(comm, collective, options, result.byteLength, true, op)
  // A pair of value and index must not be cut apart.
  const unit = op === MINLOC || op === MAXLOC ? 2 : 1
  const bytes = unit * result.BYTES_PER_ELEMENT
  const cut = entry.cut === 'ranks' ? evenCut(result.length / unit, size) : [0, result.length / unit]
  const offsets = cut.map((offset) => offset * bytes)
  const scratch = entry.scratch && size > 1 ? takeScratch(result) : undefined
  const schedule = scheduleOf(entry, comm, root, offsets.length - 1)
  const buffers = [undefined, buffer(result, offsets), scratch && buffer(scratch, offsets)]
  const end = (): unknown => {
    if (scratch !== undefined) giveScratchBack(scratch)
    return finish()
  }
  return new TypedRun(contextFor(comm, entry, true, root, op), schedule, end, type, buffers, op)
}

function reduceValues(
  comm: CollectiveScope,
  collective: 'reduce' | 'allreduce',
  value: unknown,
  op: Op,
  root: number,
  atRoot: boolean,
  options: CollectiveOptions,
): ValueRun {
  const entry = choose(comm, collective, options, 0, false, op)
  const blocks: [Block | undefined] = [blockOf(value)]
  const schedule = scheduleOf(entry, comm, root, 1)
  const finish = (): unknown => (atRoot ? valueOfBlock(blocks[0] as Block) : undefined)
  return new ValueRun(contextFor(comm, entry, false, root, op), schedule, finish, [[], blocks, []], op)
}
