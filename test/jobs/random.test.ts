// Random programs against a model: 200 a run, over every transport, with the usual eager limit, none, and a tiny one.
import t from 'tap'
import { algorithmsOf } from '../../lib/coll/registry.js'
import { COLLECTIVES } from '../../lib/p2p/signature.js'
import { TRANSPORTS, program, runForJson } from './support.js'

/** Programs by number of ranks and eager limit, half of them on each transport: 200 of six ranks. */
const JOBS = [
  { ranks: 6, limit: 16384, count: 80, forced: false },
  { ranks: 6, limit: 0, count: 60, forced: true },
  { ranks: 6, limit: 100, count: 60, forced: true },
  // A rank by itself, ranks with a processor each, and many.
  { ranks: 1, limit: 16384, count: 20, forced: false },
  { ranks: 2, limit: 16384, count: 40, forced: false },
  { ranks: 9, limit: 16384, count: 10, forced: true },
]
const PROGRAMS = 270

/** How often something was done: keys are words joined by dots, see `countSteps` in programs/random/plan.mjs. */
type Counts = Record<string, number>

const total: Counts = {}
let programs = 0

/** How often things were done whose words include all of these. */
const times = (...words: string[]): number =>
  Object.entries(total).reduce((sum, [key, count]) => {
    const has = key.split('.')
    return words.every((word) => has.includes(word)) ? sum + count : sum
  }, 0)

/** Forces algorithms, others each time, where they can run the call. */
const algorithms = (turn: number): string =>
  COLLECTIVES.map((collective) => {
    const all = algorithmsOf(collective)
    return `${collective}=${all[turn % all.length]?.name}`
  }).join(',')

t.setTimeout(600_000)
let turn = 0
let seed = 1
for (const transport of TRANSPORTS) {
  for (const { ranks, limit, count, forced } of JOBS) {
    const share = count / TRANSPORTS.length
    const first = seed
    seed += share
    const env = forced ? { TSMPI_ALGORITHM: algorithms(turn++) } : {}
    void t.test(`${share} programs of ${ranks} ranks over ${transport}, eager limit ${limit}, from seed ${first}`, async (t) => {
      const options = ['--transport', transport, '--eager-limit', String(limit), '--timeout', '220']
      const job = ['-n', String(ranks), ...options, program('random.mjs'), String(first), String(share), String(limit)]
      const result = await runForJson<{ programs: number; seconds: number; counts: Counts }>(job, { timeout: 240_000, env })
      t.equal(result.programs, share)
      t.comment(`${result.seconds.toFixed(1)} s`)
      programs += result.programs
      for (const [key, times] of Object.entries(result.counts)) total[key] = (total[key] ?? 0) + times
    })
  }
}

void t.test('the programs do everything that there is', (t) => {
  t.equal(programs, PROGRAMS)
  const often = (...words: string[]): void => void t.ok(times(...words) >= 10, `${words.join(' ')}: ${times(...words)} times`)
  for (const mode of ['send', 'ssend', 'bsend', 'rsend']) for (const form of ['block', 'promise']) often('send', mode, form)
  for (const mode of ['send', 'ssend']) often('send', mode, 'i')
  for (const form of ['block', 'i', 'promise', 'probe', 'iprobe']) often('recv', form)
  for (const form of ['block', 'i', 'probe']) often('recv', 'any', form)
  for (const into of ['none', 'same', 'longer', 'shorter', 'wrong', 'longest']) often('recv', into)
  for (const name of ['barrier', 'bcast', 'scatter', 'gather', 'allgather', 'alltoall', 'reduce', 'allreduce']) {
    for (const form of ['block', 'i', 'promise']) often('collective', name, form)
  }
  for (const style of ['each', 'waitAll', 'waitAny', 'waitSome', 'test', 'testAll', 'testAny', 'testSome']) often('wait', style)
  for (const what of ['sendrecv', 'cancel', 'split', 'dup', 'free', 'nobody', 'pause']) often(what)
  t.end()
})
