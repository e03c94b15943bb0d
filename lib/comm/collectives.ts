// From a call of a collective to a run: checks arguments, chooses the algorithm, lays out buffers, shapes the result.
import { ArgumentError, MismatchError } from '../errors.js'
import { cutBlocks, evenCut, segmentCut } from '../coll/cut.js'
import { Chained } from '../coll/drive.js'
import type { CollectiveOperation, RunContext } from '../coll/drive.js'
import { TypedRun } from '../coll/drive-typed.js'
import type { TypedBuffer } from '../coll/drive-typed.js'
import { ValueRun, blockOf, ownValueOfBlock, valueOfBlock } from '../coll/drive-values.js'
import type { Block } from '../coll/drive-values.js'
import { algorithmsOf } from '../coll/registry.js'
import type { CollectiveName, Entry } from '../coll/schedule.js'
import { select } from '../coll/select.js'
import { MAXLOC, MAX, MIN, MINLOC, Op, PROD, SUM } from '../data/op.js'
import { rawBytes, typeOf } from '../data/payload.js'
import { checkOp } from '../data/reduce.js'
import { BIGUINT64, BUFFER, CONSTRUCTORS, EMPTY, NUMBER, TYPE_NAMES, UINT8 } from '../data/types.js'
import type { TypedArray } from '../data/types.js'
import { copyOut } from '../wire/bytes.js'
import { COLLECTIVES, signatureOf } from '../p2p/signature.js'
import { checkRoot } from './group.js'
import type { PointToPoint } from './point-to-point.js'

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

/** A communicator as this file needs it. */
export interface CollectiveScope extends PointToPoint {
  /** The next collective's tag and place. */
  contextFor(signature: number): RunContext
  readonly ranksPerCore: number
}

const EMPTY_ARRAY = new Uint8Array(0)
const isTyped = (type: number): boolean => type <= BIGUINT64

/** Bytes up to which a broadcast goes in one message; larger ones are announced first. */
const BCAST_ANNOUNCED_FROM = 65536

function buffer(array: TypedArray, offsets: readonly number[]): TypedBuffer {
  return { array, bytes: rawBytes(array), offsets }
}

/** Offsets in bytes of `count` equal blocks. */
const equalCut = (blockBytes: number, count: number): number[] =>
  Array.from({ length: count + 1 }, (_, block) => block * blockBytes)

function choose(
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
    ...(op === undefined ? {} : { commutative: op.commute }),
    ...(algorithm === undefined ? {} : { algorithm }),
  })
}

/** Options that are wrong on this rank alone are told here, before anything has been sent. */
function checkOptions(comm: CollectiveScope, collective: string, { into, segmentBytes }: CollectiveIntoOptions): void {
  if (segmentBytes !== undefined && !(Number.isSafeInteger(segmentBytes) && segmentBytes > 0)) {
    throw new ArgumentError(`${collective} on ${comm.name}: segmentBytes ${segmentBytes} is not a positive integer`)
  }
  if (into === undefined || typeOf(into) <= BUFFER) return
  throw new ArgumentError(`${collective} on ${comm.name}: into must be a typed array, not ${describe(into)}`)
}

function contextFor(comm: CollectiveScope, entry: Entry, typed: boolean, root: number, op?: Op): RunContext {
  const algorithm = algorithmsOf(entry.collective).indexOf(entry)
  return comm.contextFor(signatureOf(COLLECTIVES.indexOf(entry.collective), op?.code ?? 0, algorithm, typed, root))
}

export function startBarrier(comm: CollectiveScope, options: CollectiveOptions): CollectiveOperation {
  const entry = choose(comm, 'barrier', options, 0, true)
  const nothing = buffer(EMPTY_ARRAY, [0, 0])
  const schedule = entry.run({ rank: comm.rank, size: comm.size, root: 0, blocks: 1 })
  return new TypedRun(contextFor(comm, entry, true, 0), schedule, () => undefined, EMPTY, [nothing, nothing, nothing])
}

// ---- bcast: the root alone knows type and size ----

/**
 * Small values go down a binomial tree. Large ones are announced (type and size) down the tree, and follow by an
 * algorithm for vectors of known size. So it works alike whether or not a rank gives `into`.
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
  if (options.algorithm !== undefined) choose(comm, 'bcast', options, 0, true)
  const single = options.algorithm === undefined ? size <= 2 : options.algorithm === 'binomial'
  const announced =
    source !== undefined &&
    !single &&
    source.bytes.length > (options.algorithm === undefined ? BCAST_ANNOUNCED_FROM : 0)
  const tree = choose(comm, 'bcast', { algorithm: 'binomial' }, 0, false)
  const context = contextFor(comm, tree, false, root)
  const first = announced ? announcement(source) : source
  const blocks: [Block | undefined] = [first ?? directBlock(options.into, single)]
  const schedule = tree.run({ rank, size, root, blocks: 1 })
  const finish = (): unknown =>
    blocks[0]?.type === ANNOUNCEMENT ? undefined : finishBcast(value, rank === root, blocks[0] as Block, options.into)
  const run = new ValueRun(context, schedule, finish, [[], blocks, []])
  if (single) return run
  return new Chained(run, () => {
    const block = blocks[0] as Block
    return block.type === ANNOUNCEMENT ? bcastVector(comm, context, value, root, block, options) : undefined
  })
}

/** With `into` the message can go straight there, if it is sure to come whole and of that type: sizes are checked. */
function directBlock(into: TypedArray | undefined, single: boolean): Block | undefined {
  return into !== undefined && single ? { type: typeOf(into), bytes: rawBytes(into), target: true } : undefined
}

/** The type of a block that says what will follow: payload type and bytes. */
const ANNOUNCEMENT = 0xff

function announcement({ type, bytes }: Block): Block {
  return { type: ANNOUNCEMENT, bytes: rawBytes(new Float64Array([type, bytes.length])) }
}

function bcastVector(
  comm: CollectiveScope,
  context: RunContext,
  value: unknown,
  root: number,
  announced: Block,
  options: CollectiveIntoOptions,
): TypedRun {
  const { rank, size } = comm
  const [type, length] = new Float64Array(copyOut(announced.bytes, 0, 16).buffer) as unknown as [number, number]
  const { into } = options
  if (into !== undefined) checkBcastInto(comm, root, into, type, length)
  const bytes = rank === root ? blockOf(value).bytes : into === undefined ? new Uint8Array(length) : rawBytes(into)
  const entry = choose(comm, 'bcast', options, length, true)
  const offsets =
    entry.cut === 'segments' && options.segmentBytes !== undefined
      ? segmentCut(length, 1, options.segmentBytes)
      : cutBlocks(entry.cut, size, length, 1)
  const schedule = entry.run({ rank, size, root, blocks: offsets.length - 1 })
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

// ---- scatter, gather: values, or blocks of a typed array ----

/** The blocks of `values`: an array of `size` values, or a typed array cut into `size` equal blocks. */
function blocksOf(comm: CollectiveScope, collective: string, values: unknown): Block[] {
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

function notDivisible(comm: CollectiveScope, collective: string, { length }: TypedArray): ArgumentError {
  return new ArgumentError(
    `${collective} on ${comm.name}: a typed array of ${length} elements cannot be cut into ${comm.size} equal blocks: ` +
      `pass a length that is a multiple of ${comm.size}, or an array of ${comm.size} typed arrays`,
  )
}

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
  const schedule = entry.run({ rank, size, root, blocks: 1 })
  return new ValueRun(contextFor(comm, entry, false, root), schedule, finish, [input, result, new Array<undefined>(size)])
}

const targetBlock = (into: TypedArray): Block => ({ type: typeOf(into), bytes: rawBytes(into), target: true })

/** Copies blocks into `into`, one after the other; together they must fill it. */
function fillInto(comm: CollectiveScope, collective: string, into: TypedArray, blocks: readonly Block[]): void {
  const type = typeOf(into)
  const bytes = rawBytes(into)
  const total = blocks.reduce((sum, block) => sum + block.bytes.length, 0)
  const stranger = blocks.findIndex((block) => block.type !== type)
  if (stranger >= 0 || total !== bytes.length) {
    const what = stranger < 0 ? `${total} bytes` : `a ${TYPE_NAMES[(blocks[stranger] as Block).type]} (block ${stranger})`
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
  const schedule = entry.run({ rank, size, root, blocks: size })
  return new ValueRun(contextFor(comm, entry, false, root), schedule, finish, [[own], result, []])
}

// ---- allgather, alltoall ----

export function startAllgather(comm: CollectiveScope, value: unknown, options: CollectiveIntoOptions): CollectiveOperation {
  checkOptions(comm, 'allgather', options)
  const { rank, size } = comm
  const shape = { rank, size, root: 0, blocks: size }
  const type = typeOf(value)
  const { into } = options
  if (into === undefined) {
    const entry = choose(comm, 'allgather', options, 0, false)
    const result = new Array<Block | undefined>(size)
    result[rank] = blockOf(value)
    const finish = (): unknown => (result as Block[]).map(valueOfBlock)
    return new ValueRun(contextFor(comm, entry, false, 0), entry.run(shape), finish, [[], result, []])
  }
  const own = value as TypedArray
  if (!isTyped(type) || typeOf(into) !== type || into.length !== own.length * size) {
    throw new ArgumentError(
      `allgather on ${comm.name} with into: the value must be a typed array (it is ${describe(value)}), and into the same ` +
        `type and ${size} times as long (it is ${describe(into)})`,
    )
  }
  const entry = choose(comm, 'allgather', options, own.byteLength, true)
  const result = buffer(into, equalCut(own.byteLength, size))
  into.set(own as never, rank * own.length)
  return new TypedRun(contextFor(comm, entry, true, 0), entry.run(shape), () => into, type, [undefined, result, undefined])
}

export function startAlltoall(comm: CollectiveScope, values: unknown, options: CollectiveIntoOptions): CollectiveOperation {
  checkOptions(comm, 'alltoall', options)
  const { rank, size } = comm
  const shape = { rank, size, root: 0, blocks: size }
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
    return new ValueRun(contextFor(comm, entry, false, 0), entry.run(shape), finish, buffers)
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
  return new TypedRun(contextFor(comm, entry, true, 0), entry.run(shape), () => into, type, buffers)
}

const shareMemory = (a: TypedArray, b: TypedArray): boolean => a.buffer === b.buffer

const emptyLike = (array: TypedArray): TypedArray => new CONSTRUCTORS[typeOf(array) as 0](array.length)

/** `into`, checked, or a new array like `vector`. */
function resultArray(comm: CollectiveScope, collective: string, vector: TypedArray, into: TypedArray | undefined): TypedArray {
  if (into === undefined) return emptyLike(vector)
  if (typeOf(into) === typeOf(vector) && into.length === vector.length) return into
  throw new ArgumentError(
    `${collective} on ${comm.name}: into must have the type and length of the value: it is ${describe(into)}, the value ` +
      `${describe(vector)}`,
  )
}

function describe(value: unknown): string {
  const type = typeOf(value)
  return isTyped(type) ? `${TYPE_NAMES[type]}(${(value as TypedArray).length})` : (TYPE_NAMES[type] as string)
}

// ---- reduce, allreduce ----

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
  const { rank, size } = comm
  const entry = choose(comm, collective, options, result.byteLength, true, op)
  // A pair of value and index must not be cut apart.
  const unit = op === MINLOC || op === MAXLOC ? 2 : 1
  const bytes = unit * result.BYTES_PER_ELEMENT
  const cut = entry.cut === 'ranks' ? evenCut(result.length / unit, size) : [0, result.length / unit]
  const offsets = cut.map((offset) => offset * bytes)
  const scratch = entry.scratch && size > 1 ? buffer(emptyLike(result), offsets) : undefined
  const schedule = entry.run({ rank, size, root, blocks: offsets.length - 1 })
  const buffers = [undefined, buffer(result, offsets), scratch]
  return new TypedRun(contextFor(comm, entry, true, root, op), schedule, finish, type, buffers, op)
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
  const { rank, size } = comm
  const entry = choose(comm, collective, options, 0, false, op)
  const blocks: [Block | undefined] = [blockOf(value)]
  const schedule = entry.run({ rank, size, root, blocks: 1 })
  const finish = (): unknown => (atRoot ? valueOfBlock(blocks[0] as Block) : undefined)
  return new ValueRun(contextFor(comm, entry, false, root, op), schedule, finish, [[], blocks, []], op)
}
