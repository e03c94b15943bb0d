// The registry against the schedules: names, restrictions, and the costs it claims.
import t from 'tap'
import { existsSync } from 'node:fs'
import { isPowerOfTwo } from '../../lib/coll/patterns/hypercube.js'
import { algorithmsOf, blockCount, ENTRIES } from '../../lib/coll/registry.js'
import type { CostModel, Entry } from '../../lib/coll/schedule.js'
import { longestPath } from './clock.js'

const SIZES = [...Array.from({ length: 17 }, (_, i) => i + 1), 32, 33]
const COLLECTIVES = [...new Set(ENTRIES.map((entry) => entry.collective))]

void t.test('an algorithm is the file of its name', async (t) => {
  for (const { collective, name } of ENTRIES) {
    t.ok(existsSync(new URL(`../../lib/coll/${collective}/${name}.ts`, import.meta.url)), `${collective}/${name}.ts`)
  }
})

void t.test('every collective has two algorithms, one of them without restrictions', async (t) => {
  t.equal(COLLECTIVES.length, 8)
  for (const collective of COLLECTIVES) {
    const entries = algorithmsOf(collective)
    t.ok(entries.length >= 2, collective)
    t.ok(entries.some((entry) => !entry.typedOnly && !entry.commutative && !entry.powerOfTwo && !entry.twoLevel), collective)
    t.equal(new Set(entries.map((entry) => entry.name)).size, entries.length, 'names differ')
  }
})

/** Ranks and hosts. */
function layoutsOf(entry: Entry): [size: number, hosts: number][] {
  const sizes = SIZES.filter((size) => entry.powerOfTwo !== true || isPowerOfTwo(size))
  if (entry.twoLevel !== true) return sizes.map((size) => [size, 1])
  return sizes.flatMap((size) => sizes.filter((hosts) => size % hosts === 0).map((hosts): [number, number] => [size, hosts]))
}

for (const entry of ENTRIES) {
  void t.test(`${entry.collective} ${entry.name}: steps, volume and work are those of the schedule`, async (t) => {
    for (const [size, hosts] of layoutsOf(entry)) {
      const bytes = 1e6
      const blocks = blockCount(entry.cut, size, bytes)
      const clock = (model: CostModel): number => longestPath(entry, size, bytes, model, hosts)
      const steps = clock({ alpha: 1, beta: 0, gamma: 0 })
      const volume = clock({ alpha: 0, beta: 1, gamma: 0 })
      const work = clock({ alpha: 0, beta: 0, gamma: 1 })
      const claim = (what: 'steps' | 'volume' | 'work'): number =>
        entry[what](size, blocks, hosts) + (entry.inside?.[what](size, blocks, hosts) ?? 0)
      t.equal(steps, claim('steps'), `${size} ranks on ${hosts}: steps`)
      // A fold leaves fewer pieces than blocks, so pieces differ by a block; the formulas have them equal.
      const folds = !isPowerOfTwo(entry.twoLevel === true ? hosts : size)
      const slack = entry.name.endsWith('rabenseifner') && folds ? 1.2 : 1
      for (const [what, found, claimed] of [
        ['volume', volume, claim('volume')],
        ['work', work, claim('work')],
      ] as const) {
        const close = found >= claimed - 1e-9 && found <= claimed * slack + 1e-9
        t.ok(close, `${size} ranks on ${hosts}: ${what} ${found}, not ${claimed}`)
      }
    }
  })

  void t.test(`${entry.collective} ${entry.name}: cost is latency, bytes and work`, async (t) => {
    const model = { alpha: 3, beta: 5, gamma: 7 }
    const blocks = blockCount(entry.cut, 8, 4096)
    const inside = { alpha: 2, beta: 1, gamma: 4 }
    const sum = ({ steps, volume, work }: Pick<Entry, 'steps' | 'volume' | 'work'>, { alpha, beta, gamma }: CostModel): number =>
      alpha * steps(8, blocks, 4) + 4096 * (beta * volume(8, blocks, 4) + gamma * work(8, blocks, 4))
    const expected = sum(entry, model) + (entry.inside ? sum(entry.inside, inside) : 0)
    t.equal(entry.cost(8, 4096, model, 4, inside), expected)
  })
}
