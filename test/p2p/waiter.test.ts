// How a rank waits: what it polls, when it sleeps, and what keeps the process alive.
import t from 'tap'
import { StateError } from '../../lib/errors.js'
import { Request } from '../../lib/p2p/request.js'
import { EAGER } from '../../lib/wire/header.js'
import { scripted, turns } from '../support/script.js'
import { errorOf } from '../support/worlds.js'

/** Referenced timers of this process: the waiter's keep-alive is one. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

for (const polling of ['never', 'spin', 'yield'] as const) {
  void t.test(`polling ${polling}`, async (t) => {
    await t.test('a pending operation keeps the process alive, nothing else does', async (t) => {
      const before = timers()
      const { world, transport, close } = scripted({ polling })
      t.equal(timers(), before, 'nothing pending')
      const request = world.irecv()
      await turns()
      t.ok(transport.asleep)
      t.equal(timers(), before + 1, 'pending')
      transport.arrive({ kind: EAGER })
      transport.wake()
      t.equal(timers(), before, 'received')
      t.ok(await request.test())

      const cancelled = world.irecv()
      await turns()
      t.equal(timers(), before + 1)
      t.ok(cancelled.cancel())
      await turns()
      t.equal(timers(), before, 'cancelled')

      const tested = world.irecv()
      await turns()
      transport.arrive({ kind: EAGER })
      t.ok(await tested.test())
      await turns()
      t.equal(timers(), before, 'found by a test')

      const first = world.irecv(1, 1)
      await turns()
      transport.arrive({ kind: EAGER, tag: 1 }, { kind: EAGER, tag: 2 })
      await world.recv(1, 2)
      await turns()
      t.equal(timers(), before, 'completed while a call polled')
      await first
      close()
      t.ok(transport.closed)
    })

    await t.test('a blocking call sleeps, and a wake-up ends it', async (t) => {
      const { world, waiter, transport, close } = scripted({ polling })
      const received = world.recv(1, 3)
      t.ok(transport.asleep)
      t.match(waiter.describe(), [/^recv\(source 1, tag 3\) on COMM_WORLD for \d+\.\d s$/])
      transport.arrive({ kind: EAGER, tag: 9 })
      transport.wake()
      t.ok(transport.asleep, 'something else came: back to sleep')
      transport.arrive({ kind: EAGER, tag: 3 })
      transport.wake()
      await received
      t.notOk(transport.asleep)
      t.same(waiter.describe(), [])
      await world.recv(1, 9)
      close()
    })

    await t.test('a wait for some requests that ends by polling leaves the others watched', async (t) => {
      const ways: Record<string, (requests: Request[]) => Promise<unknown>> = {
        wait: ([request]) => request.wait(),
        waitAll: (requests) => Request.waitAll(requests),
        'waitAll, one of them waited for already': (requests) => Request.waitAll(requests),
        waitAny: (requests) => Request.waitAny(requests),
        waitSome: (requests) => Request.waitSome(requests),
        test: ([request]) => request.test(),
        testAll: (requests) => Request.testAll(requests),
        testAny: (requests) => Request.testAny(requests),
        testSome: (requests) => Request.testSome(requests),
      }
      for (const [name, wait] of Object.entries(ways)) {
        const { world, transport, close } = scripted({ polling })
        const pending = world.recv(1, 7)
        const request = world.irecv(1, 8)
        const other = world.irecv(1, 9)
        void other.wait()
        await turns()
        t.ok(transport.asleep, name)
        transport.arrive({ kind: EAGER, tag: 8 })
        const both = name.includes('already')
        const waited = wait(both ? [request, other] : [request])
        if (!both) await waited
        await turns()
        t.ok(transport.asleep, `${name}: asleep again`)
        transport.arrive({ kind: EAGER, tag: 7 }, { kind: EAGER, tag: 9 })
        transport.wake()
        await Promise.all([pending, waited, other])
        close()
      }
    })

    await t.test('what is there already costs no turn of the event loop', async (t) => {
      const { world, transport, close } = scripted({ polling })
      let turned = false
      setImmediate(() => (turned = true))
      for (let i = 0; i < 10; i++) {
        transport.arrive({ kind: EAGER })
        await world.recv()
      }
      t.notOk(turned)
      close()
    })

    await t.test('operations that all complete at once let the event loop turn', async (t) => {
      const { world, close } = scripted({ polling })
      let turned = false
      setImmediate(() => (turned = true))
      const until = performance.now() + 10_000
      while (!turned && performance.now() < until) await world.send(1, 1)
      t.ok(turned, 'sends')
      close()
    })

    await t.test('tests that find nothing let it turn, too', async (t) => {
      const { world, transport, close } = scripted({ polling })
      setImmediate(() => transport.arrive({ kind: EAGER }))
      const request = world.irecv()
      const until = performance.now() + 10_000
      while (!(await request.test()) && performance.now() < until);
      t.equal(request.status?.source, 1)
      close()
    })

    await t.test('after finalize no operation is possible', async (t) => {
      const { world, waiter, close } = scripted({ polling })
      waiter.forbid()
      t.type(await errorOf(world.send(1, 1)), StateError)
      t.type(await errorOf(world.recv()), StateError)
      t.type(await errorOf(world.barrier()), StateError)
      t.throws(() => world.irecv(), StateError)
      close()
    })
  })
}

void t.test('hold and release', async (t) => {
  const before = timers()
  const { waiter, close } = scripted()
  waiter.hold()
  await turns()
  t.equal(timers(), before + 1)
  waiter.release()
  await turns()
  t.equal(timers(), before)
  close()
})

void t.test('who waits lingers in the transport, which lets others run', async (t) => {
  const { world, engine, close } = scripted()
  const { Waiter } = await import('../../lib/p2p/waiter.js')
  const { RecvOp } = await import('../../lib/p2p/operation.js')
  let lingers = 0
  engine.transport.linger = () => lingers++
  const waiter = new Waiter(engine, 'yield')
  const op = new RecvOp(world, 1, 0)
  engine.postRecv(op)
  t.notOk(waiter.poll(op))
  t.ok(lingers > 0)
  engine.cancel(op)
  waiter.close()
  close()
})
