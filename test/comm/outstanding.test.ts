// Very many requests at once.
import t from 'tap'
import { Request } from '../../lib/p2p/request.js'
import { ANY_SOURCE, ANY_TAG } from '../../lib/p2p/status.js'
import { turns } from '../support/script.js'
import { inWorlds, transports } from '../support/worlds.js'

const countOn = (name: string): number => (name === 'zmq' || name === 'hosts' ? 20_000 : 100_000)

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

  void t.test(`${name}, everyone sends to everyone at once`, async (t) => {
    for (const length of [100, 20_000, 600_001]) {
      await inWorlds(name, 8, async (world) => {
        const ranks = Array.from({ length: 8 }, (_, rank) => rank)
        const receives = ranks.map((from) => world.irecv(from, 5))
        const sends = ranks.map((to) => world.isend(new Uint8Array(length).fill(16 * world.rank + to), to, 5))
        const values = (await Request.waitAll(receives)) as Uint8Array[]
        await Request.waitAll(sends)
        const right = values.map((value, from) => Buffer.compare(value, Buffer.alloc(length, 16 * from + world.rank)))
        t.same(right, ranks.map(() => 0), `${length} bytes`)
      })
    }
  })

  void t.test(`${name}, what was sent arrives, though the sender does nothing more`, async (t) => {
    await inWorlds(name, 2, async (world) => {
      if (world.rank === 0) {
        for (let i = 0; i < 1500; i++) {
          await world.send(i, 1)
          if (i % 2 === 0) await turns(1)
        }
        return
      }
      await turns(4000)
      for (let i = 0; i < 1500; i++) if ((await world.recv()) !== i) t.fail(`${i}`)
      t.pass('all')
    })
  })
}
