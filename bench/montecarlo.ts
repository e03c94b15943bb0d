// Monte-Carlo kernels side by side on one core, beside Math.random in JavaScript: all in one run, in turns, medians.
//   npx tsx bench/montecarlo.ts [--rounds 7] [--ms 100]
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { countHits, kernels, type Kernel } from 'tsmpi/montecarlo'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, ms: { type: 'string', default: '100' } },
})
const rounds = Number(values.rounds)
const milliseconds = Number(values.ms)

function countWithMathRandom(samples: number): number {
  let hits = 0
  for (let i = 0; i < samples; i++) {
    const x = Math.random()
    const y = Math.random()
    if (x * x + y * y < 1) hits++
  }
  return hits
}

interface Contestant {
  name: string
  count: (samples: number) => number
  samples: number
  rates: number[]
}

/** Million samples per second of processor time, which other programs on the machine do not lengthen. */
function rate(contestant: Contestant): number {
  const start = process.cpuUsage()
  contestant.count(contestant.samples)
  return contestant.samples / process.cpuUsage(start).user
}

function median(numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
}

const contestants: Contestant[] = [
  { name: 'Math.random', count: countWithMathRandom, samples: 1e6, rates: [] },
  ...kernels().reverse().map((kernel: Kernel) => ({
    name: kernel,
    count: (samples: number) => countHits(0, samples, { seed: 42, kernel }),
    samples: 1e6,
    rates: [],
  })),
]
for (const contestant of contestants) {
  rate(contestant) // warms up
  contestant.samples = Math.ceil(rate(contestant) * 1e3 * milliseconds)
}
for (let round = 0; round < rounds; round++) {
  for (const contestant of contestants) contestant.rates.push(rate(contestant))
}

const base = median(contestants[0].rates)
console.log(`${cpus()[0].model}, one core, Node ${process.version}, median of ${rounds} rounds`)
console.log('kernel'.padEnd(12), 'M samples/s'.padStart(12), 'best'.padStart(10), 'x Math.random'.padStart(14))
for (const { name, rates } of contestants) {
  const middle = median(rates)
  console.log(name.padEnd(12), middle.toFixed(1).padStart(12), Math.max(...rates).toFixed(1).padStart(10),
    (middle / base).toFixed(1).padStart(14))
}
