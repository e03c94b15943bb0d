// Times algorithms of a collective in turn: milliseconds of the slowest rank, of each round.
//   two-level.mjs COLLECTIVE BYTES ROUNDS ALGORITHM…     '-': what is chosen
import { COMM_WORLD as world, MAX, SUM } from 'tsmpi'

const collective = process.argv[2]
const [bytes, rounds] = process.argv.slice(3, 5).map(Number)
const algorithms = process.argv.slice(5)
const vector = new Float64Array(bytes / 8).fill(1)
const into = new Float64Array(vector.length)
const all = new Float64Array(collective === 'allgather' ? vector.length * world.size : 0)
const calls = {
  allreduce: (options) => world.allreduce(vector, SUM, { into, ...options }),
  reduce: (options) => world.reduce(vector, SUM, 0, world.rank === 0 ? { into, ...options } : options),
  bcast: (options) => world.bcast(into, 0, { into, ...options }),
  allgather: (options) => world.allgather(vector, { into: all, ...options }),
}
const times = algorithms.map(() => [])
for (let round = -Math.ceil(rounds / 4); round < rounds; round++) {
  for (const [at, algorithm] of algorithms.entries()) {
    await world.barrier()
    const start = performance.now()
    await calls[collective](algorithm === '-' ? {} : { algorithm })
    const slowest = await world.allreduce(performance.now() - start, MAX)
    if (round >= 0) times[at].push(slowest)
  }
}
if (world.rank === 0) console.log(JSON.stringify(times))
