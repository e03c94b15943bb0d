// The worlds of the tests themselves.
import t from 'tap'
import { SUM } from '../../lib/data/op.js'
import { inWorlds, transports } from './worlds.js'

for (const name of transports()) {
  void t.test(name, async (t) => {
    const sums = await inWorlds(name, 3, async (world) => {
      if (world.rank === 0) await world.send('hello', 1)
      if (world.rank === 1) t.equal(await world.recv(), 'hello')
      return await world.allreduce(world.rank + 1, SUM)
    })
    t.same(sums, [6, 6, 6])
  })
}
