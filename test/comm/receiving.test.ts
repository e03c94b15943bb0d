// Where a message goes: into memory of the receiver, by wildcards, in order, probed first, or to nobody.
import t from 'tap'
import type { Test } from 'tap'
import { isDeepStrictEqual } from 'node:util'
import type { Communicator } from '../../lib/comm/communicator.js'
import { MismatchError, TruncateError } from '../../lib/errors.js'
import { Request } from '../../lib/p2p/request.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL, Status } from '../../lib/p2p/status.js'
import { filled } from '../support/values.js'
import { errorOf, inWorlds, transports } from '../support/worlds.js'

/** t.same is slow on long arrays. */
const same = (t: Test, got: unknown, expected: unknown, title = 'same'): boolean =>
  t.ok(isDeepStrictEqual(got, expected), title)

/** Rank 0 does `sends`, rank 1 `receives`, before they come and after. */
type Program = (world: Communicator) => Promise<void>
type Pair = (t: Test, title: string, sends: Program, receives: Program) => Promise<void>

for (const name of transports()) {
  for (const eagerLimit of [0, 16384]) {
    const where = `${name}, eager limit ${eagerLimit}`
    /** The receives are posted before the messages come; then the messages come first. */
    const between: Pair = async (t, title, sends, receives) => {
      for (const late of [false, true]) {
        await inWorlds(
          name,
          2,
          async (world) => {
            if (world.rank === 0) {
              const sent = sends(world)
              if (late) await world.barrier()
              await sent
            } else {
              if (late) await world.barrier()
              await receives(world)
            }
          },
          { eagerLimit },
        )
      }
      t.pass(title)
    }

    void t.test(`${where}, into`, async (t) => {
      for (const length of [1, 100, 40_000]) {
        const message = filled(Float64Array, length, 1)
        await between(
          t,
          `${length} doubles`,
          async (world) => {
            for (let i = 0; i < 4; i++) await world.send(message, 1, i)
            await world.send('next', 1, 9)
          },
          async (world) => {
            const exact = new Float64Array(length)
            t.equal(await world.recv(0, 0, { into: exact }), exact, 'gives the array')
            same(t, exact, message)

            const longer = new Float64Array(length + 3).fill(7)
            const status = new Status()
            await world.recv(0, 1, { into: longer, status })
            same(t, longer.subarray(0, length), message)
            same(t, longer.subarray(length), Float64Array.of(7, 7, 7), 'the rest is as it was')
            t.match(status, { source: 0, tag: 1, bytes: 8 * length, count: length, typeName: 'Float64Array' })

            const shorter = new Float64Array(length - 1)
            const error = await errorOf(world.recv(0, 2, { into: shorter, status }))
            t.type(error, TruncateError)
            t.match(error, { messageBytes: 8 * length, bufferBytes: 8 * length - 8, code: 'TSMPI_TRUNCATE' })
            t.match(error.message, new RegExp(`rank 0, tag 2 has ${8 * length} bytes.* room for ${8 * length - 8}`))
            same(t, shorter, new Float64Array(length - 1), 'nothing is written')
            t.equal(status.count, length)

            const other = await errorOf(world.recv(0, 3, { into: new Int32Array(2 * length) }))
            t.type(other, MismatchError)
            t.match(other.message, /Int32Array got a Float64Array of \d+ bytes from rank 0, tag 3/)
            t.equal(await world.recv(0), 'next', 'the messages before are consumed')
          },
        )
      }
    })

    void t.test(`${where}, into raw memory`, async (t) => {
      const bytes = filled(Uint8Array, 50, 2)
      await between(
        t,
        'bytes',
        async (world) => {
          for (const value of [bytes, Buffer.from(bytes), bytes.slice().buffer, new DataView(bytes.buffer)]) {
            for (let i = 0; i < 4; i++) await world.send(value, 1)
          }
          await world.send(undefined, 1)
          await world.send(3, 1)
          await world.send([1, 2], 1)
        },
        async (world) => {
          for (let i = 0; i < 4; i++) {
            const memory = new ArrayBuffer(64)
            t.equal(await world.recv(0, 0, { into: memory }), memory)
            same(t, new Uint8Array(memory, 0, 50), bytes)
            const array = new Uint8Array(memory, 7, 50)
            await world.recv(0, 0, { into: array })
            same(t, array, bytes)
            const buffer = Buffer.alloc(50)
            await world.recv(0, 0, { into: buffer })
            same(t, new Uint8Array(buffer), bytes)
            const view = new DataView(new ArrayBuffer(80), 20, 50)
            await world.irecv(0, 0, { into: view })
            same(t, new Uint8Array(view.buffer, 20, 50), bytes)
          }
          for (let i = 0; i < 3; i++) {
            t.type(await errorOf(world.recv(0, 0, { into: new Uint8Array(99) })), MismatchError)
          }
        },
      )
    })

    void t.test(`${where}, order and wildcards`, async (t) => {
      const count = 300
      const value = (i: number): unknown => [i, filled(Uint8Array, i * 100, i), `message ${i}`][i % 3]
      const tag = (i: number): number => (i * 7) % 5
      await between(
        t,
        'ANY_TAG takes messages in the order in which they were sent',
        async (world) => {
          await Request.waitAll(Array.from({ length: count }, (_, i) => world.isend(value(i), 1, tag(i))))
        },
        async (world) => {
          for (let i = 0; i < count; i++) {
            const status = new Status()
            const source = i % 2 === 0 ? ANY_SOURCE : 0
            const got = await world.recv(source, i % 4 < 2 ? ANY_TAG : tag(i), { status })
            same(t, got, value(i))
            t.match(status, { source: 0, tag: tag(i) })
          }
        },
      )
      await between(
        t,
        'a tag takes its own messages in order',
        async (world) => {
          await Request.waitAll(Array.from({ length: count }, (_, i) => world.isend(value(i), 1, tag(i))))
        },
        async (world) => {
          for (const wanted of [4, 2, 0, 3, 1]) {
            const expected = Array.from({ length: count }, (_, i) => i).filter((i) => tag(i) === wanted)
            for (const i of expected) same(t, await world.recv(ANY_SOURCE, wanted), value(i))
          }
        },
      )
    })

    void t.test(`${where}, ANY_SOURCE`, async (t) => {
      await inWorlds(
        name,
        5,
        async (world) => {
          for (let i = 0; i < 20 && world.rank > 0; i++) await world.send([world.rank, i], 0, world.rank)
          if (world.rank > 0) return
          const next = [0, 0, 0, 0, 0]
          for (let i = 0; i < 80; i++) {
            const status = new Status()
            const [rank, number] = (await world.recv(ANY_SOURCE, ANY_TAG, { status })) as [number, number]
            t.match(status, { source: rank, tag: rank })
            t.equal(number, next[rank]++, 'in order for each source')
          }
          same(t, next, [0, 20, 20, 20, 20])
        },
        { eagerLimit },
      )
    })

    void t.test(`${where}, probe`, async (t) => {
      await between(
        t,
        'probe and iprobe',
        async (world) => {
          const values = [new Int16Array(33), { a: 1 }, undefined, 2.5]
          await Request.waitAll(values.map((value, i) => world.isend(value, 1, 4 + i)))
        },
        async (world) => {
          t.match(await world.probe(0, 4), { source: 0, tag: 4, bytes: 66, count: 33, typeName: 'Int16Array' })
          t.match(await world.probe(), { tag: 4 }, 'the oldest')
          t.match(await world.probe(ANY_SOURCE, 5), { tag: 5, count: 1, typeName: 'value' })
          same(t, await world.recv(0, 5), { a: 1 })
          same(t, await world.recv(), new Int16Array(33))
          t.match(await world.probe(), { tag: 6, count: 0, bytes: 0, typeName: 'undefined' })
          await world.recv()
          let status: Status | undefined
          while (status === undefined) status = await world.iprobe(0, 7)
          t.match(status, { source: 0, tag: 7, count: 1, bytes: 8, typeName: 'number' })
          t.equal(await world.iprobe(0, 8), undefined)
          t.equal(await world.recv(0, 7), 2.5)
          t.equal(await world.iprobe(), undefined)
        },
      )
    })

    void t.test(`${where}, sendrecv`, async (t) => {
      await inWorlds(
        name,
        3,
        async (world) => {
          const { rank, size } = world
          const right = (rank + 1) % size
          const left = (rank + size - 1) % size
          t.equal(await world.sendrecv(`from ${rank}`, right, { source: left, sendTag: 1, recvTag: 1 }), `from ${left}`)
          const large = filled(Int32Array, 30_000, rank)
          const into = new Int32Array(30_000)
          const status = new Status()
          await world.sendrecv(large, right, { source: left, into, status })
          same(t, into, filled(Int32Array, 30_000, left))
          t.match(status, { source: left, tag: 0, count: 30_000 })
          t.equal(await world.sendrecvReplace(large, right, { source: left }), large)
          same(t, large, into)
          t.equal(await world.sendrecv(rank, rank), rank, 'with itself')
          t.equal(await world.sendrecv(rank, PROC_NULL, { source: PROC_NULL, status }), undefined)
          t.equal(status.source, PROC_NULL)
          if (rank === 1) await world.send('to the edge', 2, 3)
          if (rank === 2) t.equal(await world.sendrecv('nobody', PROC_NULL, { source: 1, recvTag: 3 }), 'to the edge')
        },
        { eagerLimit },
      )
    })

    void t.test(`${where}, PROC_NULL`, async (t) => {
      await inWorlds(
        name,
        2,
        async (world) => {
          for (const mode of ['send', 'ssend', 'bsend', 'rsend', 'isend', 'issend'] as const) {
            await world[mode]('x', PROC_NULL)
          }
          const status = new Status()
          t.equal(await world.recv(PROC_NULL, 3, { status }), undefined)
          t.match(status, { source: PROC_NULL, tag: ANY_TAG, bytes: 0, count: 0 })
          const request = world.irecv(PROC_NULL)
          t.equal(await request.test(), true)
          t.match(request.status, { source: PROC_NULL, tag: ANY_TAG, count: 0 })
          t.match(await world.probe(PROC_NULL), { source: PROC_NULL })
          t.match(await world.iprobe(PROC_NULL), { source: PROC_NULL })
        },
        { eagerLimit },
      )
    })
  }
}
