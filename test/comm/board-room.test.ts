// Room on a board comes free although away from the root nobody reads what others have published.
import t from 'tap'
import { SUM } from '../../lib/data/op.js'
import { inWorlds, transports } from '../support/worlds.js'

/** More than a slot has room for. */
const LENGTH = 128
const ROUNDS = 100

for (const name of transports()) {
  void t.test(`${name}: gathers and reduces one after the other, nothing between them`, async (t) => {
    for (const size of [3, 4]) {
      const sums = await inWorlds(name, size, async (world) => {
        const own = new Float64Array(LENGTH).fill(world.rank + 1)
        const all = new Float64Array(LENGTH * size)
        for (let i = 0; i < ROUNDS; i++) await world.gather(own, 0, { into: all })
        let sum = all.reduce((a, b) => a + b, 0) / LENGTH
        for (let i = 0; i < ROUNDS; i++) sum += (await world.reduce(own, SUM, i % size))?.[0] ?? 0
        return world.allreduce(sum, SUM)
      }, { seconds: 60 })
      const once = (size * (size + 1)) / 2
      t.same(sums, new Array<number>(size).fill(once * (1 + ROUNDS)), `${size} ranks`)
    }
  })
}
