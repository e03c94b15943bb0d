// A rank that waits sleeps, and one that does not wait lets the event loop turn.
import t from 'tap'
import { runJob } from '../launcher/run.js'
import { TRANSPORTS, program, show } from './support.js'

/** Processor time that a wait of two seconds may take, in milliseconds. */
const MOST_IDLE = 100

async function run<T>(transport: string, scenario: string, ranks = 2): Promise<T[]> {
  const job = await runJob(['-n', String(ranks), '--transport', transport, '--timeout', '140', program('waiting.mjs'), scenario], { timeout: 150_000 })
  if (job.code !== 0) throw new Error(show(job))
  return job.stdout.trim().split('\n').map((line) => JSON.parse(line) as T)
}

t.jobs = 4
t.setTimeout(600_000)
for (const transport of TRANSPORTS) {
  for (const wait of ['recv', 'any', 'probe', 'ssend', 'large', 'barrier', 'allreduce', 'request', 'waitAny', 'pending']) {
    void t.test(`a wait of two seconds takes no processor time: ${wait}, ${transport}`, async (t) => {
      const [waited] = await run<{ milliseconds: number }>(transport, wait)
      t.ok(waited !== undefined && waited.milliseconds < MOST_IDLE, `${waited?.milliseconds.toFixed(1)} ms`)
    })
  }

  void t.test(`a wait of two seconds takes no processor time: eight ranks, ${transport}`, async (t) => {
    const waited = await run<{ milliseconds: number }>(transport, 'barrier', 8)
    t.equal(waited.length, 7)
    for (const { milliseconds } of waited) t.ok(milliseconds < MOST_IDLE, `${milliseconds.toFixed(1)} ms`)
  })

  for (const scenario of ['fair', 'fair-test']) {
    void t.test(`timers fire while operations complete at once: ${scenario}, ${transport}`, async (t) => {
      const seen = await run<{ fired: number; count: number }>(transport, scenario)
      t.equal(seen.length, 2)
      for (const { fired, count } of seen) t.ok(fired >= 5, `${fired} times during ${count} operations`)
    })
  }
}
