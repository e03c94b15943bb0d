// Peers that cannot be reached: lost soon after the first connect, or after long silence, and no other peer is.
import t, { type Test } from 'tap'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { nativeMemory } from '../../native/load.js'
import type { TcpOptions } from '../../lib/transport/zmq-tcp.js'
import { couldBeRank, probe } from '../../lib/transport/zmq-probe.js'
import { Rank, until } from './contract.js'
import { tcpJob, tcpOptions, tcpTransport } from './hosts.js'

const memory = nativeMemory()
const skip = memory === undefined && 'without the addon there is no port that accepts nothing'

/** Not in the time of a test. */
const NEVER = 3_600_000
const SOON: Partial<TcpOptions> = { firstLookMilliseconds: 20, silenceMilliseconds: NEVER, lookMilliseconds: 400 }
const LATE: Partial<TcpOptions> = { firstLookMilliseconds: NEVER, silenceMilliseconds: 100, lookMilliseconds: 400 }

/** Rank 0 of two, whose peer is said to listen at this port. It has sent a frame to it. */
function lonely(port: number, times: Partial<TcpOptions>, job = tcpJob(2)): Rank {
  const rank = new Rank()
  const there = { endpoint: `tcp://127.0.0.1:${port}`, host: 'elsewhere' }
  rank.transport = tcpTransport(job, 0, rank, { tcp: { ...tcpOptions(job, 0), ...times, endpointOf: () => there } })
  rank.post(1, 1)
  rank.pump()
  return rank
}

async function isLost(t: Test, port: number, times: Partial<TcpOptions>, why: RegExp): Promise<void> {
  const rank = lonely(port, times)
  await until([rank], () => rank.lost.length > 0)
  const [[peer, error]] = rank.lost
  t.equal(peer, 1)
  t.match(error.message, /rank 0 on host0 \(127\.0\.0\.1:\d+\) cannot reach rank 1 on elsewhere \(127\.0\.0\.1:\d+\): /)
  t.match(error.message, why)
  rank.transport.close()
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

async function serve(t: Test, answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => answer(socket.on('error', () => undefined)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return portOf(server)
}

async function freePort(): Promise<number> {
  const nobody = createServer().listen(0, '127.0.0.1')
  await once(nobody, 'listening')
  const port = portOf(nobody)
  await new Promise((resolve) => nobody.close(resolve))
  return port
}

/** A port that nobody takes connections from: the system accepts as many as `backlog` says, and drops the others. */
function stopped(t: Test, backlog: number): number {
  const [fd, port] = memory!.takePort('127.0.0.1')
  memory!.listen(fd, backlog)
  t.teardown(() => memory!.close(fd))
  return port
}

/** A port behind a firewall that drops. */
async function blackHole(t: Test): Promise<number> {
  const port = stopped(t, 0)
  const first = connect(port, '127.0.0.1')
  t.teardown(() => first.destroy())
  await once(first, 'connect')
  return port
}

for (const [when, times] of [['soon after the first connect', SOON], ['after silence', LATE]] as const) {
  void t.test(`a peer that cannot be reached is lost ${when}, with both hosts and addresses`, async (t) => {
    await isLost(t, await freePort(), times, /ECONNREFUSED/)
    const http = await serve(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await isLost(t, http, times, /no rank of tsmpi/)
  })

  void t.test(`a peer behind a firewall that drops is lost ${when}`, { skip }, async (t) => {
    await isLost(t, await blackHole(t), times, /no connection within 0.4 s/)
  })

  void t.test(`a peer that computes, or is stopped, is not lost ${when}`, { skip }, async (t) => {
    const job = tcpJob(2)
    const ranks = [new Rank(), new Rank()]
    ranks.forEach((rank, at) => {
      rank.transport = tcpTransport(job, at, rank, { tcp: { ...tcpOptions(job, at), ...times } })
    })
    const silent = lonely(stopped(t, 100), times)
    ranks[0].post(1, 1)
    ranks[0].pump()
    for (let i = 0; i < 60; i++) {
      for (const rank of [ranks[0], silent]) rank.transport.poll()
      await delay(10)
    }
    t.same([ranks[0].lost, silent.lost], [[], []])
    await until(ranks, () => ranks[1].received === 1)
    for (const rank of [...ranks, silent]) rank.transport.close()
  })
}

void t.test('a network that is back when the peer was to be lost: it is not', { skip }, async (t) => {
  const [listener, port] = memory!.takePort('127.0.0.1')
  memory!.listen(listener, 0)
  const first = connect(port, '127.0.0.1')
  await once(first, 'connect')
  const job = tcpJob(2)
  const [rank, other] = [lonely(port, SOON, job), new Rank()]
  await delay(1000)
  rank.transport.poll()
  t.same(rank.lost, [], 'the first look has failed; others have the last word')
  memory!.listen(listener, 100)
  first.destroy()
  other.transport = tcpTransport(job, 1, other, { tcp: { ...tcpOptions(job, 1), listener } })
  await until([rank, other], () => other.received === 1)
  await delay(4000)
  rank.transport.poll()
  t.same(rank.lost, [])
  for (const { transport } of [rank, other]) transport.close()
})

void t.test('who computes while he looks does not take his own silence for that of the peer', { skip }, async (t) => {
  const endpoint = `tcp://127.0.0.1:${stopped(t, 100)}`
  // after this phase of the event loop come the timers, and only then what has come from the network
  await setImmediate()
  const found = probe(endpoint, undefined, 100)
  process.nextTick(() => { for (const end = performance.now() + 300; performance.now() < end; ); })
  t.equal(await found, undefined)
})

void t.test('a look that ends after the transport does nothing', async (t) => {
  const rank = lonely(await freePort(), SOON)
  await delay(5)
  rank.transport.close()
  await delay(100)
  t.same(rank.lost, [])
})

void t.test('who listens: the beginnings of greetings', async (t) => {
  const greeting = Buffer.concat([Buffer.from('ff00000000000000017f0301', 'hex'), Buffer.from('CURVE')])
  for (let length = 0; length <= greeting.length; length++) t.ok(couldBeRank(greeting.subarray(0, length)))
  for (const at of [0, 9, 12, 16]) {
    const wrong = Buffer.from(greeting)
    wrong[at] ^= 1
    t.notOk(couldBeRank(wrong), `byte ${at}`)
  }
})
