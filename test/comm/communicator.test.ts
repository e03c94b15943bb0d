// Communicators made of communicators, and collectives that are not awaited one by one.
import t from 'tap'
import type { Communicator } from '../../lib/comm/communicator.js'
import { Op, SUM } from '../../lib/data/op.js'
import { Request } from '../../lib/p2p/request.js'
import { UNDEFINED } from '../../lib/p2p/status.js'
import { inWorlds, transports } from '../support/worlds.js'

const CONCAT = Op.create((a: string, b: string) => a + b)

for (const name of transports()) {
  void t.test(name, async (t) => {
    await t.test('split by color, ordered by key', async (t) => {
      await inWorlds(name, 7, async (world) => {
        const { rank } = world
        const color = rank % 3
        const part = (await world.split(color, -rank))!
        const members = [0, 1, 2, 3, 4, 5, 6].filter((other) => other % 3 === color).reverse()
        t.equal(part.size, members.length)
        t.equal(part.rank, members.indexOf(rank))
        t.same(await part.allgather(rank), members)
        t.equal(await part.allreduce(String(rank), CONCAT), members.join(''))
        t.equal(await part.bcast(rank, part.size - 1), members.at(-1))
        const equalKeys = (await world.split(0, 5))!
        t.equal(equalKeys.rank, rank, 'equal keys keep the order')
        await equalKeys.free()
        await part.free()
      })
    })

    await t.test('UNDEFINED', async (t) => {
      await inWorlds(name, 4, async (world) => {
        const some = await world.split(world.rank < 2 ? 0 : UNDEFINED)
        t.equal(some?.size, world.rank < 2 ? 2 : undefined)
        t.equal(await world.split(UNDEFINED), undefined)
        if (some !== undefined) t.same(await some.allgather(world.rank), [0, 1])
        t.same(await world.allgather(world.rank), [0, 1, 2, 3])
      })
    })

    await t.test('splits of splits, down to one rank', async (t) => {
      await inWorlds(name, 8, async (world) => {
        let part: Communicator = world
        for (const size of [4, 2, 1]) {
          part = (await part.split(Math.floor(part.rank / size), part.rank))!
          t.equal(part.size, size)
          const first = Math.floor(world.rank / size) * size
          t.same(await part.allgather(world.rank), Array.from({ length: size }, (_, i) => first + i))
        }
        t.equal(await part.allreduce(5, SUM), 5, 'alone')
        await part.barrier()
        await part.send('to myself', 0)
        t.equal(await part.recv(), 'to myself')
        t.same(await part.gather(1), [1])
        t.same(await part.alltoall([1]), [1])
      })
    })

    await t.test('messages of one communicator are not seen in another', async (t) => {
      await inWorlds(name, 3, async (world) => {
        const copy = await world.dup()
        const next = (world.rank + 1) % 3
        await world.send('world', next, 1)
        await copy.send('copy', next, 1)
        t.equal(await copy.recv(), 'copy')
        t.equal(await copy.iprobe(), undefined)
        t.equal(await world.recv(), 'world')
        await copy.free()
        const [scoped] = await inBlock(world)
        await t.rejects(scoped.barrier(), { code: 'TSMPI_STATE' }, 'await using frees')
      })
    })

    await t.test('a thousand communicators, one after the other and at once', async (t) => {
      await inWorlds(name, 3, async (world) => {
        for (let i = 0; i < 300; i++) {
          const part = (await world.split(i % 2 === 0 ? 0 : world.rank % 2))!
          if (i % 3 === 0) await part.barrier()
          await part.free()
        }
        const many = await Promise.all(Array.from({ length: 50 }, () => world.dup()))
        const sums = await Promise.all(many.map((part, i) => part.allreduce(i, SUM)))
        t.same(sums, many.map((_, i) => 3 * i))
        await Promise.all(many.map((part) => part.free()))
      })
    })

    await t.test('different groups make communicators at the same time', async (t) => {
      await inWorlds(name, 6, async (world) => {
        const half = (await world.split(world.rank % 2))!
        const rows: Communicator[] = []
        for (let i = 0; i < 10; i++) {
          const part = world.rank % 2 === 0 ? await half.split(half.rank % (i + 1)) : await half.dup()
          rows.push(part!)
        }
        for (const [i, part] of rows.entries()) {
          const total = world.rank % 2 === 0 ? part.size : 3
          t.equal(await part.allreduce(1, SUM), total, `${i}`)
        }
      })
    })

    await t.test('un-awaited collectives on two communicators', async (t) => {
      await inWorlds(name, 4, async (world) => {
        const copy = await world.dup()
        const requests: Request<number>[] = []
        for (let i = 0; i < 40; i++) {
          // Ranks order the two communicators as they like.
          const pair = [() => world.iallreduce(i, SUM), () => copy.iallreduce(100 * i, SUM)]
          const swapped = (world.rank + i) % 2 === 0
          const [a, b] = swapped ? [pair[1](), pair[0]()] : [pair[0](), pair[1]()]
          requests.push(...(swapped ? [b, a] : [a, b]))
        }
        const sums = await Request.waitAll(requests)
        t.same(sums, Array.from({ length: 80 }, (_, k) => (k % 2 === 0 ? 4 : 400) * (k >> 1)))
        await copy.free()
      })
    })

    await t.test('300 collectives of all kinds under way at once', async (t) => {
      await inWorlds(name, 5, async (world) => {
        const { rank, size } = world
        const vector = (i: number): Float64Array => new Float64Array(i % 7 === 0 ? 3000 : 5).fill(rank + i)
        const requests: Request<unknown>[] = []
        for (let i = 0; i < 300; i++) {
          const root = i % size
          const kinds: (() => Request<unknown>)[] = [
            () => world.iallreduce(vector(i), SUM),
            () => world.ibcast(rank === root ? `from ${root}` : undefined, root),
            () => world.igather(rank + i, root),
            () => world.ibarrier(),
            () => world.iallgather(rank * i),
            () => world.iscatter(rank === root ? [0, 1, 2, 3, 4].map((to) => to * i) : undefined, root),
            () => world.ialltoall([0, 1, 2, 3, 4].map((to) => rank * 10 + to)),
            () => world.ireduce(`${rank}`, CONCAT, root),
          ]
          requests.push(kinds[i % kinds.length]())
        }
        // Waited for from the last to the first.
        const wrong: number[] = []
        const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
        for (let i = 299; i >= 0; i--) {
          const root = i % size
          const got = await requests[i]
          const atRoot = <T>(value: T): T | undefined => (rank === root ? value : undefined)
          const expected = [
            vector(i).fill(10 + 5 * i),
            `from ${root}`,
            atRoot([0, 1, 2, 3, 4].map((other) => other + i)),
            undefined,
            [0, 1, 2, 3, 4].map((other) => other * i),
            rank * i,
            [0, 1, 2, 3, 4].map((from) => from * 10 + rank),
            atRoot('01234'),
          ][i % 8]
          if (!same(got, expected)) wrong.push(i)
        }
        t.same(wrong, [])
      })
    })

    await t.test('blocking collectives that are awaited together match in call order', async (t) => {
      await inWorlds(name, 4, async (world) => {
        const results = await Promise.all([
          world.allreduce(1, SUM),
          world.bcast(world.rank === 2 ? 'two' : '', 2),
          world.allgather(world.rank),
          world.barrier(),
          world.allreduce(Float64Array.of(world.rank), SUM),
        ])
        t.same(results, [4, 'two', [0, 1, 2, 3], undefined, Float64Array.of(6)])
      })
    })

    await t.test('messages and collectives at once', async (t) => {
      await inWorlds(name, 4, async (world) => {
        const { rank, size } = world
        const next = (rank + 1) % size
        const large = new Uint8Array(200_000).fill(rank)
        const sum = world.iallreduce(new Float64Array(20_000).fill(1), SUM)
        const sent = world.isend(large, next, 1)
        const gathered = world.iallgather(large.subarray(0, 50_000))
        const got = (await world.recv((rank + 3) % size, 1)) as Uint8Array
        t.equal(got[199_999], (rank + 3) % size)
        await sent
        t.equal((await gathered)[2][49_999], 2)
        t.equal((await sum)[19_999], 4)
      })
    })
  })
}

void t.test('finished collectives keep no memory', async (t) => {
  const megabyte = 2 ** 20
  await inWorlds('inproc', 1, async (world) => {
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 60; i++) await world.allreduce(new Uint8Array(4 * megabyte), SUM)
    // Garbage is collected in a while, if it is garbage.
    const held = (): number => (process.memoryUsage().arrayBuffers - before) / megabyte
    const until = performance.now() + 10_000
    while (held() > 100 && performance.now() < until) {
      void new Uint8Array(megabyte)
      await new Promise(setImmediate)
    }
    t.ok(held() <= 100, `${Math.round(held())} MiB are held`)
  })
})

/** A communicator that is freed at the end of the block; in an array, so that it is not awaited. */
async function inBlock(world: Communicator): Promise<[Communicator]> {
  await using copy = await world.dup()
  await copy.barrier()
  return [copy]
}
