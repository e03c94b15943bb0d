// Arguments that cannot be right are told at the call, by name, and leave nothing behind.
import t from 'tap'
import type { Test } from 'tap'
import type { Communicator } from '../../lib/comm/communicator.js'
import { BAND, Op, SUM } from '../../lib/data/op.js'
import { ArgumentError, BufferError, DataError, StateError } from '../../lib/errors.js'
import { attachBuffer } from '../../lib/comm/buffered.js'
import { Request } from '../../lib/p2p/request.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../../lib/p2p/status.js'
import { scripted } from '../support/script.js'
import { errorOf, inWorlds } from '../support/worlds.js'

const SENDS = ['send', 'ssend', 'bsend', 'rsend', 'isend', 'issend'] as const

/** The error of a call that throws, or whose promise rejects. */
async function failure(call: () => PromiseLike<unknown>): Promise<Error> {
  try {
    const result = call()
    return await errorOf(result)
  } catch (error) {
    return error as Error
  }
}

type ErrorClass = new (...args: never[]) => Error

async function refused(
  t: Test, call: () => PromiseLike<unknown>, pattern: RegExp, kind: ErrorClass = ArgumentError,
): Promise<void> {
  const error = await failure(call)
  t.type(error, kind, error.message)
  t.match(error.message, pattern)
}

/** Ranks and tags of the wrong kind reach the library from JavaScript. */
const wrong = (value: unknown): number => value as number

void t.test('ranks and tags', async (t) => {
  const { world, engine, transport, close } = scripted({ size: 3 })
  const badRanks = [-5, 3, 1.5, NaN, Infinity, wrong('1'), wrong(null), wrong({}), wrong(1n)]
  for (const rank of badRanks) {
    for (const send of SENDS) {
      await refused(t, () => world[send]('x', rank), /is not a rank of COMM_WORLD: it has ranks 0 to 2/)
    }
    await refused(t, () => world.recv(rank), /source .* is not a rank of COMM_WORLD/)
    await refused(t, () => world.irecv(rank), /source .* is not a rank/)
    await refused(t, () => world.probe(rank), /source .* is not a rank/)
    await refused(t, () => world.iprobe(rank), /source .* is not a rank/)
    await refused(t, () => world.sendrecv('x', rank), /is not a rank/)
    await refused(t, () => world.sendrecv('x', 1, { source: rank }), /source .* is not a rank/)
    await refused(t, () => world.bcast('x', rank), /root .* is not a rank of COMM_WORLD/)
  }
  for (const send of SENDS) await refused(t, () => world[send]('x', ANY_SOURCE), /dest -2 is not a rank/)
  for (const rank of [ANY_SOURCE, PROC_NULL]) {
    await refused(t, () => world.bcast('x', rank), /root/)
    await refused(t, () => world.scatter(['x', 'y', 'z'], rank), /root/)
    await refused(t, () => world.gather('x', rank), /root/)
    await refused(t, () => world.reduce(1, SUM, rank), /root/)
    await refused(t, () => world.ireduce(1, SUM, rank), /root/)
  }
  for (const tag of [-2, 0x80000000, 0.5, NaN, wrong('tag'), wrong(null)]) {
    for (const send of SENDS) {
      await refused(t, () => world[send]('x', 1, tag), /tag .* is not an integer from 0 to 2147483647/)
    }
    await refused(t, () => world.recv(1, tag), /tag/)
    await refused(t, () => world.irecv(1, tag), /tag/)
    await refused(t, () => world.probe(1, tag), /tag/)
    await refused(t, () => world.iprobe(1, tag), /tag/)
    await refused(t, () => world.sendrecv('x', 1, { sendTag: tag }), /tag/)
    await refused(t, () => world.sendrecv('x', 1, { recvTag: tag }), /tag/)
  }
  for (const send of SENDS) await refused(t, () => world[send]('x', 1, ANY_TAG), /tag -1/)
  for (const send of SENDS) await refused(t, () => world[send]('x', PROC_NULL, -7), /tag -7/)
  await world.send('x', 1, 0x7fffffff)
  t.equal(transport.sent.length, 1, 'nothing else was sent')
  t.equal(engine.pending, 0)
  close()
})

void t.test('into', async (t) => {
  const { world, engine, close } = scripted()
  for (const into of [[], {}, 'text', 5, null, new SharedArrayBuffer(8), new Map()]) {
    const buffer = into as Uint8Array
    const memory = /into must be a typed array, Buffer, ArrayBuffer or DataView/
    await refused(t, () => world.recv(1, 0, { into: buffer }), memory)
    await refused(t, () => world.irecv(1, 0, { into: buffer }), /into must be/)
    await refused(t, () => world.sendrecv(1, 1, { into: buffer }), /into must be/)
  }
  t.equal(engine.pending, 0)
  close()
})

void t.test('values that cannot travel', async (t) => {
  const { world, engine, transport, close } = scripted()
  const values: [unknown, string][] = [
    [() => 1, ''],
    [Symbol('s'), ''],
    [{ a: { b: [1, () => 2] } }, 'a.b[1]'],
    [[1, [Symbol('s')]], '[1][0]'],
    [{ 'not a name': new Map([['key', Promise.resolve(1)]]) }, 'key'],
    [new Set([1, new WeakMap()]), ''],
  ]
  for (const [value, path] of values) {
    for (const send of SENDS) {
      const error = await failure(() => world[send](value, 1))
      t.type(error, DataError)
      t.ok((error as DataError).path.includes(path), `${(error as DataError).path} names ${path}`)
      t.ok(error.message.includes((error as DataError).path), error.message)
    }
    t.type(await failure(() => world.sendrecv(value, 1)), DataError)
    for (const collective of ['bcast', 'gather', 'allgather'] as const) {
      const call = world[collective].bind(world) as (value: unknown) => Promise<unknown>
      t.type(await failure(() => call(value)), DataError, collective)
    }
    t.type(await failure(() => world.scatter([1, value])), DataError)
    t.type(await failure(() => world.alltoall([value, 1])), DataError)
  }
  t.equal(transport.sent.length, 0)
  t.equal(engine.pending, 0)
  close()
})

void t.test('collectives', async (t) => {
  const { world, engine, transport, close } = scripted({ size: 2 })
  const algorithm = 'bogo'
  await refused(t, () => world.barrier({ algorithm }), /barrier has no algorithm 'bogo'; it has: dissemination, tree/)
  await refused(t, () => world.bcast(1, 0, { algorithm }), /bcast has no algorithm/)
  await refused(t, () => world.ibcast(1, 0, { algorithm }), /bcast has no algorithm/)
  await refused(t, () => world.gather(1, 0, { algorithm }), /gather has no algorithm/)
  await refused(t, () => world.allreduce('a', Op.create(String), { algorithm: 'ring' }), /typed arrays/)
  await refused(t, () => world.allreduce(new Int8Array(2), Op.create(Math.hypot), { algorithm: 'ring' }), /commutative/)
  await refused(t, () => world.bcast(new Uint8Array(9), 0, { segmentBytes: 0 }), /segmentBytes/)
  await refused(t, () => world.bcast(new Uint8Array(9), 0, { segmentBytes: NaN }), /segmentBytes/)
  await refused(t, () => world.scatter([1, 2, 3]), /an array of 2 values .* not an array of 3/)
  await refused(t, () => world.scatter(new Int8Array(3)), /3 elements cannot be cut into 2 equal blocks/)
  await refused(t, () => world.scatter('text'), /an array of 2 values .* not string/)
  await refused(t, () => world.alltoall([1]), /an array of 2 values/)
  await refused(t, () => world.alltoall(new Int8Array(5)), /cannot be cut/)
  await refused(t, () => world.alltoall(new Int8Array(4), { into: new Int8Array(6) }), /into must have the type/)
  await refused(t, () => world.alltoall(new Int8Array(4), { into: new Uint8Array(4) as never }), /into must have/)
  await refused(t, () => world.allgather(new Int8Array(4), { into: new Int8Array(4) }), /2 times as long/)
  await refused(t, () => world.allreduce(new Int8Array(4), SUM, { into: new Int8Array(5) }), /into must have/)
  await refused(t, () => world.reduce(new Int8Array(4), SUM, 0, { into: new Int16Array(4) as never }), /into must have/)
  await refused(t, () => world.allreduce(5, SUM, { into: new Float64Array(1) } as never), /into needs a typed array/)
  await refused(t, () => world.allreduce(5, wrong('SUM') as unknown as Op), /takes an Op/)
  await refused(t, () => world.allreduce(new Float64Array(4), BAND), /BAND takes integers/)
  await refused(t, () => world.allreduce(Buffer.alloc(4), SUM), /SUM does not take Buffer/)
  t.equal(transport.sent.length, 0)
  t.equal(engine.pending, 0)
  close()
})

void t.test('into of collectives that is no typed array', async (t) => {
  await inWorlds('inproc', 1, async (world) => {
    for (const into of [[], {}, 'text', 5, new ArrayBuffer(8)]) {
      const options = { into } as unknown as { into: Uint8Array }
      await refused(t, () => world.bcast(new Uint8Array(8), 0, options), /into must be a typed array/)
      await refused(t, () => world.scatter(new Uint8Array(8), 0, options), /into must be a typed array/)
      await refused(t, () => world.gather(new Uint8Array(8), 0, options), /into must be a typed array/)
      await refused(t, () => world.allgather(new Uint8Array(8), options), /into/)
      await refused(t, () => world.alltoall([new Uint8Array(8)] as never, options), /into must be a typed array/)
    }
  })
})

void t.test('communicators', async (t) => {
  await inWorlds('inproc', 2, async (world) => {
    for (const color of [-1, 1.5, NaN, wrong('red')]) await refused(t, () => world.split(color), /split: color/)
    for (const key of [0.5, NaN, wrong('first')]) await refused(t, () => world.split(0, key), /split: key/)
    await refused(t, () => world.free(), /COMM_WORLD cannot be freed/)
    const copy = await world.dup()
    await copy.free()
    const uses: ((comm: Communicator) => PromiseLike<unknown>)[] = [
      (comm) => comm.send(1, 0), (comm) => comm.isend(1, 0), (comm) => comm.recv(), (comm) => comm.irecv(),
      (comm) => comm.sendrecv(1, 0), (comm) => comm.probe(), (comm) => comm.iprobe(), (comm) => comm.barrier(),
      (comm) => comm.ibcast(1), (comm) => comm.split(0), (comm) => comm.dup(), (comm) => comm.free(),
      (comm) => comm.allreduce(1, SUM),
    ]
    for (const use of uses) await refused(t, () => use(copy), /COMM_WORLD\.dup\(\) has been freed/, StateError)
    t.equal(await world.allreduce(1, SUM), 2, 'the world goes on')
  })
})

void t.test('lists of requests', async (t) => {
  for (const list of ['waitAll', 'waitAny', 'waitSome', 'testAll', 'testAny', 'testSome'] as const) {
    for (const requests of [undefined, 5, {}, [1], [Promise.resolve()]]) {
      const call = Request[list] as (requests: unknown) => Promise<unknown>
      await refused(t, () => call(requests), new RegExp(`Request.${list} takes an array of requests`))
    }
  }
})

void t.test('buffered sends', async (t) => {
  const { world, transport, close } = scripted()
  for (const bytes of [-1, 1.5, NaN, Infinity, wrong('1')]) t.throws(() => attachBuffer(bytes), ArgumentError)
  transport.room = 0
  attachBuffer(100)
  await world.bsend(new Uint8Array(60), 1)
  const error = await errorOf(world.bsend(new Uint8Array(60), 1, 4))
  t.type(error, BufferError)
  t.match(error.message, /bsend\(dest 1, tag 4, 60 bytes\) on COMM_WORLD: 60 of 100 bytes .* are in use.*attachBuffer/)
  await world.bsend(new Uint8Array(40), 1)
  transport.room = Infinity
  await world.iprobe()
  await world.bsend(new Uint8Array(100), 1)
  t.same(transport.sent.map(({ length }) => length), [60, 40, 100])
  attachBuffer(16 * 1024 * 1024)
  close()
})
