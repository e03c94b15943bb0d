// Who may join between hosts: in each case honest ranks of the job go on talking, and nobody else is heard.
import t, { type Test } from 'tap'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Dealer, type SocketOptions } from 'zeromq'
import { Inbox } from '../../lib/transport/inbox.js'
import { Outbox } from '../../lib/transport/outbox.js'
import { JobKeys } from '../../lib/transport/zmq-keys.js'
import { jobMark } from '../../lib/wire/batch.js'
import { Peer } from '../../lib/transport/zmq-peer.js'
import { header, pattern, Rank, random, until } from './contract.js'
import { tcpJob, tcpOptions, tcpTransport, type TcpJob } from './hosts.js'

/** Generated cases: TSMPI_FUZZ=1000000 for as many as CI runs. */
const CASES = Number(process.env['TSMPI_FUZZ'] ?? 20_000)

interface Honest {
  readonly job: TcpJob
  readonly ranks: readonly Rank[]
  readonly port: number
  /** Ranks 0 and 1 send each other some frames and check what comes. */
  talk(t: Test): Promise<void>
  close(): void
}

/** Ranks 0 and 1 of three. */
async function honest(handshakeMilliseconds = 10_000): Promise<Honest> {
  const job = tcpJob(3)
  const ranks = [new Rank(), new Rank()]
  ranks.forEach((rank, at) => {
    rank.transport = tcpTransport(job, at, rank, { tcp: { ...tcpOptions(job, at), handshakeMilliseconds } })
  })
  const { endpoint } = await job.endpoints[0]
  let tag = 0
  const talk = async (t: Test): Promise<void> => {
    const before = ranks.map((rank) => rank.frames.length)
    for (let i = 0; i < 50; i++, tag++) {
      for (const from of [0, 1]) ranks[from].post(1 - from, tag, pattern(from, 1 - from, tag, tag * 37))
    }
    await until(ranks, () => ranks.every((rank, at) => rank.frames.length >= before[at] + 50))
    const right = ranks.every((rank, at) =>
      rank.frames.every(({ peer, words, payload }, i) => {
        const sent = pattern(1 - at, at, i, i * 37)
        return peer === 1 - at && words[2] === i && Buffer.compare(payload, sent) === 0
      }),
    )
    t.ok(right, 'every frame came, from whom it should')
    t.same(ranks.map((rank) => rank.lost), [[], []])
  }
  return { job, ranks, port: Number(endpoint.split(':')[2]), talk, close: () => ranks.forEach((rank) => rank.transport.close()) }
}

/** A first message as an honest rank would send it. */
function batch(jobId: string): Buffer {
  const outbox = new Outbox({ job: jobMark(jobId), epoch: 0 })
  for (let tag = 0; tag < 3; tag++) outbox.push(header(tag, 20), pattern(2, 0, tag, 20), 0, 20)
  return Buffer.from(outbox.take(0, 0)!)
}

const keysOf = ({ jobId, secret }: TcpJob): JobKeys => new JobKeys({ jobId, secret, epoch: 0 })

void t.test('strangers: no key, a key of their own, keys of another job', async (t) => {
  const { job, ranks, port, talk, close } = await honest()
  const keys = keysOf(job)
  const server = keys.pair(0).publicKey
  const other = keysOf({ ...job, secret: randomBytes(32).toString('hex') }).pair(2)
  const later = new JobKeys({ jobId: job.jobId, secret: job.secret, epoch: 1 }).pair(2)
  const curve = (pair: typeof other): SocketOptions<Dealer> => ({
    curvePublicKey: pair.publicKey, curveSecretKey: pair.secretKey, curveServerKey: server,
  })
  const kinds: SocketOptions<Dealer>[] = [{}, { plainUsername: 'root', plainPassword: 'root' }, curve(other), curve(later)]
  const strangers = kinds.map((kind) => new Dealer({ linger: 0, sendTimeout: 0, routingId: `2-${keys.token(2, 0)}`, ...kind }))
  for (const stranger of strangers) {
    stranger.connect(`tcp://127.0.0.1:${port}`)
    // who has been refused by then has nowhere to send
    await stranger.send(batch(job.jobId)).catch(() => undefined)
  }
  await talk(t)
  await delay(100)
  await talk(t)
  t.notOk(ranks[0].frames.some((frame) => frame.peer === 2))
  for (const stranger of strangers) stranger.close()
  close()
})

void t.test("a holder of rank 2's key that calls itself rank 1 is rank 2", async (t) => {
  const { job, ranks, port, talk, close } = await honest()
  await talk(t)
  const keys = keysOf(job)
  const { publicKey, secretKey } = keys.pair(2)
  const curve = { curvePublicKey: publicKey, curveSecretKey: secretKey, curveServerKey: keys.pair(0).publicKey }
  // Who has the key alone cannot make the token. libzmq takes the client's word where the gate's answer is there at once: then
  // it is not heard at all.
  let claims: Dealer | undefined
  t.teardown(() => claims?.close())
  const heard = (): boolean => ranks[0].frames.some((frame) => frame.peer === 2)
  for (let tries = 0; tries < 5 && !heard(); tries++) {
    claims?.close()
    claims = new Dealer({ linger: 0, routingId: `1-${randomBytes(16).toString('hex')}`, ...curve })
    claims.connect(`tcp://127.0.0.1:${port}`)
    await claims.send(batch(job.jobId))
    const patience = Date.now() + 5_000
    await until(ranks, () => heard() || Date.now() > patience)
  }
  t.equal(ranks[0].frames.filter((frame) => frame.peer === 2).length, 3)
  t.equal(ranks[0].frames.filter((frame) => frame.peer === 1).length, 50, 'nothing more of rank 1')
  ranks[0].frames.splice(50)
  // a replayed message
  await claims!.send(batch(job.jobId))
  await until(ranks, () => ranks[0].lost.length > 0)
  t.match(ranks[0].lost.splice(0), [[2, { message: /number 2 was due, 1 came/ }]], 'rank 2 is lost, not rank 1')
  await talk(t)
  close()
})

/** Sockets that are closed at the end, whatever becomes of them. */
async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

void t.test('a thousand idle connections', async (t) => {
  const { port, talk, close } = await honest(2_000)
  const idle = await Promise.all(Array.from({ length: 1000 }, () => dial(port)))
  await talk(t)
  // they are ended once they have had the time of a handshake; reading makes that visible
  for (const socket of idle) socket.resume()
  for (const socket of idle) if (!socket.closed) await once(socket, 'close')
  await talk(t)
  close()
})

void t.test('garbage, truncated and oversized bytes on the port', async (t) => {
  const { port, talk, close } = await honest()
  const next = random(11)
  const greeting = Buffer.alloc(64)
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1])
  greeting.write('CURVE', 12)
  const rounds = Math.min(3000, Math.ceil(CASES / 100))
  for (let round = 0; round < rounds; round++) {
    const socket = await dial(port)
    const noise = Buffer.from(pattern(0, 0, round, next(400)))
    const hello = Buffer.concat([Buffer.of(4, 200, 5), Buffer.from('HELLO'), Buffer.from(pattern(1, 0, round, 194))])
    const huge = Buffer.concat([Buffer.of(2, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), noise])
    const cases = [noise, greeting.subarray(0, next(64)), Buffer.concat([greeting, noise]), Buffer.concat([greeting, huge])]
    socket.write([...cases, Buffer.concat([greeting, hello.subarray(0, next(hello.length + 1))])][round % 5])
    if (next(2) === 0) socket.end()
    else socket.resume().setTimeout(50, () => socket.destroy())
    if (round % Math.ceil(rounds / 6) === 0) await talk(t)
  }
  await talk(t)
  close()
})

void t.test('a recorded connection, played again', async (t) => {
  const job = tcpJob(2)
  const recorded: Buffer[] = []
  const ranks = [new Rank(), new Rank()]
  const proxy = createServer((socket) => {
    void job.endpoints[0].then(({ endpoint }) => {
      const there = connect(Number(endpoint.split(':')[2]), '127.0.0.1').on('error', () => undefined)
      socket.on('data', (bytes) => (recorded.push(bytes), there.write(bytes))).on('error', () => undefined)
      there.on('data', (bytes) => socket.write(bytes))
      socket.on('close', () => there.destroy())
    })
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port } = proxy.address() as { port: number }
  const through = { endpoint: `tcp://127.0.0.1:${port}`, host: 'proxy' }
  ranks.forEach((rank, at) => {
    const tcp = { ...tcpOptions(job, at), ...(at === 1 && { endpointOf: () => through }) }
    rank.transport = tcpTransport(job, at, rank, { tcp })
  })
  ranks[1].post(0, 1, pattern(1, 0, 1, 100))
  await until(ranks, () => ranks[0].received === 1)
  const again = await dial(Number((await job.endpoints[0]).endpoint.split(':')[2]))
  for (const bytes of recorded) again.write(bytes)
  await delay(100)
  ranks[1].post(0, 2, pattern(1, 0, 2, 100))
  await until(ranks, () => ranks[0].received === 2)
  t.same(ranks[0].frames.map((frame) => frame.words[2]), [1, 2], 'once each')
  t.same(ranks[0].lost, [])
  again.destroy()
  for (const rank of ranks) rank.transport.close()
  proxy.close()
})

void t.test('ranks of different epochs do not meet, and say so', async (t) => {
  const job = tcpJob(2)
  const ranks = [new Rank(), new Rank()]
  ranks.forEach((rank, at) => {
    rank.transport = tcpTransport(job, at, rank, { epoch: at, tcp: { ...tcpOptions(job, at), silenceMilliseconds: 300 } })
  })
  ranks[0].post(1, 1)
  await until(ranks, () => ranks[0].lost.length > 0)
  t.match(ranks[0].lost, [[1, { message: /cannot reach rank 1 on host1 .*: it (ends|does not)/ }]])
  t.equal(ranks[1].received, 0)
  for (const rank of ranks) rank.transport.close()
})

void t.test(`${CASES} damaged messages at the parser`, async (t) => {
  const next = random(5)
  const stamp = { job: 7, epoch: 1 }
  let [frames, faults, broken] = [0, 0, 0]
  const receiver = {
    onFrame: (_: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number) => {
      if (offset + words[at + 4] > bytes.length) throw new Error('a frame reaches beyond its message')
      frames++
    },
    onWake: () => undefined,
    onPeerLost: () => undefined,
  }
  const outbox = new Outbox(stamp)
  const payload = pattern(0, 1, 2, 40)
  for (let i = 0; i < CASES; i++) {
    for (let tag = next(4); tag >= 0; tag--) {
      const length = next(41)
      outbox.push(header(tag, length), payload, 0, length)
    }
    const message = outbox.take(0, 0)!.slice(0, 24 + 8 * next(60))
    outbox.acknowledge(outbox.sequence)
    new Int32Array(message.buffer)[1] = 1
    for (let flips = next(5); flips > 0; flips--) message[next(message.length)] ^= 1 << next(8)
    const words = new Int32Array(message.buffer, 0, message.length >> 2)
    if (typeof new Peer(0, stamp).takeHead(words, 0) === 'string') {
      faults++
      continue
    }
    const inbox = new Inbox(receiver, { onWhole: () => undefined, onBroken: () => broken++ })
    inbox.push(0, { bytes: message, words }, 0, message.length)
    inbox.deliver(64)
  }
  t.ok(frames > 0 && faults > 0 && broken > 0, `${frames} frames, ${faults} heads refused, ${broken} messages broken`)
})
