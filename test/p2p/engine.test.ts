// The protocols, frame by frame: eager, synchronous, rendezvous, credits; and what a broken peer may send.
import t from 'tap'
import { FLOAT64, NUMBER, OBJECT, UINT8 } from '../../lib/data/types.js'
import { MismatchError, PeerError, TransportError, TruncateError } from '../../lib/errors.js'
import { EAGER_OVERHEAD, EAGER_WINDOW } from '../../lib/p2p/peer.js'
import { ACK, CREDIT, CTS, DATA, EAGER, FLAG_DISCARD, FLAG_SYNC, RTS } from '../../lib/wire/header.js'
import { filled } from '../support/values.js'
import { scripted, turns } from '../support/script.js'
import type { Arrival } from '../support/script.js'
import { errorOf } from '../support/worlds.js'

const bytes = (length: number): Uint8Array => filled(Uint8Array, length, 3)

void t.test('sending', async (t) => {
  await t.test('a small message is one frame', async (t) => {
    const { world, transport, engine, close } = scripted()
    await world.send(Float64Array.of(1.5), 1, 7)
    t.match(transport.sent, [
      { to: 1, kind: EAGER, type: FLOAT64, flags: 0, context: 0, tag: 7, id: 0, length: 8, total: 8, last: 0 },
    ])
    t.same(new Float64Array(transport.sent[0].payload.buffer), [1.5])
    t.equal(engine.pending, 0)
    close()
  })

  await t.test('a synchronous one waits for its ACK', async (t) => {
    const { world, transport, engine, close } = scripted()
    const request = world.issend('x', 1)
    const [frame] = transport.sent
    t.match(frame, { kind: EAGER, flags: FLAG_SYNC })
    t.not(frame.id, 0)
    t.notOk(await request.test())
    t.notOk(request.cancel(), 'the peer may know of it')
    transport.arrive({ kind: ACK, id: frame.id })
    t.ok(await request.test())
    t.equal(engine.pending, 0)
    close()
  })

  await t.test('a large one asks first', async (t) => {
    const { world, transport, engine, close } = scripted()
    const message = bytes(10_000)
    const request = world.isend(message, 1, 3)
    t.match(transport.sent, [{ kind: RTS, type: UINT8, tag: 3, length: 0, total: 10_000 }])
    t.notOk(await request.test())
    transport.arrive({ kind: CTS, id: transport.sent[0].id, last: 42 })
    t.ok(await request.test())
    const data = transport.sent.slice(1)
    t.match(data, [{ kind: DATA, last: 42, length: 4096 }, { length: 4096 }, { length: 1808 }])
    t.same(Buffer.concat(data.map((frame) => frame.payload)), Buffer.from(message))
    t.equal(engine.pending, 0)
    close()
  })

  await t.test('one that nobody wants is not transferred', async (t) => {
    const { world, transport, engine, close } = scripted()
    const request = world.isend(bytes(10_000), 1)
    transport.arrive({ kind: CTS, flags: FLAG_DISCARD, id: transport.sent[0].id })
    t.ok(await request.test())
    t.equal(transport.sent.length, 1)
    t.equal(engine.pending, 0)
    close()
  })

  await t.test('out of credit, small messages ask first, until credit comes back', async (t) => {
    const { world, transport, close } = scripted()
    const message = bytes(1024)
    const fit = Math.floor(EAGER_WINDOW / (1024 + EAGER_OVERHEAD))
    const requests = Array.from({ length: fit + 2 }, () => world.isend(message, 1))
    t.same(transport.sent.map(({ kind }) => kind), [...Array<number>(fit).fill(EAGER), RTS, RTS])
    t.ok(requests[fit - 1].status !== undefined && requests[fit].status === undefined)
    await world.send(new Uint8Array(0), 1)
    t.equal(transport.sent.at(-1)!.kind, EAGER, 'a smaller one still fits')
    transport.arrive({ kind: CREDIT, id: 65536 })
    await world.iprobe()
    await world.send(message, 1)
    t.equal(transport.sent.at(-1)!.kind, EAGER)
    close()
  })

  await t.test('a full transport keeps order, and drops nothing', async (t) => {
    const { world, transport, engine, close } = scripted()
    transport.room = 1
    const requests = [0, 1, 2].map((tag) => world.isend(tag, 1, tag))
    t.equal(transport.sent.length, 1)
    t.ok(requests[2].cancel(), 'the peer knows nothing of it')
    t.match(await errorOf(requests[2]), { code: 'TSMPI_CANCELLED' })
    t.ok(requests[2].status!.cancelled)
    transport.room = 2
    await requests[1]
    await world.send('after', 1, 9)
    t.same(transport.sent.map(({ tag }) => tag), [0, 1, 9])
    t.equal(engine.pending, 0)
    close()
  })

  await t.test('sends under way go on in the background', async (t) => {
    const { world, transport, engine, close } = scripted()
    transport.room = 0
    await world.bsend('buffered', 1)
    t.equal(transport.sent.length, 0)
    transport.room = 1
    await turns()
    t.equal(transport.sent.length, 1)
    t.equal(engine.pending, 0)
    close()
  })
})

void t.test('receiving', async (t) => {
  await t.test('credit goes back in portions, an ACK at once', async (t) => {
    const { world, transport, close } = scripted()
    const portion = Math.ceil(EAGER_WINDOW / 4 / (1000 + EAGER_OVERHEAD))
    for (let i = 0; i < portion; i++) {
      const synchronous = i === 0 ? { flags: FLAG_SYNC, id: 5 } : {}
      transport.arrive({ kind: EAGER, type: UINT8, payload: bytes(1000), ...synchronous })
      await world.iprobe()
    }
    t.same(transport.sent, [], 'not before a receive')
    for (let i = 0; i < portion; i++) await world.recv()
    t.match(transport.sent, [{ kind: ACK, id: 5 }, { kind: CREDIT, id: portion * (1000 + EAGER_OVERHEAD) }])
    t.equal(transport.sent.length, 2)
    close()
  })

  for (const posted of [true, false]) {
    await t.test(`rendezvous, ${posted ? 'posted' : 'unexpected'}`, async (t) => {
      const { world, transport, engine, close } = scripted()
      const message = bytes(5000)
      const announce: Arrival = { kind: RTS, type: UINT8, tag: 2, id: 77, total: 5000 }
      let request = posted ? world.irecv(1, 2) : undefined
      transport.arrive(announce)
      await world.iprobe()
      request ??= world.irecv(1, 2)
      t.match(transport.sent, [{ kind: CTS, flags: 0, id: 77 }])
      const { last } = transport.sent[0]
      transport.arrive({ kind: DATA, last, payload: message.slice(0, 3000) })
      t.notOk(await request.test())
      t.notOk(request.cancel())
      transport.arrive({ kind: DATA, last, payload: message.slice(3000) })
      t.same(await request, message)
      t.equal(engine.pending, 0)
      close()
    })

    await t.test(`a message too long is discarded, ${posted ? 'posted' : 'unexpected'}`, async (t) => {
      const { world, transport, engine, close } = scripted()
      let request = posted ? world.irecv(1, 2, { into: new Uint8Array(10) }) : undefined
      transport.arrive({ kind: RTS, type: UINT8, tag: 2, id: 8, total: 5000 })
      await world.iprobe()
      request ??= world.irecv(1, 2, { into: new Uint8Array(10) })
      t.match(transport.sent, [{ kind: CTS, flags: FLAG_DISCARD, id: 8 }])
      t.type(await errorOf(request), TruncateError)
      t.equal(engine.pending, 0)
      close()
    })
  }

  await t.test('answers that the transport refuses are sent later', async (t) => {
    const { world, transport, close } = scripted()
    transport.room = 0
    const request = world.irecv(1)
    transport.arrive({ kind: RTS, type: UINT8, id: 8, total: 3 }, { kind: EAGER, flags: FLAG_SYNC, id: 9, type: UINT8 })
    await request.test()
    await world.recv()
    transport.room = 2
    await request.test()
    t.match(transport.sent, [{ kind: CTS, id: 8 }, { kind: ACK, id: 9 }])
    close()
  })
})

/** Frames that no working peer sends. `after`: what stands before it. */
const GARBAGE: Record<string, Arrival> = {
  'an unknown kind': { kind: 99 },
  'kind 0': { kind: 0 },
  'CTS for nothing': { kind: CTS, id: 12345, last: 1 },
  'CTS for request 0': { kind: CTS, id: 0, last: 1 },
  'CTS for a negative request': { kind: CTS, id: -7, last: 1 },
  'ACK for nothing': { kind: ACK, id: 12345 },
  'DATA for nothing': { kind: DATA, last: 12345, payload: bytes(8) },
  'DATA for a negative request': { kind: DATA, last: -1, payload: bytes(8) },
  'a payload type that does not exist': { kind: EAGER, type: 200, payload: bytes(8) },
  'a number of three bytes': { kind: EAGER, type: NUMBER, payload: bytes(3) },
  'half a double': { kind: EAGER, type: FLOAT64, payload: bytes(12) },
  'a malformed object': { kind: EAGER, type: OBJECT, payload: bytes(30) },
  'an empty object': { kind: EAGER, type: OBJECT },
  'an announced type that does not exist': { kind: RTS, type: 201, id: 3, total: 100 },
  'an empty announcement of an object': { kind: RTS, type: OBJECT, id: 3, total: 0 },
  'a negative length': { kind: RTS, type: UINT8, id: 3, total: 8, high: -1 },
  'a length beyond all memory': { kind: RTS, type: UINT8, id: 3, total: 0, high: 0x1ffff },
}

void t.test('what a broken peer sends', async (t) => {
  for (const [title, frame] of Object.entries(GARBAGE)) {
    for (const posted of [true, false]) {
      await t.test(`${title}, ${posted ? 'posted' : 'unexpected'}`, async (t) => {
        const { world, transport, engine, close } = scripted({ size: 3 })
        const good = world.irecv(2)
        let bad = posted ? world.irecv(1) : undefined
        transport.arrive(frame)
        await good.test()
        bad ??= world.irecv(1)
        const error = await errorOf(bad)
        t.ok(error instanceof PeerError || error instanceof TransportError, error.message)
        t.match(error.message, /rank 1/)
        transport.arrive({ from: 2, kind: EAGER, type: UINT8, payload: bytes(3) })
        t.same(await good, bytes(3), 'other peers go on')
        t.equal(engine.pending, 0)
        close()
      })
    }
  }

  await t.test('answers out of turn', async (t) => {
    const cases: Record<string, (id: number) => Arrival[]> = {
      'CTS twice': (id) => [{ kind: CTS, id, last: 1 }, { kind: CTS, id, last: 1 }],
      'CTS, then DISCARD': (id) => [{ kind: CTS, id, last: 1 }, { kind: CTS, flags: FLAG_DISCARD, id }],
      'ACK of a rendezvous': (id) => [{ kind: ACK, id }],
      'CTS from another': (id) => [{ from: 2, kind: CTS, id, last: 1 }],
    }
    for (const [title, frames] of Object.entries(cases)) {
      const { world, transport, engine, close } = scripted({ size: 3 })
      const other = world.issend('x', 2)
      const request = world.isend(bytes(5000), 1)
      const { id } = transport.sent[1]
      transport.room = 0
      transport.arrive(...frames(id))
      await world.iprobe()
      transport.room = Infinity
      const expected = title === 'CTS from another' ? other : request
      t.type(await errorOf(expected), PeerError, title)
      t.equal(engine.pending, 1, title)
      close()
    }
  })

  await t.test('CTS for an eager synchronous send, DATA beyond what was announced', async (t) => {
    const { world, transport, engine, close } = scripted({ size: 3 })
    const sent = world.issend('x', 1)
    transport.arrive({ kind: CTS, id: transport.sent[0].id, last: 4 })
    t.type(await errorOf(sent), PeerError)
    const received = world.irecv(2)
    transport.arrive({ from: 2, kind: RTS, type: UINT8, id: 1, total: 10 })
    await received.test()
    const { last } = transport.sent.at(-1)!
    transport.arrive({ from: 2, kind: DATA, last, payload: bytes(11) })
    t.type(await errorOf(received), PeerError)
    t.equal(engine.pending, 0)
    close()
  })
})

void t.test('a peer that leaves', async (t) => {
  await t.test('fails what waits for it, once its last frame has come', async (t) => {
    const { world, transport, engine, waiter, close } = scripted({ size: 3 })
    const lost: string[] = []
    engine.onLost = (peer, doing) => lost.push(`${peer}: ${doing}`)
    const received = world.recv(1, 4)
    const last = world.irecv(1, 5)
    const others = world.irecv()
    const probed = world.probe(1, 6)
    const sent = world.isend(bytes(5000), 1)
    const synchronous = world.ssend('x', 1)
    await turns()
    t.ok(transport.asleep)
    engine.peerEnded(1, 'exited with code 3', 1)
    waiter.schedule()
    await turns()
    t.equal(lost.length, 0, 'a frame is still to come')
    transport.arrive({ kind: EAGER, type: UINT8, tag: 5, payload: bytes(2) })
    transport.wake()
    t.same(await last, bytes(2))
    for (const failed of [received, probed, sent, synchronous]) {
      const error = await errorOf(failed)
      t.type(error, PeerError)
      t.match(error, { rank: 1 })
      t.match(error.message, /rank 1 of COMM_WORLD has left \(exited with code 3\)/)
    }
    t.equal(lost.length, 4)
    t.equal(engine.pending, 1, 'rank 2 may still send')
    t.type(await errorOf(world.send('late', 1)), PeerError)
    t.type(await errorOf(world.recv(1)), PeerError)
    engine.peerEnded(2, 'killed', undefined)
    waiter.schedule()
    t.type(await errorOf(others), PeerError)
    t.equal(engine.pending, 0)
    close()
  })

  await t.test('is noticed in the sleep', async (t) => {
    const { world, engine, waiter, close } = scripted()
    const received = world.recv(1)
    await turns()
    engine.peerEnded(1, 'killed', undefined)
    waiter.schedule()
    t.type(await errorOf(received), PeerError)
    close()
  })

  await t.test('in the middle of a rendezvous', async (t) => {
    const { world, transport, engine, waiter, close } = scripted()
    const into = new Uint8Array(5000)
    const received = world.irecv(1, 0, { into })
    const sent = world.isend(bytes(50_000), 1)
    transport.arrive({ kind: RTS, type: UINT8, id: 7, total: 5000 })
    await received.test()
    const [rts, cts] = transport.sent
    transport.room = 3
    transport.arrive({ kind: DATA, last: cts!.last, payload: bytes(3000) }, { kind: CTS, id: rts!.id, last: 9 })
    await received.test()
    t.equal(transport.sent.length, 5, 'part of the data is sent')
    engine.peerEnded(1, 'killed', undefined)
    waiter.schedule()
    t.type(await errorOf(received), PeerError)
    t.type(await errorOf(sent), PeerError)
    t.equal(engine.pending, 0)
    transport.room = Infinity
    transport.arrive({ kind: DATA, last: cts!.last, payload: bytes(2000) })
    await world.iprobe()
    t.equal(transport.sent.length, 5, 'nothing more is sent')
    close()
  })

  await t.test('does not get credit back from the grave', async (t) => {
    const { world, transport, engine, waiter, close } = scripted()
    engine.peerEnded(1, 'killed', undefined)
    transport.arrive({ kind: CREDIT, id: 65536 })
    waiter.schedule()
    await turns()
    transport.arrive({ kind: CREDIT, id: 65536 })
    await world.iprobe()
    t.type(await errorOf(world.send('x', 1)), PeerError)
    close()
  })
})

void t.test('a peer that cannot be reached, with messages to it', async (t) => {
  const { world, engine, close } = scripted({ size: 4 })
  const told: [number, string][] = []
  engine.onUndelivered = (...what) => told.push(what)
  await world.send('x', 1)
  await world.send('y', 2)
  const request = world.irecv(2)
  engine.onPeerLost(1, new TransportError('cannot reach it'), true)
  engine.onPeerLost(2, new TransportError('cannot reach it either'), true)
  engine.onPeerLost(3, new TransportError('nor that one'), false)
  const [error] = await Promise.allSettled([request])
  t.match(error, { status: 'rejected', reason: { rank: 2, message: /cannot reach it either/ } })
  t.same(told, [[1, 'cannot reach it']], 'told where no operation says it, and once')
  close()
})

void t.test('a mismatch is told with names', async (t) => {
  const { world, transport, close } = scripted()
  transport.arrive({ kind: EAGER, type: FLOAT64, tag: 3, payload: bytes(16) })
  const error = await errorOf(world.recv(1, 3, { into: new Int32Array(4) }))
  t.type(error, MismatchError)
  t.match(error.message, /recv\(source 1, tag 3\) on COMM_WORLD with into: Int32Array got a Float64Array of 16 bytes/)
  t.match(error.message, /from rank 1, tag 3/)
  close()
})
