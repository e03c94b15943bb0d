// The collectives of random programs: what each rank passes, and what must come out.
import { BXOR, LOR, MAX, MAXLOC, MIN, Op, SUM } from 'tsmpi'
import { elements, makeContent, planContent } from './content.mjs'

export const NAMES = ['barrier', 'bcast', 'scatter', 'gather', 'allgather', 'alltoall', 'reduce', 'allreduce']
const ROOTED = new Set(['bcast', 'scatter', 'gather', 'reduce'])

/** Ops by name: how tsmpi does it, and how the model does. */
const OPS = {
  SUM: { op: SUM, fold: (a, b) => a + b },
  MAX: { op: MAX, fold: (a, b) => (a > b ? a : b) },
  MIN: { op: MIN, fold: (a, b) => (a < b ? a : b) },
  BXOR: { op: BXOR, fold: (a, b) => a ^ b },
  LOR: { op: LOR, fold: (a, b) => a || b },
  MAXLOC: { op: MAXLOC, fold: (a, b) => (b.value > a.value ? b : a) },
  first: { op: Op.create((a, _b) => a, { name: 'first' }), fold: (a, _b) => a },
  last: { op: Op.create((_a, b) => b, { name: 'last' }), fold: (_a, b) => b },
  concat: { op: Op.create((a, b) => a + b, { name: 'concat' }), fold: (a, b) => a + b },
  least: { op: Op.create((a, b) => (a < b ? a : b), { name: 'least', commute: true }), fold: (a, b) => (a < b ? a : b) },
}
const ON_ARRAYS = ['SUM', 'MAX', 'MIN', 'BXOR', 'first', 'last', 'least']
const ON_VALUES = ['SUM', 'MAX', 'LOR', 'MAXLOC', 'concat', 'least']
const INTEGERS = ['Int8Array', 'Uint8Array', 'Int16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array']
const NUMBERS = [...INTEGERS, 'Float32Array', 'Float64Array']

/** What a collective will be: name, root, data, op and where the result goes. */
export function planCollective(random, id, size, eagerLimit) {
  const name = random.pick(NAMES)
  const typed = random.chance(0.5)
  const reduction = name === 'reduce' || name === 'allreduce'
  const op = reduction ? random.pick(typed ? ON_ARRAYS : ON_VALUES) : undefined
  const kind = random.pick(op === 'BXOR' ? INTEGERS : NUMBERS)
  const content = planContent(random, id, eagerLimit, typed ? kind : undefined)
  const into = typed ? random.pick(['none', 'fresh', 'same']) : 'none'
  return { id, name, typed, op, root: ROOTED.has(name) ? random.below(size) : 0, content, into }
}

/** Block `to` of what rank `from` has. */
function block({ id, content, typed }, from, to) {
  if (typed) return makeContent({ ...content, id: id + 64 * from + to })
  const kinds = ['object', 'string', 'Float64Array', content.kind]
  return makeContent({ ...content, kind: kinds[(from + to) % kinds.length], bytes: Math.min(content.bytes, 5000) + to, id: id + 64 * from + to })
}

/** An operand of a reduction: small integers, so that the order of sums does not matter. */
function operand(plan, rank) {
  const { id, typed, op, content } = plan
  const small = (i) => (((id + 7 * rank) ^ (i * 5)) >>> 0) % 13
  if (!typed) {
    if (op === 'LOR') return rank === id % 3
    if (op === 'MAXLOC') return { value: small(0), index: rank }
    return op === 'concat' ? `${small(1)};` : small(2)
  }
  const vector = makeContent(content)
  const big = vector instanceof BigInt64Array
  for (let i = 0; i < vector.length; i++) vector[i] = big ? BigInt(small(i)) : small(i)
  return vector
}

const join = (blocks) => {
  const length = blocks.reduce((sum, array) => sum + array.length, 0)
  const whole = new blocks[0].constructor(length)
  let at = 0
  for (const array of blocks) {
    whole.set(array, at)
    at += array.length
  }
  return whole
}

const others = (size, make) => Array.from({ length: size }, (_, rank) => make(rank))

function reduced(plan, size) {
  const { fold } = OPS[plan.op]
  return others(size, (rank) => operand(plan, rank)).reduce((a, b) => {
    if (!plan.typed) return fold(a, b)
    for (let i = 0; i < a.length; i++) a[i] = fold(a[i], b[i])
    return a
  })
}

/** What `rank` passes: `{ value, options, rest }`, and what it must get. */
export function setUp(plan, rank, size) {
  const { name, typed, root, into } = plan
  const atRoot = rank === root
  const fresh = (length) => new (block(plan, 0, 0).constructor)(length)
  switch (name) {
    case 'barrier':
      return { args: [], expected: undefined }
    case 'bcast': {
      const value = atRoot ? block(plan, root, 0) : undefined
      const target = into === 'none' ? undefined : into === 'same' && atRoot ? value : typed ? fresh(elements(plan.content)) : undefined
      return { args: [value, root, withInto(target)], expected: block(plan, root, 0) }
    }
    case 'scatter': {
      const blocks = others(size, (to) => block(plan, root, to))
      const target = into === 'none' ? undefined : fresh(elements(plan.content))
      const input = typed && plan.id % 2 === 0 ? join(blocks) : blocks
      return { args: [atRoot ? input : undefined, root, withInto(target)], expected: block(plan, root, rank) }
    }
    case 'gather': {
      const blocks = others(size, (from) => block(plan, from, 0))
      const target = into === 'none' || !atRoot ? undefined : fresh(elements(plan.content) * size)
      const whole = target === undefined ? blocks : join(blocks)
      return { args: [block(plan, rank, 0), root, withInto(target)], expected: atRoot ? whole : undefined }
    }
    case 'allgather':
      return allgather(plan, rank, size, fresh)
    case 'alltoall': {
      const blocks = others(size, (to) => block(plan, rank, to))
      const results = others(size, (from) => block(plan, from, rank))
      if (!typed) return { args: [blocks, {}], expected: results }
      const value = join(blocks)
      const target = into === 'none' ? undefined : into === 'same' ? value : fresh(value.length)
      return { args: [value, withInto(target)], expected: join(results) }
    }
    default: {
      const value = operand(plan, rank)
      const target = into === 'none' ? undefined : into === 'same' ? value : typed ? new value.constructor(value.length) : undefined
      const { op } = OPS[plan.op]
      const args = name === 'reduce' ? [value, op, root, withInto(atRoot ? target : undefined)] : [value, op, withInto(target)]
      return { args, expected: name === 'allreduce' || atRoot ? reduced(plan, size) : undefined }
    }
  }
}

function allgather(plan, rank, size, fresh) {
  const blocks = others(size, (from) => block(plan, from, 0))
  if (plan.into === 'none') return { args: [blocks[rank], {}], expected: blocks }
  const length = elements(plan.content)
  const target = fresh(length * size)
  const inPlace = target.subarray(rank * length, (rank + 1) * length)
  inPlace.set(blocks[rank])
  return { args: [plan.into === 'same' ? inPlace : blocks[rank], withInto(target)], expected: join(blocks) }
}

const withInto = (into) => (into === undefined ? {} : { into })
