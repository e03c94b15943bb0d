// A receiver that stops receiving bounds the memory of its senders and its own, and loses nothing.
import t from 'tap'
import { FAR_WINDOW } from '../../lib/p2p/peer.js'
import { WINDOW_BYTES } from '../../lib/transport/outbox.js'
import { TRANSPORTS, program, runForJson } from './support.js'

const SENDERS = 8
const SECONDS = 5
/** What may be under way from each sender over ZeroMQ, the most; and what the engines and the heap take besides. */
const MOST_MEGABYTES = (SENDERS * (WINDOW_BYTES + FAR_WINDOW)) / 1e6 + 35

/** The receiver sleeps in its event loop, where messages reach it, or blocked in a call, where nothing does. */
const SLEEPS = ['event-loop', 'blocked']

t.jobs = TRANSPORTS.length * SLEEPS.length
for (const transport of TRANSPORTS) {
  for (const sleep of SLEEPS) {
    void t.test(`${SENDERS} senders flood a rank that sleeps for ${SECONDS} s: ${sleep}, ${transport}`, async (t) => {
      const args = ['-n', String(SENDERS + 1), '--transport', transport, '--timeout', '220']
      const job = [...args, program('flood.mjs'), sleep, String(SECONDS)]
      const { messages, growth } = await runForJson<{ messages: number; growth: number[] }>(job, { timeout: 240_000 })
      t.comment(`${messages} messages; memory grew by ${growth.map((megabytes) => megabytes.toFixed(0)).join(' ')} MB`)
      t.ok(messages >= 40 * SENDERS, `${messages} messages came, in order`)
      t.equal(growth.length, SENDERS + 1)
      for (const [rank, megabytes] of growth.entries()) t.ok(megabytes < MOST_MEGABYTES, `rank ${rank}: ${megabytes.toFixed(1)} MB`)
    })
  }
}
