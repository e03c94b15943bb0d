// Times algorithms of allreduce in turn: milliseconds of the slowest rank, the median over the rounds.
//   two-level.mjs BYTES ROUNDS ALGORITHM…     '-': what is chosen
import { COMM_WORLD as world, MAX, SUM } from 'tsmpi'

const [bytes, rounds] = process.argv.slice(2, 4).map(Number)
const algorithms = process.argv.slice(4)
const vector = new Float64Array(bytes / 8).fill(1)
const into = new Float64Array(vector.length)
const times = algorithms.map(() => [])
for (let round = -Math.ceil(rounds / 4); round < rounds; round++) {
  for (const [at, algorithm] of algorithms.entries()) {
    await world.barrier()
    const start = performance.now()
    await world.allreduce(vector, SUM, algorithm === '-' ? { into } : { into, algorithm })
    const slowest = await world.allreduce(performance.now() - start, MAX)
    if (round >= 0) times[at].push(slowest)
  }
}
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1]
if (world.rank === 0) console.log(JSON.stringify(times.map(median)))
