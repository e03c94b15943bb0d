// Requests: one, and lists of them; active, complete, cancelled and failed ones.
import t from 'tap'
import { CancelledError, TruncateError } from '../../lib/errors.js'
import { Request } from '../../lib/p2p/request.js'
import { EAGER } from '../../lib/wire/header.js'
import { UINT8 } from '../../lib/data/types.js'
import { SUM } from '../../lib/data/op.js'
import { scripted } from '../support/script.js'
import type { Scripted } from '../support/script.js'
import { errorOf, inWorlds } from '../support/worlds.js'

/** A message of one byte, `tag`, with that tag. */
const arrive = ({ transport }: Scripted, ...tags: number[]): void =>
  transport.arrive(...tags.map((tag) => ({ kind: EAGER, type: UINT8, tag, payload: Uint8Array.of(tag) })))

const byte = (tag: number): Uint8Array => Uint8Array.of(tag)

void t.test('one request', async (t) => {
  const rank = scripted()
  const request = rank.world.irecv(1, 5)
  t.ok(request.active)
  t.equal(request.status, undefined)
  t.equal(await request.test(), false)
  t.match(String(request), /recv\(source 1, tag 5\) on COMM_WORLD, pending/)
  arrive(rank, 5)
  t.equal(await request.test(), true)
  t.notOk(request.active)
  t.match(request.status, { source: 1, tag: 5, count: 1 })
  t.match(String(request), /complete/)
  t.equal(await request.test(), true, 'again')
  const value = await request
  t.same(value, byte(5))
  t.equal(await request, value, 'awaited twice, the same value')
  t.equal(await request.wait(), value)
  t.equal(await request.then((got) => got), value)
  t.equal(rank.engine.pending, 0)
  rank.close()
})

void t.test('two waits for one request', async (t) => {
  const rank = scripted()
  const request = rank.world.irecv(1, 5)
  const both = Promise.all([request, request.wait(), request.then((value) => value)])
  arrive(rank, 5)
  rank.transport.wake()
  t.same(await both, [byte(5), byte(5), byte(5)])
  rank.close()
})

void t.test('cancel', async (t) => {
  const rank = scripted()
  const { world, engine } = rank
  const first = world.irecv(1, 5)
  const second = world.irecv(1, 5)
  t.ok(first.cancel())
  t.notOk(first.cancel(), 'once')
  t.match(first.status, { cancelled: true })
  arrive(rank, 5)
  t.same(await second, byte(5), 'the message goes to the next')
  t.notOk(second.cancel(), 'too late')
  t.match(second.status, { cancelled: false })
  const error = await errorOf(first)
  t.type(error, CancelledError)
  t.match(error, { code: 'TSMPI_CANCELLED' })
  t.match(error.message, /recv\(source 1, tag 5\) on COMM_WORLD was cancelled/)
  t.type(await errorOf(first.test()), CancelledError)

  const waiting = world.irecv(1, 6)
  const waited = errorOf(waiting)
  await Promise.resolve()
  t.ok(waiting.cancel(), 'while it is awaited')
  t.type(await waited, CancelledError)
  t.notOk(world.ibarrier().cancel(), 'a collective cannot be cancelled')
  t.equal(engine.pending, 2, 'the collective and its receive')
  rank.close()
})

void t.test('errors', async (t) => {
  const rank = scripted()
  const request = rank.world.irecv(1, 5, { into: new Uint8Array(0) })
  arrive(rank, 5)
  t.type(await errorOf(request.test()), TruncateError)
  t.type(await errorOf(request), TruncateError)
  t.match(request.status, { source: 1, count: 1 })
  rank.close()
})

void t.test('waitAll', async (t) => {
  const rank = scripted()
  const { world } = rank
  t.same(await Request.waitAll([]), [])
  const requests = [1, 2, 3].map((tag) => world.irecv(1, tag))
  const all = Request.waitAll(requests)
  arrive(rank, 3, 1)
  rank.transport.wake()
  arrive(rank, 2)
  rank.transport.wake()
  t.same(await all, [byte(1), byte(2), byte(3)])

  const some = [world.irecv(1, 1), world.irecv(1, 2, { into: new Uint8Array(0) }), world.irecv(1, 3)]
  some[0].cancel()
  arrive(rank, 2, 3)
  t.type(await errorOf(Request.waitAll(some)), CancelledError, 'the first error in list order')
  t.notOk(some.some((request) => request.active), 'all have ended')
  t.type(await errorOf(some[1]), TruncateError)
  t.same(await some[2], byte(3))
  rank.close()
})

void t.test('waitAny', async (t) => {
  const rank = scripted()
  const { world } = rank
  t.equal(await Request.waitAny([]), undefined)
  const requests = [1, 2, 3].map((tag) => world.irecv(1, tag))
  const any = Request.waitAny(requests)
  arrive(rank, 2)
  rank.transport.wake()
  t.same(await any, { index: 1, value: byte(2) })
  t.same(requests.map((request) => request.active), [true, false, true])
  arrive(rank, 3, 1)
  t.same(await Request.waitAny(requests), { index: 0, value: byte(1) }, 'the first in the list')
  t.same(await Request.waitAny(requests), { index: 2, value: byte(3) })
  t.equal(await Request.waitAny(requests), undefined, 'none is active')

  const bad = [world.irecv(1, 1), world.irecv(1, 2, { into: new Uint8Array(0) })]
  arrive(rank, 2)
  t.type(await errorOf(Request.waitAny(bad)), TruncateError)
  t.same(bad.map((request) => request.active), [true, false])

  const shared = [world.irecv(1, 7), world.irecv(1, 8)]
  const two = Promise.all([Request.waitAny(shared), Request.waitAny(shared)])
  arrive(rank, 8)
  rank.transport.wake()
  await new Promise(setImmediate)
  arrive(rank, 7)
  rank.transport.wake()
  t.same(new Set((await two).map((done) => done?.index)), new Set([0, 1]), 'two waits for the same list')
  rank.close()
})

void t.test('waitSome', async (t) => {
  const rank = scripted()
  const { world } = rank
  t.same(await Request.waitSome([]), [])
  const requests = [1, 2, 3].map((tag) => world.irecv(1, tag))
  const some = Request.waitSome(requests)
  arrive(rank, 3, 1)
  rank.transport.wake()
  t.same(await some, [{ index: 0, value: byte(1) }, { index: 2, value: byte(3) }])
  arrive(rank, 2)
  t.same(await Request.waitSome(requests), [{ index: 1, value: byte(2) }])
  t.same(await Request.waitSome(requests), [])
  rank.close()
})

void t.test('testAll', async (t) => {
  const rank = scripted()
  const { world } = rank
  t.same(await Request.testAll([]), [])
  const requests = [world.irecv(1, 1), world.irecv(1, 2)]
  arrive(rank, 2)
  t.equal(await Request.testAll(requests), undefined)
  t.ok(requests.every((request) => request.active), 'nothing has changed')
  arrive(rank, 1)
  t.same(await Request.testAll(requests), [byte(1), byte(2)])
  t.notOk(requests.some((request) => request.active))
  rank.close()
})

void t.test('testAny and testSome', async (t) => {
  const rank = scripted()
  const { world } = rank
  const requests = [1, 2, 3].map((tag) => world.irecv(1, tag))
  t.equal(await Request.testAny(requests), undefined)
  t.same(await Request.testSome(requests), [])
  arrive(rank, 2)
  t.same(await Request.testAny(requests), { index: 1, value: byte(2) })
  t.equal(await Request.testAny(requests), undefined)
  arrive(rank, 3, 1)
  t.same(await Request.testSome(requests), [{ index: 0, value: byte(1) }, { index: 2, value: byte(3) }])
  t.same(await Request.testSome(requests), [])
  t.equal(await Request.testAny(requests), undefined, 'none is active')
  rank.close()
})

void t.test('requests of all kinds in one list', async (t) => {
  await inWorlds('inproc', 3, async (world) => {
    const { rank, size } = world
    const right = (rank + 1) % size
    const left = (rank + size - 1) % size
    const values = await Request.waitAll([
      world.irecv(left, 1),
      world.isend(`from ${rank}`, right, 1),
      world.iallreduce(rank, SUM),
      world.ibarrier(),
      world.ibcast(rank === 1 ? 'all' : '', 1),
    ])
    t.same(values, [`from ${left}`, undefined, 3, undefined, 'all'])
    // A master that takes what comes first.
    if (rank > 0) await world.send(rank, 0, 9)
    else {
      const open = [world.irecv(1, 9), world.irecv(2, 9)]
      const got: unknown[] = []
      for (let done = await Request.waitAny(open); done !== undefined; done = await Request.waitAny(open)) {
        got.push(done.value)
      }
      t.same(got.sort(), [1, 2])
    }
  })
})
