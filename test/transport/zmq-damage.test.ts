// Peers with the right keys that send damaged messages over real connections between hosts: each is lost, once, what it
// had said before has come, and the others are heard all the while.
import t from 'tap'
import type { Test } from 'tap'
import { Dealer } from 'zeromq'
import { Outbox } from '../../lib/transport/outbox.js'
import { JobKeys } from '../../lib/transport/zmq-keys.js'
import { jobMark } from '../../lib/wire/batch.js'
import { CASES, damage, generator } from '../support/damage.js'
import type { Next } from '../support/damage.js'
import { Rank, header, pattern, until } from './contract.js'
import { tcpJob, tcpTransport } from './hosts.js'

/** Peers at a time that send damage, and one that does not. */
const PEERS = 100
const HONEST = PEERS + 1
/** Messages of each, the last of which is no message of ours. */
const MESSAGES = 25
const FAREWELL = Buffer.from('x')

interface Said {
  messages: Buffer[]
  /** Frames, by their tags, before anything was damaged in a way that can be seen. */
  sound: number[]
}

/** What a peer says: first as it should, then with what a transport cannot see, at some time with damage. */
function speech(next: Next, jobId: string, peer: number): Said {
  const outbox = new Outbox({ job: jobMark(jobId), epoch: 0 })
  const sound: number[] = []
  const messages: Buffer[] = []
  let seen = false
  for (let tag = 0; messages.length < MESSAGES - 1; ) {
    const frames = 1 + next(4)
    for (const end = tag + frames; tag < end; tag++) {
      const length = next(3) === 0 ? next(2000) : next(40)
      outbox.push(header(tag, length), pattern(peer, 0, tag, length), 0, length)
      if (!seen) sound.push(tag)
    }
    const message = Buffer.from(outbox.take(0, 0)!)
    outbox.acknowledge(outbox.sequence)
    if (next(16) > 0) {
      messages.push(message)
      continue
    }
    if (!seen) sound.length -= frames
    seen = true
    messages.push(Buffer.concat([damage(next, message, messages[0] ?? message), Buffer.alloc(next(2) * 8)]))
  }
  return { messages: [...messages, FAREWELL], sound }
}

async function round(t: Test, next: Next): Promise<number> {
  const job = tcpJob(HONEST + 1)
  const [rank, honest] = [new Rank(), new Rank()]
  rank.transport = tcpTransport(job, 0, rank)
  honest.transport = tcpTransport(job, HONEST, honest)
  const { endpoint } = await job.endpoints[0]!
  const keys = new JobKeys({ jobId: job.jobId, secret: job.secret, epoch: 0 })
  const curveServerKey = keys.pair(0).publicKey
  const said = Array.from({ length: PEERS }, (_, at) => speech(next, job.jobId, at + 1))
  const dealers = said.map((_, at) => {
    const { publicKey, secretKey } = keys.pair(at + 1)
    const dealer = new Dealer({ linger: 0, sendHighWaterMark: 0, curvePublicKey: publicKey, curveSecretKey: secretKey, curveServerKey })
    dealer.connect(endpoint)
    return dealer
  })
  await Promise.all(dealers.map(async (dealer, at) => {
    for (const message of said[at]!.messages) await dealer.send(message)
  }))
  for (let tag = 0; tag < 10; tag++) honest.post(0, tag, pattern(HONEST, 0, tag, 100))
  await until([rank, honest], () => rank.lost.length >= PEERS && rank.frames.filter(({ peer }) => peer === HONEST).length === 10)
  t.same(rank.lost.map(([peer]) => peer).sort((a, b) => a - b), said.map((_, at) => at + 1), 'each is lost, once, and nobody else')
  const wrong = said.filter(({ sound }, at) => {
    const tags = rank.frames.filter(({ peer }) => peer === at + 1).map(({ words }) => words[2])
    return sound.some((tag) => tags[tag] !== tag)
  })
  t.equal(wrong.length, 0, 'what was said before has come')
  for (const dealer of dealers) dealer.close()
  for (const one of [rank, honest]) one.transport.close()
  return rank.frames.length
}

const ROUNDS = Math.max(2, Math.ceil((CASES * 0.1) / PEERS / MESSAGES))

void t.test(`${ROUNDS * PEERS * MESSAGES} messages of peers that are let in`, async (t) => {
  const next = generator(4)
  let frames = 0
  for (let i = 0; i < ROUNDS; i++) frames += await round(t, next)
  t.comment(`${frames} frames were taken`)
})
