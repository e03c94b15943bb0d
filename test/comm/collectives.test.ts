// Every collective, by every algorithm, for sizes and lengths that do and do not divide, awaited and as a request.
import t from 'tap'
import { isDeepStrictEqual } from 'node:util'
import { areBlocks } from '../../lib/coll/patterns/levels.js'
import type { CollectiveName } from '../../lib/coll/schedule.js'
import type { CollectiveOptions } from '../../lib/comm/collectives/call.js'
import type { Communicator } from '../../lib/comm/communicator.js'
import { Op, SUM } from '../../lib/data/op.js'
import type { TypedArray } from '../../lib/data/types.js'
import { filled, objectValues } from '../support/values.js'
import { algorithmsFor, inWorlds, transports } from '../support/worlds.js'

const CONCAT = Op.create((a: string, b: string) => a + b)
const FIRST = Op.create((a: number) => a, { name: 'first' })
/** Elements of a vector: none, one, odd, not to be divided by the size, more than the ring of a pair holds. */
const vectorLengths = ({ size }: Communicator): number[] => [0, 1, 7, 3 * size + 1, size > 8 ? 4099 : 16_411]
/** Elements of a block, of which there is one a rank. */
const blockLengths = ({ size }: Communicator): number[] => [0, 1, 7, size > 8 ? 199 : Math.ceil(16_411 / size)]

const ranksOf = (world: Communicator): number[] => Array.from({ length: world.size }, (_, rank) => rank)

/** One call of a collective, as it is offered: awaited or as a request. */
type Form = 'blocking' | 'i-form'

function show(value: unknown): string {
  return ArrayBuffer.isView(value) ? `${value.constructor.name}(${value.byteLength})` : String(value).slice(0, 80)
}

/** Collects what is wrong, by cell. */
class Report {
  readonly wrong: string[] = []
  readonly #world: Communicator
  cell = ''

  constructor(world: Communicator) {
    this.#world = world
  }

  expect(what: string, got: unknown, expected: unknown): void {
    if (isDeepStrictEqual(got, expected)) return
    const where = `${this.cell}, rank ${this.#world.rank}, ${what}`
    this.wrong.push(`${where}: ${show(got)}, not ${show(expected)}`)
  }
}

type Check = (world: Communicator, form: Form, options: CollectiveOptions, report: Report) => Promise<void>

/** First, middle and last. */
const rootsOf = ({ size }: Communicator): number[] => [...new Set([0, size >> 1, size - 1])]

function concat(arrays: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const array of arrays) {
    all.set(array, at)
    at += array.length
  }
  return all
}

const onValues: Record<CollectiveName, Check> = {
  async barrier(world, form, options) {
    await (form === 'blocking' ? world.barrier(options) : world.ibarrier(options))
  },

  async bcast(world, form, options, report) {
    for (const root of rootsOf(world)) {
      for (const value of objectValues(root).filter((_, i) => i % 3 === root % 3)) {
        const mine = world.rank === root ? value : 'of no matter'
        const got = form === 'blocking'
          ? await world.bcast(mine, root, options)
          : await world.ibcast(mine, root, options)
        report.expect(`root ${root}`, got, value)
      }
    }
  },

  async scatter(world, form, options, report) {
    for (const root of rootsOf(world)) {
      const all = ranksOf(world).map((rank) => ({ rank, text: 'x'.repeat(rank * 50), floats: Float64Array.of(rank) }))
      const mine = world.rank === root ? all : undefined
      const got = form === 'blocking'
        ? await world.scatter(mine, root, options)
        : await world.iscatter(mine, root, options)
      report.expect(`root ${root}`, got, all[world.rank])
    }
  },

  async gather(world, form, options, report) {
    const value = (rank: number): unknown => objectValues(rank)[8 + (rank % 12)]
    for (const root of rootsOf(world)) {
      const mine = value(world.rank)
      const got = form === 'blocking'
        ? await world.gather(mine, root, options)
        : await world.igather(mine, root, options)
      report.expect(`root ${root}`, got, world.rank === root ? ranksOf(world).map(value) : undefined)
    }
  },

  async allgather(world, form, options, report) {
    const value = (rank: number): unknown => objectValues(rank)[8 + ((rank + 5) % 12)]
    const mine = value(world.rank)
    const got = form === 'blocking' ? await world.allgather(mine, options) : await world.iallgather(mine, options)
    report.expect('values', got, ranksOf(world).map(value))
  },

  async alltoall(world, form, options, report) {
    const { rank } = world
    const value = (from: number, to: number): unknown => ({ from, to, text: 'y'.repeat(10 * to) })
    const mine = ranksOf(world).map((to) => value(rank, to))
    const got = form === 'blocking' ? await world.alltoall(mine, options) : await world.ialltoall(mine, options)
    report.expect('values', got, ranksOf(world).map((from) => value(from, rank)))
  },

  async reduce(world, form, options, report) {
    const word = ranksOf(world).map((rank) => `(${rank})`).join('')
    for (const root of rootsOf(world)) {
      const atRoot = (value: unknown): unknown => (world.rank === root ? value : undefined)
      const mine = `(${world.rank})`
      if (keepsOrder(world, options)) {
        const got = form === 'blocking'
          ? await world.reduce(mine, CONCAT, root, options)
          : await world.ireduce(mine, CONCAT, root, options)
        report.expect(`concatenation at ${root}`, got, atRoot(word))
      }
      const sum = await world.reduce(BigInt(world.rank) << 70n, SUM, root, options)
      report.expect(`bigints at ${root}`, sum, atRoot(BigInt((world.size * (world.size - 1)) / 2) << 70n))
    }
  },

  async allreduce(world, form, options, report) {
    const word = ranksOf(world).map((rank) => `(${rank})`).join('')
    if (!keepsOrder(world, options)) return
    const mine = `(${world.rank})`
    const got = form === 'blocking'
      ? await world.allreduce(mine, CONCAT, options)
      : await world.iallreduce(mine, CONCAT, options)
    report.expect('concatenation', got, word)
  },
}

const intsOf = (rank: number, length: number): Int32Array => filled(Int32Array, length, rank)

function sumOf(world: Communicator, length: number): Int32Array {
  const sum = new Int32Array(length)
  for (const rank of ranksOf(world)) {
    const ints = intsOf(rank, length)
    for (let i = 0; i < length; i++) sum[i] += ints[i]
  }
  return sum
}

const onArrays: Partial<Record<CollectiveName, Check>> = {
  async bcast(world, form, options, report) {
    for (const root of rootsOf(world)) {
      for (const length of vectorLengths(world)) {
        const value = intsOf(root, length)
        const mine = world.rank === root ? value.slice() : undefined
        const got = form === 'blocking'
          ? await world.bcast(mine, root, options)
          : await world.ibcast(mine, root, options)
        report.expect(`root ${root}, ${length}`, got, value)
        const into = world.rank === root ? value.slice() : new Int32Array(length)
        const given = world.rank === root ? into : undefined
        const filledIn = form === 'blocking'
          ? await world.bcast(given, root, { ...options, into })
          : await world.ibcast(given, root, { ...options, into })
        report.expect(`root ${root}, ${length}, the array given`, filledIn === into, true)
        report.expect(`root ${root}, ${length}, into`, into, value)
      }
    }
  },

  async scatter(world, form, options, report) {
    for (const root of rootsOf(world)) {
      for (const length of blockLengths(world)) {
        const values = world.rank === root ? concat(ranksOf(world).map((rank) => intsOf(rank, length))) : undefined
        const got = form === 'blocking'
          ? await world.scatter(values, root, options)
          : await world.iscatter(values, root, options)
        report.expect(`root ${root}, ${length}`, got, intsOf(world.rank, length))
        const into = new Int32Array(length)
        if (form === 'blocking') await world.scatter(values, root, { ...options, into })
        else await world.iscatter(values, root, { ...options, into })
        report.expect(`root ${root}, ${length}, into`, into, intsOf(world.rank, length))
      }
    }
  },

  async gather(world, form, options, report) {
    for (const root of rootsOf(world)) {
      for (const length of blockLengths(world)) {
        const mine = intsOf(world.rank, length)
        const all = ranksOf(world).map((rank) => intsOf(rank, length))
        const got = form === 'blocking'
          ? await world.gather(mine, root, options)
          : await world.igather(mine, root, options)
        report.expect(`root ${root}, ${length}`, got, world.rank === root ? all : undefined)
        const into = new Int32Array(world.rank === root ? length * world.size : 0)
        if (form === 'blocking') await world.gather(mine, root, { ...options, into })
        else await world.igather(mine, root, { ...options, into })
        report.expect(`root ${root}, ${length}, into`, into, world.rank === root ? concat(all) : into)
      }
    }
    // lengths that differ
    const into = new Int32Array((world.size * (world.size - 1)) / 2)
    await world.gather(intsOf(world.rank, world.rank), 0, { ...options, into })
    const expected = world.rank === 0 ? concat(ranksOf(world).map((rank) => intsOf(rank, rank))) : into
    report.expect('lengths that differ', into, expected)
  },

  async allgather(world, form, options, report) {
    for (const length of blockLengths(world)) {
      const mine = intsOf(world.rank, length)
      const all = ranksOf(world).map((rank) => intsOf(rank, length))
      const got = form === 'blocking' ? await world.allgather(mine, options) : await world.iallgather(mine, options)
      report.expect(`${length}`, got, all)
      const into = new Int32Array(length * world.size)
      if (form === 'blocking') await world.allgather(mine, { ...options, into })
      else await world.iallgather(mine, { ...options, into })
      report.expect(`${length}, into`, into, concat(all))
      const inPlace = new Int32Array(length * world.size)
      inPlace.set(mine, world.rank * length)
      const part = inPlace.subarray(world.rank * length, (world.rank + 1) * length)
      await world.allgather(part, { ...options, into: inPlace })
      report.expect(`${length}, in place`, inPlace, concat(all))
    }
  },

  async alltoall(world, form, options, report) {
    const block = (from: number, to: number, length: number): Int32Array => intsOf(17 * from + to, length)
    for (const length of blockLengths(world)) {
      const values = concat(ranksOf(world).map((to) => block(world.rank, to, length)))
      const expected = concat(ranksOf(world).map((from) => block(from, world.rank, length)))
      const got = form === 'blocking' ? await world.alltoall(values, options) : await world.ialltoall(values, options)
      report.expect(`${length}`, got, expected)
      const into = new Int32Array(values.length)
      if (form === 'blocking') await world.alltoall(values, { ...options, into })
      else await world.ialltoall(values, { ...options, into })
      report.expect(`${length}, into`, into, expected)
      await world.alltoall(values, { ...options, into: values })
      report.expect(`${length}, in place`, values, expected)
    }
  },

  async reduce(world, form, options, report) {
    for (const root of rootsOf(world)) {
      for (const length of vectorLengths(world)) {
        const mine = intsOf(world.rank, length)
        const sum = sumOf(world, length)
        const got = form === 'blocking'
          ? await world.reduce(mine, SUM, root, options)
          : await world.ireduce(mine, SUM, root, options)
        report.expect(`root ${root}, ${length}`, got, world.rank === root ? sum : undefined)
        report.expect(`root ${root}, ${length}, operand`, mine, intsOf(world.rank, length))
        if (form === 'blocking') await world.reduce(mine, SUM, root, { ...options, into: mine })
        else await world.ireduce(mine, SUM, root, { ...options, into: mine })
        report.expect(`root ${root}, ${length}, in place`, mine, world.rank === root ? sum : intsOf(world.rank, length))
      }
      const number = await world.reduce(world.rank + 1, SUM, root, options)
      const { rank, size } = world
      report.expect(`number, root ${root}`, number, rank === root ? (size * (size + 1)) / 2 : undefined)
      if (!keepsOrder(world, options)) continue
      const first = await world.reduce(Float32Array.of(rank, 10 + rank, 20 + rank), FIRST, root, options)
      report.expect(`first, root ${root}`, first, world.rank === root ? Float32Array.of(0, 10, 20) : undefined)
    }
  },

  async allreduce(world, form, options, report) {
    for (const length of vectorLengths(world)) {
      const mine = intsOf(world.rank, length)
      const sum = sumOf(world, length)
      const got = form === 'blocking'
        ? await world.allreduce(mine, SUM, options)
        : await world.iallreduce(mine, SUM, options)
      report.expect(`${length}`, got, sum)
      const into = new Int32Array(length)
      await world.allreduce(mine, SUM, { ...options, into })
      report.expect(`${length}, into`, into, sum)
      report.expect(`${length}, operand`, mine, intsOf(world.rank, length))
      if (form === 'blocking') await world.allreduce(mine, SUM, { ...options, into: mine })
      else await world.iallreduce(mine, SUM, { ...options, into: mine })
      report.expect(`${length}, in place`, mine, sum)
    }
    report.expect('number', await world.allreduce(world.rank + 1, SUM, options), (world.size * (world.size + 1)) / 2)
    if (keepsOrder(world, options)) {
      const first = await world.allreduce(Int16Array.of(world.rank, 5 + world.rank), FIRST, options)
      report.expect('first', first, Int16Array.of(0, 5))
    }
    await floats(world, options, report)
  },
}

/** Whether an algorithm may combine operands whose op does not commute. */
const keepsOrder = ({ hostIndices = [] }: Communicator, { algorithm = '' }: CollectiveOptions): boolean =>
  algorithm !== 'ring' && (areBlocks(hostIndices) || !algorithm.startsWith('two-level'))

/** The sum of doubles that do not add up exactly has the same bits on all ranks. */
async function floats(world: Communicator, options: CollectiveOptions, report: Report): Promise<void> {
  const { rank } = world
  const mine = Float64Array.from({ length: 101 }, (_, i) => Math.sin(i + 1000 * rank) * 10 ** ((i * rank) % 30))
  const sum: TypedArray = await world.allreduce(mine, SUM, options)
  const bits = [...new BigUint64Array(sum.buffer as ArrayBuffer)]
  for (const other of await world.allgather(bits)) report.expect('bits', bits, other)
}

/** The calls of an algorithm that has no restriction broken by them. On shared memory the default is the board. */
function algorithms(collective: CollectiveName, world: Communicator, typed: boolean): (string | undefined)[] {
  const may = algorithmsFor(collective, world).filter(({ typedOnly }) => typed || collective === 'bcast' || typedOnly !== true)
  return [undefined, ...may.map((entry) => entry.name)]
}

async function every(world: Communicator): Promise<string[]> {
  const report = new Report(world)
  for (const [typed, checks] of [[false, onValues], [true, onArrays]] as const) {
    for (const [collective, check] of Object.entries(checks) as [CollectiveName, Check][]) {
      for (const algorithm of algorithms(collective, world, typed)) {
        for (const form of ['blocking', 'i-form'] as const) {
          report.cell = `${collective} of ${typed ? 'arrays' : 'values'}, ${algorithm ?? 'the default'}, ${form}`
          // The typed forms of allgather without into go as values, whose lengths not all ranks know.
          await check(world, form, algorithm === undefined ? {} : { algorithm, segmentBytes: 1000 }, report)
        }
      }
    }
  }
  return report.wrong
}

for (const name of transports()) {
  const several = name === 'hosts' ? [2, 3, 4, 5] : [1, 2, 3, 5, 8]
  const sizes = name === 'inproc' ? Array.from({ length: 17 }, (_, i) => i + 1) : several
  for (const size of sizes) {
    void t.test(`${name}, ${size} ranks`, async (t) => {
      t.same((await inWorlds(name, size, every, { seconds: 60 })).flat(), [])
    })
  }
}

for (const hosts of ['aaabcc', 'abcabc', 'abbacbd', 'aaaabbbb']) {
  void t.test(`hosts ${hosts}`, async (t) => {
    t.same((await inWorlds('inproc', hosts.length, every, { hosts: hosts.split(''), seconds: 60 })).flat(), [])
  })
}

for (const eagerLimit of [0, 64]) {
  void t.test(`eager limit ${eagerLimit}`, async (t) => {
    for (const size of [2, 5]) t.same((await inWorlds('inproc', size, every, { eagerLimit, seconds: 60 })).flat(), [])
  })
}
