// Every algorithm, for every size and root that matter, on the simulator.
import t from 'tap'
import { cutBlocks, evenCut } from '../../lib/coll/cut.js'
import { isPowerOfTwo } from '../../lib/coll/patterns/hypercube.js'
import { areBlocks } from '../../lib/coll/patterns/levels.js'
import { record } from '../../lib/coll/record.js'
import { ENTRIES } from '../../lib/coll/registry.js'
import { SEND } from '../../lib/coll/schedule.js'
import type { Entry } from '../../lib/coll/schedule.js'
import { judge } from './judge.js'
import { LOCKSTEP, randomOrder, simulate } from './simulate.js'
import type { Order, Run } from './simulate.js'

const SIZES = [...Array.from({ length: 17 }, (_, i) => i + 1), 32, 33]
const ROOTED = new Set(['bcast', 'scatter', 'gather', 'reduce'])

function rootsOf({ collective }: Entry, size: number): number[] {
  if (!ROOTED.has(collective)) return [0]
  if (size > 17) return [0, 1, size - 1]
  return Array.from({ length: size }, (_, rank) => rank)
}

/** Block lengths and counts: for a vector of no, few and many elements; for one block a rank, equal or not. */
function* runsOf(entry: Entry, size: number, root: number): Generator<Run> {
  const { collective, run, cut } = entry
  const base = { collective, run, size, root }
  if (collective === 'bcast' || collective === 'reduce' || collective === 'allreduce') {
    for (const elements of [0, size - 1, 3 * size + 1]) {
      const pieces = Math.min(elements, 7) + 1
      const offsets = cut === 'segments' ? evenCut(elements, pieces) : cutBlocks(cut, size, elements, 8)
      yield { ...base, blocks: offsets.length - 1, length: (block) => offsets[block + 1] - offsets[block] }
    }
    return
  }
  yield { ...base, blocks: 1, length: () => 1 }
  if (collective === 'barrier' || collective === 'alltoall') return
  yield { ...base, blocks: 1, length: (source) => source % 3 }
}

function attempt(entry: Entry, run: Run, order: Order): string[] {
  try {
    const wrong = judge(run, simulate(run, order), entry.commutative !== true && areBlocks(run.hosts ?? []))
    const hosts = run.hosts === undefined ? '' : `, hosts ${run.hosts.join(' ')}`
    return wrong.length === 0 ? [] : [`${run.size} ranks, root ${run.root}, ${run.blocks} blocks${hosts}: ${wrong[0]}`]
  } catch (error) {
    return [String(error)]
  }
}

for (const entry of ENTRIES) {
  const name = `${entry.collective} ${entry.name}`
  const sizes = SIZES.filter((size) => entry.powerOfTwo !== true || isPowerOfTwo(size))

  void t.test(`${name}: right for every size and root, without buffering`, async (t) => {
    const failures: string[] = []
    for (const size of sizes) {
      for (const root of rootsOf(entry, size)) {
        for (const run of runsOf(entry, size, root)) failures.push(...attempt(entry, run, LOCKSTEP))
      }
    }
    t.same(failures.slice(0, 5), [])
  })

  void t.test(`${name}: right in any order of arrival, buffered or not`, async (t) => {
    const failures: string[] = []
    for (const size of sizes.filter((candidate) => candidate <= 17)) {
      for (const root of new Set([0, size >> 1, size - 1].filter((rank) => rootsOf(entry, size).includes(rank)))) {
        for (const run of runsOf(entry, size, root)) {
          for (let seed = 1; seed <= 4; seed++) failures.push(...attempt(entry, run, randomOrder(seed, seed % 2 === 0)))
        }
      }
    }
    t.same(failures.slice(0, 5), [])
  })

  void t.test(`${name}: right for 64 and 128 ranks`, async (t) => {
    for (const size of [64, 128]) {
      const [run] = runsOf(entry, size, 0)
      t.same(attempt(entry, run, LOCKSTEP), [])
    }
  })

  void t.test(`${name}: one rank alone sends nothing`, async (t) => {
    const rounds = record(entry.run, { rank: 0, size: 1, root: 0, blocks: 1 })
    t.same(rounds.flat().filter((step) => step.peer !== -1), [])
  })

  void t.test(`${name}: uses SCRATCH only where it says so`, async (t) => {
    let uses = false
    for (let rank = 0; rank < 8; rank++) {
      const steps = record(entry.run, { rank, size: 8, root: 0, blocks: entry.cut === 'whole' ? 1 : 8 }).flat()
      uses ||= steps.some((step) => step.buffer === 2 || step.from === 2)
    }
    t.equal(uses, entry.scratch)
  })
}

const inTurn = (size: number, hosts: number): number[] => Array.from({ length: size }, (_, rank) => rank % hosts)

/** The host of each rank: blocks of equal and unequal length, in turn, and neither. */
const LAYOUTS: readonly (readonly number[])[] = [
  [0, 0, 1, 1], [0, 0, 0, 1, 2, 2], [0, 1, 1, 1, 1, 2], [0, 1, 2], [0, 0, 1, 1, 2, 2, 3, 3], [0, 0, 0, 0, 1, 2, 3, 4],
  inTurn(4, 2), inTurn(7, 3), inTurn(12, 5), [0, 1, 0, 0, 2, 1, 2, 2, 0], [0, 1, 1, 0, 2, 3, 3, 0, 4, 1, 4, 4, 4, 2, 0, 5, 6],
]

for (const entry of ENTRIES.filter(({ twoLevel }) => twoLevel)) {
  void t.test(`${entry.collective} ${entry.name}: right on several hosts`, async (t) => {
    const failures: string[] = []
    const far: string[] = []
    for (const hosts of LAYOUTS) {
      const size = hosts.length
      for (const root of rootsOf(entry, size)) {
        for (const run of runsOf(entry, size, root)) {
          for (const order of [LOCKSTEP, randomOrder(1, false), randomOrder(2, true)]) {
            failures.push(...attempt(entry, { ...run, hosts }, order))
          }
          const blocks = entry.cut === 'ranks' ? size : 1
          if (messengers(entry, hosts, root, blocks) > 1) far.push(`${hosts.join(' ')}, root ${root}`)
        }
      }
    }
    t.same(failures.slice(0, 5), [])
    t.same(far, [], 'one rank of a host speaks for it')
  })
}

/** The most ranks of a host that send to other hosts. */
function messengers({ run }: Entry, hosts: readonly number[], root: number, blocks: number): number {
  const size = hosts.length
  const counts = new Map<number, number>()
  for (let rank = 0; rank < size; rank++) {
    const steps = record(run, { rank, size, root, blocks, hosts }).flat()
    const sends = steps.some(({ kind, peer }) => kind === SEND && hosts[peer] !== hosts[rank])
    if (sends) counts.set(hosts[rank], (counts.get(hosts[rank]) ?? 0) + 1)
  }
  return Math.max(0, ...counts.values())
}
