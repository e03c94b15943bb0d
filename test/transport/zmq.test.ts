// The transport contract over ZeroMQ, and what only ZeroMQ needs: flow, memory, connections, the end of the process.
import t from 'tap'
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { MAX_PAYLOAD, WINDOW_BYTES } from '../../lib/transport/outbox.js'
import { partsOf } from '../../lib/transport/zmq-socket.js'
import { openSockets } from '../../lib/transport/zmq-sockets.js'
import { ZmqTransport } from '../../lib/transport/zmq.js'
import { SOCKETS } from './hosts.js'
import { contract, header, Rank, until, world, type Open } from './contract.js'

const newJob = (): { jobId: string; secret: string } => ({
  jobId: randomBytes(6).toString('hex'),
  secret: randomBytes(16).toString('hex'),
})

/** By libzmq's own calls, and through zeromq.js. */
const KINDS = { libzmq: SOCKETS, 'zeromq.js': { native: undefined } }

const openBy = (sockets: typeof SOCKETS): Open => (receivers) => {
  const job = newJob()
  return receivers.map((receiver, rank) => new ZmqTransport({ ...job, rank, size: receivers.length, receiver, ...sockets }))
}
const open = openBy(SOCKETS)

for (const [name, sockets] of Object.entries(KINDS)) contract(t, `zmq by ${name}`, [1, 2, 3, 5], openBy(sockets))

void t.test('a peer may listen long after the first send; the secret may come later still', async (t) => {
  const { jobId, secret } = newJob()
  const [first, last] = [new Rank(), new Rank()]
  first.transport = new ZmqTransport({ jobId, secret, rank: 0, size: 2, receiver: first, ...SOCKETS })
  for (let tag = 0; tag < 100; tag++) first.post(1, tag)
  first.pump()
  await delay(200)
  last.transport = new ZmqTransport({ jobId, secret: delay(100, secret), rank: 1, size: 2, receiver: last, ...SOCKETS })
  last.post(0, 7)
  last.pump()
  await until([first, last], () => last.received === 100 && first.received === 1)
  t.same(last.frames.map((frame) => frame.words[2]), last.frames.map((_, i) => i))
  first.transport.close()
  last.transport.close()
})

for (const [name, kind] of Object.entries(KINDS)) void t.test(`small frames sent at once leave in few messages, ${name}`, async (t) => {
  const job = newJob()
  const sockets = await openSockets({ ...job, rank: 1, size: 2, ...kind })
  const rank = new Rank()
  rank.transport = new ZmqTransport({ ...job, rank: 0, size: 2, receiver: rank, ...kind })
  await delay(20)
  for (let tag = 0; tag < 1000; tag++) rank.transport.send(1, header(tag, 8), new Uint8Array(8), 0, 8)
  let [messages, frames] = [0, 0]
  const memory = new ArrayBuffer(2 ** 20)
  sockets.router.listen(() => undefined)
  sockets.router.hold(true)
  while (frames < 1000) {
    const end = sockets.router.receive(memory, 0, memory.byteLength)
    if (end === 0) await delay(1)
    else {
      const [identity, batch] = partsOf(memory, 0)!
      t.equal(sockets.sender(identity.toString('latin1')), 0)
      messages++
      frames += batch.readInt32LE(12)
    }
  }
  sockets.router.hold(false)
  t.equal(frames, 1000)
  t.ok(messages <= 3, `${messages} messages`)
  rank.transport.close()
  sockets.close()
})

void t.test('a flood at a receiver that does not poll, and then does, takes bounded memory', async (t) => {
  const [first, last] = await world(2, open)
  first.keep = last.keep = false
  const payload = new Uint8Array(MAX_PAYLOAD)
  const words = header(0, payload.length)
  const total = 2 ** 29 / payload.length
  let sent = 0
  const flood = (): void => {
    while (sent < total && first.transport.send(1, words, payload, 0, payload.length)) sent++
  }
  for (let i = 0; i < 50; i++) {
    flood()
    await delay(2)
  }
  t.ok(sent * payload.length <= WINDOW_BYTES, `${sent} frames accepted`)
  const before = process.memoryUsage().rss
  let most = before
  while (last.received < total) {
    flood()
    for (let i = 0; i < 20; i++) await turn()
    last.transport.poll()
    first.transport.poll()
    most = Math.max(most, process.memoryUsage.rss())
  }
  t.ok(most - before < 150 * 2 ** 20, `${Math.round((most - before) / 2 ** 20)} MiB more`)
  first.transport.close()
  last.transport.close()
})

void t.test('flush asks for the acknowledgement of few bytes, and ends when the peer is forgotten', async (t) => {
  const ranks = await world(3, open)
  const [first, second] = [ranks[0], ranks[1]]
  first.post(1, 1)
  first.post(2, 1)
  first.pump()
  let flushed = false
  void first.transport.flush().then(() => (flushed = true))
  await until([second], () => second.received === 1)
  for (let i = 0; i < 20; i++) await delay(1)
  t.notOk(flushed, 'rank 2 has not polled')
  first.transport.forget!(2)
  await until([second], () => flushed)
  t.ok(first.transport.send(2, header(0, 0), new Uint8Array(0), 0, 0), 'dropped')
  t.same(first.lost, [])
  ranks[2].post(0, 5)
  ranks[2].pump()
  await until([first], () => first.received === 1)
  for (const rank of ranks) rank.transport.close()
})

void t.test('who cannot listen loses everybody, with the reason', async (t) => {
  const job = newJob()
  const [first, twin] = [new Rank(), new Rank()]
  first.transport = new ZmqTransport({ ...job, rank: 0, size: 2, receiver: first, ...SOCKETS })
  await delay(50)
  twin.transport = new ZmqTransport({ ...job, rank: 0, size: 2, receiver: twin, ...SOCKETS })
  const woken = twin.woken()
  t.ok(twin.transport.sleep())
  await woken
  twin.transport.awake()
  t.equal(twin.lost.length, 0, 'told by poll only')
  twin.transport.poll()
  t.match(twin.lost, [[1, { code: 'TSMPI_TRANSPORT', message: /rank 0 cannot listen at ipc:.*in use/ }]])
  twin.transport.close()
  first.transport.close()
})

void t.test('the end of a process', async (t) => {
  const child = fileURLToPath(new URL('zmq-child.ts', import.meta.url))
  const ways = [['idle', 0], ['exit', 3], ['close', 0], ['throw', 1]] as const
  for (const [how, code, kind] of ways.flatMap((way) => [[...way, 'native'], [...way, 'js']] as const)) {
    const process = fork(child, [how, kind], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    const exited = once(process, 'exit')
    const timer = setTimeout(() => process.kill('SIGKILL'), 20_000)
    t.same(await exited, [code, null], `${how}, ${kind}`)
    clearTimeout(timer)
  }
})

void t.test('where there are no abstract sockets: files in a folder of this user alone', async (t) => {
  const { platform } = process
  const folders = (): string[] => readdirSync(tmpdir()).filter((name) => /^tsmpi-[0-9a-f]{16}$/.test(name))
  const before = folders()
  Object.defineProperty(process, 'platform', { value: 'darwin' })
  t.teardown(() => Object.defineProperty(process, 'platform', { value: platform }))
  const ranks = await world(2, open)
  ranks[0].post(1, 1)
  ranks[0].pump()
  await until(ranks, () => ranks[1].received === 1)
  const made = folders().filter((name) => !before.includes(name))
  t.equal(made.length, 1)
  t.equal(statSync(join(tmpdir(), made[0])).mode & 0o777, 0o700)
  for (const rank of ranks) rank.transport.close()
  t.same(folders(), before, 'nothing is left')
})
