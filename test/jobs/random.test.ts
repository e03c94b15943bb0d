// Random programs against a model: 200 a run, over every transport, with the usual eager limit, none, and a tiny one.
import t from 'tap'
import { algorithmsOf } from '../../lib/coll/registry.js'
import { COLLECTIVES } from '../../lib/p2p/signature.js'
import { TRANSPORTS, program, runForJson } from './support.js'

const PROGRAMS = 200
const RANKS = 6
const EAGER_LIMITS = [
  { limit: 16384, share: 0.4 },
  { limit: 0, share: 0.3 },
  { limit: 100, share: 0.3 },
]

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

/** Every job but the first of a transport forces algorithms, others each time, where they can run the call. */
const forced = (turn: number): string =>
  COLLECTIVES.map((collective) => {
    const algorithms = algorithmsOf(collective)
    return `${collective}=${algorithms[turn % algorithms.length]?.name}`
  }).join(',')

t.setTimeout(400_000)
let turn = 0
let seed = 1
for (const transport of TRANSPORTS) {
  for (const { limit, share } of EAGER_LIMITS) {
    const count = Math.ceil((PROGRAMS * share) / TRANSPORTS.length)
    const first = seed
    seed += count
    const env = limit === 16384 ? {} : { TSMPI_ALGORITHM: forced(turn++) }
    void t.test(`${count} programs over ${transport}, eager limit ${limit}, from seed ${first}`, async (t) => {
      const options = ['--transport', transport, '--eager-limit', String(limit), '--timeout', '100']
      const job = ['-n', String(RANKS), ...options, program('random.mjs'), String(first), String(count), String(limit)]
      const result = await runForJson<{ programs: number; seconds: number; counts: Counts }>(job, { timeout: 110_000, env })
      t.equal(result.programs, count)
      t.comment(`${result.seconds.toFixed(1)} s`)
      programs += result.programs
      for (const [key, times] of Object.entries(result.counts)) total[key] = (total[key] ?? 0) + times
    })
  }
}

void t.test('the programs do everything that there is', (t) => {
  t.ok(programs >= PROGRAMS, `${programs} programs`)
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
