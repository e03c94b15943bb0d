// Messages of every kind and length, in every mode, on every transport, posted before and after they come.
import t from 'tap'
import { isDeepStrictEqual } from 'node:util'
import { attachBuffer } from '../../lib/comm/buffered.js'
import type { Communicator } from '../../lib/comm/communicator.js'
import { Status } from '../../lib/p2p/status.js'
import { filled, objectValues, rawValues } from '../support/values.js'
import { inWorlds, transports } from '../support/worlds.js'

const SIZES = [1, 2, 3, 5, 8]
/** On two hosts. */
const SEVERAL = [2, 3, 5]
const MODES = ['send', 'ssend', 'bsend', 'rsend', 'isend', 'issend'] as const
type Mode = (typeof MODES)[number]
const EAGER_LIMIT = 1024
// All ranks of a test are in this process.
attachBuffer(64 * 1024 * 1024)

/** Sends to the right and receives from the left; the receive is posted first, or the message is there first. */
async function shift(
  world: Communicator, mode: Mode, value: unknown, posted: boolean, status: Status,
): Promise<unknown> {
  const { rank, size } = world
  const left = (rank + size - 1) % size
  if (posted) {
    const request = world.irecv(left, 5)
    await world[mode](value, (rank + 1) % size, 5)
    const got = await request
    Object.assign(status, request.status)
    return got
  }
  const sent = world[mode](value, (rank + 1) % size, 5)
  await world.barrier()
  const got = await world.recv(left, 5, { status })
  await sent
  return got
}

/** What is wrong with the values that went round; empty where nothing is. */
async function wrongs(world: Communicator, mode: Mode, valuesOf: (rank: number) => unknown[]): Promise<string[]> {
  const wrong: string[] = []
  const left = (world.rank + world.size - 1) % world.size
  const expected = valuesOf(left)
  for (const [i, value] of valuesOf(world.rank).entries()) {
    for (const posted of [true, false]) {
      const status = new Status()
      const got = await shift(world, mode, value, posted, status)
      const where = `rank ${world.rank}, value ${i}, ${mode}, ${posted ? 'posted' : 'unexpected'}`
      if (!isDeepStrictEqual(got, expected[i])) wrong.push(`${where}: got ${String(got).slice(0, 60)}`)
      if (status.source !== left || status.tag !== 5) wrong.push(`${where}: status ${status.source}, ${status.tag}`)
    }
  }
  return wrong
}

for (const name of transports()) {
  for (const size of name === 'hosts' ? SEVERAL : SIZES) {
    void t.test(`${name}, ${size} ranks`, async (t) => {
      for (const mode of MODES) {
        const options = { eagerLimit: EAGER_LIMIT }
        const objects = await inWorlds(name, size, (world) => wrongs(world, mode, objectValues), options)
        t.same(objects.flat(), [], `values, ${mode}`)
        const raw = await inWorlds(
          name,
          size,
          async (world) => {
            const wrong: string[] = []
            for (const bytes of [0, 1, 8, 77, EAGER_LIMIT - 1, EAGER_LIMIT, EAGER_LIMIT + 1]) {
              wrong.push(...(await wrongs(world, mode, (rank) => rawValues(bytes, rank + bytes))))
            }
            return wrong
          },
          options,
        )
        t.same(raw.flat(), [], `raw memory, ${mode}`)
      }
    })

    void t.test(`${name}, ${size} ranks, large`, async (t) => {
      for (const mode of MODES) {
        const wrong = await inWorlds(name, size, (world) =>
          wrongs(world, mode, (rank) => [
            filled(Uint8Array, 16384, rank),
            filled(Float32Array, 16385, rank),
            filled(Int16Array, 3 * 65536 + 1, rank),
            filled(Uint8Array, 2 ** 20 + 3, rank),
            { list: Array.from({ length: 20_000 }, (_, i) => i * rank) },
          ]),
        )
        t.same(wrong.flat(), [], mode)
      }
    })
  }

  void t.test(`${name}, eager limit 0: every send waits for its receive`, async (t) => {
    const values = (rank: number): unknown[] => [...objectValues(rank), ...rawValues(0, rank), ...rawValues(100, rank)]
    for (const mode of MODES) {
      const wrong = await inWorlds(name, 2, (world) => wrongs(world, mode, values), { eagerLimit: 0 })
      t.same(wrong.flat(), [], mode)
    }
    await inWorlds(
      name,
      2,
      async (world) => {
        if (world.rank === 1) {
          await world.barrier()
          t.equal(await world.recv(0, 1), 'x')
          return
        }
        let sent = false
        const send = world.send('x', 1, 1).then(() => (sent = true))
        for (let i = 0; i < 20; i++) await new Promise(setImmediate)
        t.notOk(sent, 'not before the receive')
        await world.barrier()
        await send
      },
      { eagerLimit: 0 },
    )
  })
}
