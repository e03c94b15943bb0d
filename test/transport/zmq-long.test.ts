// Long messages over ZeroMQ, which the socket holds until it is known where they belong: they come whole, go straight to
// their place, and break nothing where they are not as they should be.
import t from 'tap'
import { randomBytes } from 'node:crypto'
import { COLLECTED_BYTES, MAX_PAYLOAD, Outbox } from '../../lib/transport/outbox.js'
import type { Place } from '../../lib/transport/transport.js'
import { openSockets, type ZmqSockets } from '../../lib/transport/zmq-sockets.js'
import { ZmqTransport } from '../../lib/transport/zmq.js'
import { BATCH_HEAD_BYTES, frameBytes, jobMark, writeHead } from '../../lib/wire/batch.js'
import { HEADER_BYTES } from '../../lib/wire/header.js'
import { nativeZmq } from '../../native/load.js'
import { header, pattern, Rank, until } from './contract.js'
import { SOCKETS } from './hosts.js'

const KINDS = { libzmq: SOCKETS, 'zeromq.js': { native: undefined } }
const held = nativeZmq() === undefined ? 'without the addon no message is held' : false

/** Says of frames with an odd tag where their payload belongs. */
class PlacingRank extends Rank {
  readonly places = new Map<number, Uint8Array>()
  /** Tags of frames that came with their payload in its place. */
  readonly placed: number[] = []

  placeFor(_peer: number, words: Int32Array, at: number): Place | undefined {
    const tag = words[at + 2]
    if (tag % 2 === 0) return undefined
    const bytes = new Uint8Array(words[at + 4] + 12)
    this.places.set(tag, bytes)
    return { bytes, offset: 8 }
  }

  override onFrame(peer: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number): void {
    if (this.places.get(words[at + 2]) === bytes && offset === 8) this.placed.push(words[at + 2])
    super.onFrame(peer, words, at, bytes, offset)
  }
}

const job = (): { jobId: string; secret: string; size: number } => ({
  jobId: randomBytes(6).toString('hex'),
  secret: randomBytes(16).toString('hex'),
  size: 2,
})

const LENGTHS = [0, 1, 16383, 16384, 16385, COLLECTED_BYTES - BATCH_HEAD_BYTES - HEADER_BYTES, COLLECTED_BYTES, MAX_PAYLOAD - 1, MAX_PAYLOAD]

for (const [name, kind] of Object.entries(KINDS)) {
  void t.test(`short and long frames in turn, whole and in order, straight to their place: ${name}`, async (t) => {
    const common = { ...job(), ...kind }
    const [first, last] = [new Rank(), new PlacingRank()]
    first.transport = new ZmqTransport({ ...common, rank: 0, receiver: first })
    last.transport = new ZmqTransport({ ...common, rank: 1, receiver: last })
    const sent: number[] = []
    for (let round = 0; round < 6; round++) {
      for (const length of LENGTHS) {
        const payload = pattern(0, 1, sent.length, length + 5)
        first.post(1, sent.length, payload.subarray(5))
        first.post(1, sent.length + 1, payload.subarray(0, length))
        sent.push(length, length)
      }
      // the first are sent before the peer is known
      if (round % 2 === 0) await until([first, last], () => last.received === sent.length)
    }
    first.pump()
    await until([first, last], () => last.received === sent.length)
    t.same(last.frames.map(({ words }) => words[2]), sent.map((_, tag) => tag))
    const wrong = last.frames.filter(({ words, payload }) => {
      const tag = words[2]
      const whole = pattern(0, 1, tag - (tag % 2), sent[tag] + 5)
      return Buffer.compare(payload, tag % 2 === 0 ? whole.subarray(5) : whole.subarray(0, sent[tag])) !== 0
    })
    t.same(wrong.map(({ words }) => words[2]), [])
    if (kind.native === undefined) t.same(last.placed, [], 'nothing is held')
    else t.ok(last.placed.length > 0 && last.placed.every((tag) => sent[tag] >= COLLECTED_BYTES - BATCH_HEAD_BYTES - HEADER_BYTES), `${last.placed.join()}`)
    t.ok([...last.places.values()].every((bytes) => bytes.subarray(0, 8).every((byte) => byte === 0) && bytes.subarray(-4).every((byte) => byte === 0)))
    for (const rank of [first, last]) rank.transport.close()
  })
}

void t.test('a long frame beside what does not fit into the window waits for room', async (t) => {
  const common = { ...job(), ...SOCKETS }
  const [first, last] = [new Rank(), new Rank()]
  first.transport = new ZmqTransport({ ...common, rank: 0, receiver: first })
  last.transport = new ZmqTransport({ ...common, rank: 1, receiver: last })
  first.post(1, 0)
  await until([first, last], () => last.received === 1)
  const payload = new Uint8Array(MAX_PAYLOAD)
  for (let tag = 1; tag <= 100; tag++) first.post(1, tag, tag % 3 === 0 ? payload : payload.subarray(0, tag))
  first.pump()
  t.ok(first.queued > 0, 'the window is full')
  await until([first, last], () => last.received === 101)
  t.same(last.frames.map(({ words, payload }) => [words[2], payload.length]), [[0, 0], ...Array.from({ length: 100 }, (_, i) => [i + 1, (i + 1) % 3 === 0 ? MAX_PAYLOAD : i + 1])])
  for (const rank of [first, last]) rank.transport.close()
})

/** A message of these frames, as rank 1 would send it first; `change` damages it. */
function message(jobId: string, lengths: readonly number[], change: (words: Int32Array) => void = () => undefined): Uint8Array {
  const size = lengths.reduce((sum, length) => sum + frameBytes(length), BATCH_HEAD_BYTES)
  const bytes = new Uint8Array(size)
  const words = new Int32Array(bytes.buffer)
  writeHead(words, 0, 0, { sequence: 1, acknowledge: 0, frames: lengths.length }, { job: jobMark(jobId), epoch: 0 })
  let at = BATCH_HEAD_BYTES
  for (const [tag, length] of lengths.entries()) {
    words.set(header(tag, length), at >> 2)
    bytes.set(pattern(1, 0, tag, length), at + HEADER_BYTES)
    at += frameBytes(length)
  }
  change(words)
  return bytes
}

const LONG = 100_000
const damages: Record<string, [lengths: number[], change: (words: Int32Array) => void, delivered: number]> = {
  'a frame longer than the message': [[LONG], (w) => (w[10] = LONG + 8), 0],
  'a frame shorter than the message': [[LONG], (w) => (w[10] = LONG - 8), 1],
  'a frame of negative length': [[LONG], (w) => (w[10] = -1), 0],
  'a frame of huge length': [[LONG], (w) => (w[10] = 2 ** 31 - 1), 0],
  'a frame of an unknown kind': [[LONG], (w) => (w[6] = 99), 0],
  'no frames but bytes': [[LONG], (w) => ((w[3] = 0), (w[1] = 0)), 0],
  'more frames than it says': [[10, LONG], (w) => (w[3] = 1), 1],
  'fewer frames than it says': [[LONG, 10], (w) => (w[3] = 3), 2],
  'another job': [[LONG], (w) => (w[4] ^= 1), 0],
}

async function victim(): Promise<{ rank: Rank; sockets: ZmqSockets; jobId: string }> {
  const common = { ...job(), ...SOCKETS }
  const rank = new Rank()
  rank.transport = new ZmqTransport({ ...common, rank: 0, receiver: rank })
  return { rank, sockets: await openSockets({ ...common, rank: 1 }), jobId: common.jobId }
}

for (const [what, [lengths, change, delivered]] of Object.entries(damages)) {
  void t.test(`a peer that sends a long message with ${what} is lost`, { skip: held }, async (t) => {
    const { rank, sockets, jobId } = await victim()
    const dealer = await sockets.connect(0)
    dealer.send(message(jobId, lengths, change))
    dealer.send(message(jobId, lengths))
    await until([rank], () => rank.lost.length > 0)
    t.match(rank.lost, [[1, { code: 'TSMPI_TRANSPORT' }]])
    t.equal(rank.received, delivered)
    sockets.close()
    rank.transport.close()
  })
}

void t.test('several frames in a long message, which no rank sends, come all the same; long parts too many do not', { skip: held }, async (t) => {
  const { rank, sockets, jobId } = await victim()
  const dealer = await sockets.connect(0)
  dealer.send(message(jobId, [10, LONG, 0, 1000]))
  await until([rank], () => rank.received === 4)
  t.ok(rank.frames.every(({ words, payload }) => Buffer.compare(payload, pattern(1, 0, words[2], words[4])) === 0))
  const long = message(jobId, [LONG])
  dealer.send(long, long, Buffer.alloc(3), long)
  await until([rank], () => rank.lost.length > 0)
  t.match(rank.lost, [[1, { message: /a message of 4 parts/ }]])
  t.equal(rank.received, 4)
  sockets.close()
  rank.transport.close()
})

void t.test('what the sockets hold at the end is freed with them, and after the loss of its peer', { skip: held }, async (t) => {
  const before = process.memoryUsage.rss()
  for (let round = 0; round < 40; round++) {
    const { rank, sockets, jobId } = await victim()
    rank.transport.poll()
    const dealer = await sockets.connect(0)
    const outbox = new Outbox({ job: jobMark(jobId), epoch: 0 })
    for (let i = 0; i < 15; i++) {
      outbox.push(header(i, MAX_PAYLOAD), new Uint8Array(MAX_PAYLOAD), 0, MAX_PAYLOAD)
      dealer.send(outbox.take(0, 0)!)
    }
    if (round % 2 === 0) dealer.send(Buffer.alloc(8))
    await until([rank], () => rank.received > 0)
    if (round % 2 === 0) await until([rank], () => rank.lost.length > 0)
    rank.frames.length = 0
    rank.transport.close()
    sockets.close()
  }
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20
  t.ok(grown < 250, `${Math.round(grown)} of 150 MiB that were sent, forty times`)
})
