// bcast: the root alone knows type and size.
import { MismatchError } from '../../errors.js'
import { cutBlocks, segmentCut } from '../../coll/cut.js'
import { Chained } from '../../coll/drive.js'
import type { CollectiveOperation, RunContext } from '../../coll/drive.js'
import { TypedRun } from '../../coll/drive-typed.js'
import { blockOf, ownValueOfBlock, ValueRun } from '../../coll/drive-values.js'
import type { Block } from '../../coll/drive-values.js'
import { rawBytes, typeOf } from '../../data/payload.js'
import { TYPE_NAMES, UINT8 } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'
import { copyOut } from '../../wire/bytes.js'
import { checkRoot } from '../group.js'
import { targetBlock } from './blocks.js'
import { buffer, choose, checkOptions, contextFor, scheduleOf } from './call.js'
import type { CollectiveIntoOptions, CollectiveOptions, CollectiveScope } from './call.js'

/**
 * Where a tree is fastest (the root alone knows the size, and chooses) the value goes down it at once. Else it is
 * announced (type and size) down the tree, and follows by an algorithm for vectors of known size. So it works alike
 * whether or not a rank gives `into`.
 */
export function startBcast(
  comm: CollectiveScope,
  value: unknown,
  root: number,
  options: CollectiveIntoOptions,
): CollectiveOperation {
  checkRoot(root, comm.size, comm.name)
  checkOptions(comm, 'bcast', options)
  const { rank, size } = comm
  const source = rank === root ? blockOf(value) : undefined
  const tree = choose(comm, 'bcast', { algorithm: treeFor(comm, options) }, 0, false)
  const wanted = options.algorithm === undefined ? tree : choose(comm, 'bcast', options, 0, true)
  const single = options.algorithm === undefined ? size <= 2 : options.algorithm === tree.name
  const announced =
    source !== undefined &&
    !single &&
    source.bytes.length > 0 &&
    (options.algorithm !== undefined || choose(comm, 'bcast', options, source.bytes.length, true) !== tree)
  const context = contextFor(comm, wanted, false, root)
  const first = announced ? announcement(source) : source
  const blocks: [Block | undefined] = [first ?? directBlock(options.into, single)]
  const schedule = scheduleOf(tree, comm, root, 1)
  const finish = (): unknown => {
    const block = blocks[0] as Block
    if (block.type !== ANNOUNCEMENT) return finishBcast(value, rank === root, block, options.into)
    if (single) throw new MismatchError(`bcast on ${comm.name}: the ranks named different algorithms, rank ${rank} binomial`)
    return undefined
  }
  const run = new ValueRun(context, schedule, finish, [[], blocks, []])
  if (single) return run
  return new Chained(run, () => {
    const block = blocks[0] as Block
    return block.type === ANNOUNCEMENT ? bcastVector(comm, context, value, root, readAnnouncement(block), options) : undefined
  })
}

/** The tree that values go down, or what all ranks must know of what follows. */
function treeFor({ hostIndices }: CollectiveScope, { algorithm }: CollectiveOptions): string {
  if (algorithm === 'binomial') return algorithm
  return hostIndices === undefined ? 'binomial' : 'two-level'
}

/** With `into` the message can go straight there, if it is sure to come whole and of that type: sizes are checked. */
function directBlock(into: TypedArray | undefined, single: boolean): Block | undefined {
  return into !== undefined && single ? targetBlock(into) : undefined
}

/** The type of a block that says what will follow: payload type and bytes. */
const ANNOUNCEMENT = 0xff

function announcement({ type, bytes }: Block): Block {
  return { type: ANNOUNCEMENT, bytes: rawBytes(new Float64Array([type, bytes.length])) }
}

function readAnnouncement({ bytes }: Block): { type: number; bytes: number } {
  const [type, length] = new Float64Array(copyOut(bytes, 0, 16).buffer) as unknown as [number, number]
  return { type, bytes: length }
}

/** Broadcasts what all ranks know the type and length of. */
export function bcastVector(
  comm: CollectiveScope,
  context: RunContext,
  value: unknown,
  root: number,
  { type, bytes: length }: { readonly type: number; readonly bytes: number },
  options: CollectiveIntoOptions,
): TypedRun {
  const { rank, size } = comm
  const { into } = options
  if (into !== undefined) checkBcastInto(comm, root, into, type, length)
  const bytes = rank === root ? blockOf(value).bytes : into === undefined ? new Uint8Array(length) : rawBytes(into)
  const entry = choose(comm, 'bcast', options, length, true)
  const offsets =
    entry.cut === 'segments' && options.segmentBytes !== undefined
      ? segmentCut(length, 1, options.segmentBytes)
      : cutBlocks(entry.cut, size, length, 1)
  const schedule = scheduleOf(entry, comm, root, offsets.length - 1)
  const finish = (): unknown => finishBcast(value, rank === root, { type, bytes }, into)
  return new TypedRun(context, schedule, finish, UINT8, [undefined, buffer(bytes, offsets), undefined])
}

function checkBcastInto(comm: CollectiveScope, root: number, into: TypedArray, type: number, length: number): void {
  if (type === typeOf(into) && length === into.byteLength) return
  throw new MismatchError(
    `bcast on ${comm.name}: root ${root} sends ${length} bytes of ${TYPE_NAMES[type]}, into of rank ${comm.rank} is ` +
      `${into.byteLength} bytes of ${TYPE_NAMES[typeOf(into)]}: both must be the same`,
  )
}

function finishBcast(value: unknown, atRoot: boolean, block: Block, into: TypedArray | undefined): unknown {
  if (into === undefined) return atRoot ? value : ownValueOfBlock(block)
  if (atRoot && into === value) return into
  const bytes = rawBytes(into)
  if (block.target === undefined && bytes !== block.bytes) {
    if (block.type !== typeOf(into) || block.bytes.length !== bytes.length) {
      throw new MismatchError(
        `bcast: the root sent ${block.bytes.length} bytes of ${TYPE_NAMES[block.type]}, into has ${bytes.length} bytes of ` +
          `${TYPE_NAMES[typeOf(into)]}: both must be the same`,
      )
    }
    bytes.set(block.bytes)
  }
  return into
}
