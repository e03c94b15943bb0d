// What a Status says of each kind of message.
import t from 'tap'
import { CONSTRUCTORS } from '../../lib/data/types.js'
import { ANY_SOURCE, ANY_TAG, Status } from '../../lib/p2p/status.js'
import { inWorlds } from '../support/worlds.js'

void t.test('a new one', async (t) => {
  const nothing = { bytes: 0, count: 0, cancelled: false, typeName: 'undefined' }
  t.match(new Status(), { source: ANY_SOURCE, tag: ANY_TAG, ...nothing })
})

void t.test('counts elements', async (t) => {
  const cases: [value: unknown, typeName: string, count: number, bytes?: number][] = [
    ...CONSTRUCTORS.map((constructor): [unknown, string, number, number] => [
      new constructor(5), constructor.name, 5, 5 * constructor.BYTES_PER_ELEMENT,
    ]),
    [new Float64Array(0), 'Float64Array', 0, 0],
    [Buffer.alloc(9), 'Buffer', 9, 9],
    [new ArrayBuffer(9), 'ArrayBuffer', 9, 9],
    [new DataView(new ArrayBuffer(9)), 'DataView', 9, 9],
    [2.5, 'number', 1, 8],
    ['text', 'value', 1],
    [null, 'value', 1],
    [{ a: [1, 2, 3] }, 'value', 1],
    [undefined, 'undefined', 0, 0],
  ]
  await inWorlds('inproc', 1, async (world) => {
    const status = new Status()
    for (const [value, typeName, count, bytes] of cases) {
      await world.send(value, 0, 3)
      await world.recv(0, 3, { status })
      t.match(status, { source: 0, tag: 3, typeName, count, ...(bytes === undefined ? {} : { bytes }) })
      const request = world.isend(value, 0, 4)
      t.match(await world.probe(0, 4), { source: 0, tag: 4, typeName, count })
      await world.recv()
      await request
      t.match(request.status, { tag: 4, typeName, count })
    }
  })
})

void t.test('ranks are those of the communicator', async (t) => {
  await inWorlds('inproc', 3, async (world) => {
    const reversed = (await world.split(0, -world.rank))!
    const status = new Status()
    if (world.rank === 2) await reversed.send('x', 2)
    if (world.rank === 0) {
      t.match(await reversed.probe(), { source: 0 })
      await reversed.recv(0, 0, { status })
      t.equal(status.source, 0, 'rank 2 of the world')
    }
    await reversed.free()
  })
})
