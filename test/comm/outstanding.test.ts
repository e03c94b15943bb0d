// Very many requests at once.
import t from 'tap'
import { Request } from '../../lib/p2p/request.js'
import { ANY_SOURCE, ANY_TAG } from '../../lib/p2p/status.js'
import { inWorlds, transports } from '../support/worlds.js'

const countOn = (name: string): number => (name === 'zmq' ? 20_000 : 100_000)

for (const name of transports()) {
  const many = countOn(name)
  void t.test(`${name}, ${many} receives posted, tags in reverse order`, async (t) => {
    await inWorlds(name, 2, async (world) => {
      if (world.rank === 0) {
        await world.barrier()
        const sends = Array.from({ length: many }, (_, i) => world.isend(i, 1, many - i))
        await Request.waitAll(sends)
      } else {
        const receives = Array.from({ length: many }, (_, i) => world.irecv(0, i + 1))
        await world.barrier()
        const values = await Request.waitAll(receives)
        t.equal(values.findIndex((value, i) => value !== many - 1 - i), -1)
      }
    })
  })

  void t.test(`${name}, ${many} messages that came before their receives`, async (t) => {
    await inWorlds(name, 2, async (world) => {
      const sends = Array.from({ length: world.rank === 0 ? many : 0 }, (_, i) => world.isend(i, 1, i))
      await world.barrier()
      if (world.rank === 1) {
        const half = many / 2
        const last = await Request.waitAll(Array.from({ length: half }, (_, i) => world.irecv(0, many - 1 - i)))
        t.equal(last.findIndex((value, i) => value !== many - 1 - i), -1, 'by tag')
        const first = await Request.waitAll(Array.from({ length: half }, () => world.irecv(ANY_SOURCE, ANY_TAG)))
        t.equal(first.findIndex((value, i) => value !== i), -1, 'by wildcards, in order')
      }
      await Request.waitAll(sends)
    })
  })

  void t.test(`${name}, cancelled receives among many`, async (t) => {
    await inWorlds(name, 2, async (world) => {
      const count = 10_000
      if (world.rank === 1) {
        await world.barrier()
        await Request.waitAll(Array.from({ length: count }, (_, i) => world.isend(i, 0, i % 10)))
        return
      }
      const source = (i: number): number => (i % 4 < 2 ? 1 : ANY_SOURCE)
      const receives = Array.from({ length: 2 * count }, (_, i) => world.irecv(source(i), (i >> 1) % 10))
      const kept = receives.filter((request, i) => i % 2 === 0 || !request.cancel())
      t.equal(kept.length, count, 'half of them are cancelled')
      await world.barrier()
      const values = await Request.waitAll(kept)
      t.equal(values.findIndex((value, i) => value !== i), -1)
    })
  })
}
