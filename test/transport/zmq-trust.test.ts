// What ZeroMQ peers may not do: speak without the job's secret, claim another's rank, break the protocol.
import t, { type Test } from 'tap'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Dealer } from 'zeromq'
import { Outbox } from '../../lib/transport/outbox.js'
import { openSockets, type ZmqSockets } from '../../lib/transport/zmq-sockets.js'
import { ZmqTransport } from '../../lib/transport/zmq.js'
import { jobMark } from '../../lib/wire/batch.js'
import type { NativeZmq } from '../../native/load.js'
import { SOCKETS } from './hosts.js'
import { header, pattern, Rank, random, until } from './contract.js'

/** Its jobs differ by their secrets. */
const jobId = randomBytes(6).toString('hex')
const newJob = (): { jobId: string; secret: string; size: number; native: NativeZmq | undefined } => ({
  jobId,
  secret: randomBytes(16).toString('hex'),
  size: 3,
  ...SOCKETS,
})

/** Rank 0 as it should be, and sockets of rank 1 that say what a test wants. */
async function victim(): Promise<{ rank: Rank; job: ReturnType<typeof newJob>; sockets: ZmqSockets }> {
  const job = newJob()
  const rank = new Rank()
  rank.transport = new ZmqTransport({ ...job, rank: 0, receiver: rank })
  return { rank, job, sockets: await openSockets({ ...job, rank: 1 }) }
}

/** Rank 2 talks to rank 0, to show that it still listens. */
async function stillListens(t: Test, rank: Rank, job: ReturnType<typeof newJob>): Promise<void> {
  const other = new Rank()
  other.transport = new ZmqTransport({ ...job, rank: 2, receiver: other })
  other.post(0, 2)
  other.pump()
  await until([rank, other], () => rank.frames.some((frame) => frame.peer === 2))
  other.transport.close()
  t.pass('rank 2 is heard')
}

/** A batch of three frames as an honest rank would send it first. */
function honest(): Buffer {
  const outbox = new Outbox({ job: jobMark(jobId), epoch: 0 })
  for (let tag = 0; tag < 3; tag++) outbox.push(header(tag, 20), pattern(1, 0, tag, 20), 0, 20)
  return Buffer.from(outbox.take(0, 0)!)
}

void t.test('strangers are not heard', { skip: process.platform !== 'linux' }, async (t) => {
  const { rank, job, sockets } = await victim()
  const third = await openSockets({ ...job, rank: 2 })
  const stolen = third.link.identity(2, 0).replace(/^2/, '1')
  third.close()
  const [, name] = new RegExp(`@(tsmpi-${job.jobId}-0-\\w+)`).exec(readFileSync('/proc/net/unix', 'utf8'))!
  const identities = [undefined, '1', `1-${'0'.repeat(32)}`, 'poke', '-1', '99-x', stolen, sockets.link.identity(1, 2)]
  const strangers = identities.map((routingId) => new Dealer({ linger: 0, ...(routingId && { routingId }) }))
  for (const stranger of strangers) {
    stranger.connect(`ipc://@${name}`)
    await stranger.send(honest())
    await stranger.send(['garbage', ''])
  }
  for (let i = 0; i < 50; i++) {
    rank.transport.poll()
    await delay(2)
  }
  t.equal(rank.received, 0)
  ;(await sockets.connect(0)).send(honest())
  await until([rank], () => rank.received === 3)
  t.same(rank.frames.map((frame) => frame.peer), [1, 1, 1], 'the holder of the secret is')
  t.same(rank.lost, [])
  for (const stranger of strangers) stranger.close()
  sockets.close()
  rank.transport.close()
})

const words = (change: (words: Int32Array) => void): Buffer => {
  const batch = honest()
  change(new Int32Array(batch.buffer, batch.byteOffset, batch.length >> 2))
  return batch
}

const broken: Record<string, [message: Buffer | Buffer[], reason: RegExp, delivered: number]> = {
  'an empty message': [Buffer.alloc(0), /not one of tsmpi/, 0],
  'a head cut short': [honest().subarray(0, 8), /not one of tsmpi/, 0],
  'bytes that are no multiple of 8': [Buffer.concat([honest(), Buffer.alloc(3)]), /not one of tsmpi/, 0],
  'two parts': [[honest(), honest()], /not one of tsmpi/, 0],
  'another protocol': [Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.12'), /not a message of tsmpi/, 0],
  'another version': [words((w) => (w[0] += 1)), /wire version 3, this rank 2/, 0],
  'another job': [words((w) => (w[4] ^= 1)), /another job/, 0],
  'another epoch': [words((w) => (w[5] = 7)), /epoch 7 of the job, this rank to 0/, 0],
  'a number that was not due': [words((w) => (w[1] = 2)), /number 1 was due, 2 came/, 0],
  'an acknowledgement of what was not sent': [words((w) => (w[2] = 1)), /never sent/, 0],
  'fewer frames than it says': [words((w) => (w[3] = 4)), /breaks the protocol/, 3],
  'more frames than it says': [words((w) => (w[3] = 2)), /breaks the protocol/, 2],
  'a negative number of frames': [words((w) => (w[3] = -1)), /breaks the protocol/, 0],
  'no frames but bytes': [words((w) => ((w[3] = 0), (w[1] = 0))), /breaks the protocol/, 0],
  'a frame longer than the message': [words((w) => (w[10] = 4000)), /breaks the protocol/, 0],
  'a frame of negative length': [words((w) => (w[10] = -1)), /breaks the protocol/, 0],
  'a frame of huge length': [words((w) => (w[10] = 2 ** 31 - 1)), /breaks the protocol/, 0],
  'a frame of an unknown kind': [words((w) => (w[6] = 99)), /breaks the protocol/, 0],
  'a second frame of kind 0': [words((w) => (w[20] = 0)), /breaks the protocol/, 1],
}

for (const [what, [message, reason, delivered]] of Object.entries(broken)) {
  void t.test(`a peer that sends ${what} is lost`, async (t) => {
    const { rank, job, sockets } = await victim()
    const dealer = await sockets.connect(0)
    dealer.send(...[message].flat())
    dealer.send(honest())
    await until([rank], () => rank.lost.length > 0)
    t.match(rank.lost, [[1, { code: 'TSMPI_TRANSPORT', message: reason }]])
    t.equal(rank.received, delivered)
    t.ok(rank.transport.send(1, header(0, 0), new Uint8Array(0), 0, 0), 'frames to it are dropped')
    await rank.transport.flush()
    await stillListens(t, rank, job)
    t.equal(rank.lost.length, 1)
    t.equal(rank.received, delivered + 1, 'nothing more is taken from it')
    sockets.close()
    rank.transport.close()
  })
}

void t.test('messages that are too large end the connection only', async (t) => {
  const { rank, job, sockets } = await victim()
  ;(await sockets.connect(0)).send(Buffer.alloc(1 << 20))
  await stillListens(t, rank, job)
  t.same(rank.received, 1)
  sockets.close()
  rank.transport.close()
})

void t.test('random damage never ends the process', async (t) => {
  const next = random(4)
  for (let round = 0; round < 60; round++) {
    const { rank, job, sockets } = await victim()
    const dealer = await sockets.connect(0)
    for (let i = 0; i < 5; i++) {
      const message = next(3) === 0 ? Buffer.from(pattern(0, 0, next(1000), next(300))) : honest()
      for (let flips = next(6); flips > 0; flips--) message[next(message.length)] ^= 1 << next(8)
      dealer.send(message)
    }
    // the second honest batch has a number that was not due, so that the peer is lost in the end
    await until([rank], () => rank.lost.length > 0)
    if (rank.lost.some(([peer]) => peer !== 1)) t.fail('another peer was lost')
    if (rank.received > 30) t.fail('frames out of nothing')
    if (round % 20 === 0) await stillListens(t, rank, job)
    sockets.close()
    rank.transport.close()
  }
})
