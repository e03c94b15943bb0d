// Hits in the quarter circle by a kernel of tsmpi, or by Math.random. The bytes of a command are the samples.
import { countHits } from 'tsmpi/montecarlo'
import { serve } from './lines.mjs'

const [kernel] = process.argv.slice(2)

function countWithMathRandom(samples) {
  let hits = 0
  for (let i = 0; i < samples; i++) {
    const x = Math.random()
    const y = Math.random()
    if (x * x + y * y < 1) hits++
  }
  return hits
}

await serve((samples) =>
  kernel === 'Math.random' ? () => countWithMathRandom(samples) : () => countHits(0, samples, { seed: 42, kernel }),
)
