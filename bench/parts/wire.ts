// The wire between hosts, on 127.0.0.1: two processes over TCP with CURVE, by this transport; beside it libzmq in C with
// and without CURVE, and zeromq.js one message at a time.
// Run with: npx tsx bench/parts/wire.ts
import { execFileSync, fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Dealer, Router } from 'zeromq'
import { Communicator } from '../../lib/comm/communicator.js'
import { Contexts, WORLD_CONTEXT } from '../../lib/comm/contexts.js'
import { Group } from '../../lib/comm/group.js'
import { Engine } from '../../lib/p2p/engine.js'
import { Request } from '../../lib/p2p/request.js'
import { Waiter } from '../../lib/p2p/waiter.js'
import { Router as Both } from '../../lib/transport/router.js'
import { SelfTransport } from '../../lib/transport/self.js'
import type { Receiver } from '../../lib/transport/transport.js'
import { ZmqTransport } from '../../lib/transport/zmq.js'
import type { Endpoint } from '../../lib/transport/zmq-tcp.js'
import { nativeZmq } from '../../native/load.js'

const LARGE = 2 ** 20
const WINDOW = 16
const SMALL_WINDOW = 1000
const native = nativeZmq()

interface Figures {
  /** Microseconds, GB/s, messages a second. */
  latency: number
  bandwidth: number
  rate: number
}

/** COMM_WORLD of two ranks between two processes. */
function world(rank: number, other: { send(endpoint: string): void; endpoint: Promise<string> }): Communicator {
  const endpointOf = async (): Promise<Endpoint> => ({ endpoint: await other.endpoint, host: 'there' })
  const tcp = { address: '127.0.0.1', host: 'here', onBound: (endpoint: string) => other.send(endpoint), endpointOf }
  const connect = (receiver: Receiver): Both => {
    const self = new SelfTransport(rank, receiver)
    const zmq = new ZmqTransport({ rank, size: 2, jobId: 'bench', secret: '01'.repeat(32), receiver, tcp, native })
    return new Both(rank === 0 ? [self, zmq] : [zmq, self])
  }
  const engine = new Engine({ rank, size: 2, eagerLimit: 16384, connect })
  const progress = { engine, waiter: new Waiter(engine, 'doze') }
  const home = { progress, contexts: new Contexts(rank), worldRank: rank, hosts: ['one', 'other'], ranksPerCore: 1 }
  return new Communicator(home, WORLD_CONTEXT, new Group([0, 1], rank), 'COMM_WORLD')
}

async function latency(comm: Communicator, count: number): Promise<number> {
  const [out, into] = [new Uint8Array(8), new Uint8Array(8)]
  const peer = 1 - comm.rank
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    if (comm.rank === 0) await comm.send(out, peer)
    await comm.recv(peer, 0, { into })
    if (comm.rank === 1) await comm.send(out, peer)
  }
  return ((performance.now() - start) * 1000) / count / 2
}

/** Seconds a message: `count` windows, of which the last is answered. */
async function stream(comm: Communicator, bytes: number, count: number, window: number): Promise<number> {
  const peer = 1 - comm.rank
  const out = new Uint8Array(bytes)
  const into = Array.from({ length: window }, () => new Uint8Array(bytes))
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    if (comm.rank === 0) await Request.waitAll(into.map(() => comm.isend(out, peer)))
    else await Request.waitAll(into.map((each) => comm.irecv(peer, 0, { into: each })))
  }
  if (comm.rank === 0) await comm.recv(peer)
  else await comm.send(0, peer)
  return (performance.now() - start) / 1000 / count / window
}

async function measure(comm: Communicator): Promise<Figures> {
  await latency(comm, 2000)
  const one = await latency(comm, 5000)
  await stream(comm, LARGE, 4, WINDOW)
  const large = await stream(comm, LARGE, 30, WINDOW)
  await stream(comm, 64, 20, SMALL_WINDOW)
  const small = await stream(comm, 64, 300, SMALL_WINDOW)
  return { latency: one, bandwidth: LARGE / large / 1e9, rate: 1 / small }
}

const me = fileURLToPath(import.meta.url)

function otherSide(channel: NodeJS.Process | ChildProcess): { send(endpoint: string): void; endpoint: Promise<string> } {
  return {
    send: (endpoint) => channel.send!({ endpoint }),
    endpoint: new Promise((resolve) => channel.once('message', (message) => resolve((message as { endpoint: string }).endpoint))),
  }
}

async function ours(): Promise<Figures> {
  const child = fork(me, ['ours'], { execArgv: ['--import', 'tsx'] })
  const figures = await measure(world(0, otherSide(child)))
  child.kill()
  return figures
}

/** zeromq.js, each message on its own: messages of 64 bytes a second. */
async function oneByOne(): Promise<number> {
  const count = 100_000
  const router = new Router({ linger: 0, receiveHighWaterMark: 0 })
  await router.bind('tcp://127.0.0.1:*')
  const child = fork(me, ['zeromq', router.lastEndpoint!, String(count)], { execArgv: ['--import', 'tsx'] })
  await router.receive()
  const start = performance.now()
  for (let i = 1; i < count; i++) await router.receive()
  const rate = (count * 1000) / (performance.now() - start)
  router.close()
  child.kill()
  return rate
}

async function sendOneByOne(endpoint: string, count: number): Promise<void> {
  const dealer = new Dealer({ sendHighWaterMark: 0 })
  dealer.connect(endpoint)
  const message = Buffer.alloc(64)
  for (let i = 0; i < count; i++) await dealer.send(message)
}

function libzmq(kinds: readonly string[]): Record<string, Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-wire-'))
  try {
    const source = fileURLToPath(new URL('../peers/wire.c', import.meta.url))
    execFileSync('cc', ['-O2', '-o', join(folder, 'wire'), source, '-lzmq'])
    const run = (kind: string): Figures => JSON.parse(execFileSync(join(folder, 'wire'), [kind]).toString()) as Figures
    return Object.fromEntries(kinds.map((kind) => [kind, run(kind)]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [, , role, endpoint, count] = process.argv
if (role === 'ours') {
  await measure(world(1, otherSide(process)))
  await new Promise((resolve) => setTimeout(resolve, 5000))
} else if (role === 'zeromq') {
  await sendOneByOne(endpoint, Number(count))
} else {
  const show = ({ latency, bandwidth, rate }: Figures): Record<string, string> => ({
    '8 B, µs one way': latency.toFixed(1),
    '1 MiB, GB/s': bandwidth.toFixed(2),
    '64 B, messages/s': rate.toFixed(0),
  })
  const single = await oneByOne()
  const { plain, curve } = libzmq(['plain', 'curve'])
  console.table({
    'tsmpi, CURVE': show(await ours()),
    'libzmq in C, CURVE': show(curve),
    'libzmq in C, open': show(plain),
    'zeromq.js, one at a time': { '64 B, messages/s': single.toFixed(0) },
  })
  process.exit()
}
