// The registry against the schedules: names, restrictions, and the costs it claims.
import t from 'tap'
import { existsSync } from 'node:fs'
import { isPowerOfTwo } from '../../lib/coll/patterns/hypercube.js'
import { algorithmsOf, blockCount, ENTRIES } from '../../lib/coll/registry.js'
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
    t.ok(entries.some((entry) => !entry.typedOnly && !entry.commutative && !entry.powerOfTwo), collective)
    t.equal(new Set(entries.map((entry) => entry.name)).size, entries.length, 'names differ')
  }
})

for (const entry of ENTRIES) {
  void t.test(`${entry.collective} ${entry.name}: steps, volume and work are those of the schedule`, async (t) => {
    for (const size of SIZES) {
      if (entry.powerOfTwo === true && !isPowerOfTwo(size)) continue
      const bytes = 1e6
      const blocks = blockCount(entry.cut, size, bytes)
      const steps = longestPath(entry, size, bytes, { alpha: 1, beta: 0, gamma: 0 })
      const volume = longestPath(entry, size, bytes, { alpha: 0, beta: 1, gamma: 0 })
      const work = longestPath(entry, size, bytes, { alpha: 0, beta: 0, gamma: 1 })
      t.equal(steps, entry.steps(size, blocks), `${size} ranks: steps`)
      // A fold leaves fewer pieces than blocks, so pieces differ by a block; the formulas have them equal.
      const slack = entry.name === 'rabenseifner' && !isPowerOfTwo(size) ? 1.2 : 1
      for (const [what, found, claimed] of [
        ['volume', volume, entry.volume(size, blocks)],
        ['work', work, entry.work(size, blocks)],
      ] as const) {
        const close = found >= claimed - 1e-9 && found <= claimed * slack + 1e-9
        t.ok(close, `${size} ranks: ${what} ${found}, not ${claimed}`)
      }
    }
  })

  void t.test(`${entry.collective} ${entry.name}: cost is latency, bytes and work`, async (t) => {
    const model = { alpha: 3, beta: 5, gamma: 7 }
    const blocks = blockCount(entry.cut, 8, 4096)
    const expected = 3 * entry.steps(8, blocks) + 4096 * (5 * entry.volume(8, blocks) + 7 * entry.work(8, blocks))
    t.equal(entry.cost(8, 4096, model), expected)
  })
}
