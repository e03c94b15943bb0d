// A token goes round the ring of ranks; each adds its rank to it. The time of one hop is what a small message costs.
//   tsmpirun -n 4 examples/ring.ts --rounds 10000
import { parseArgs } from 'node:util'
import { COMM_WORLD as world, wtime } from 'tsmpi'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '1000' } } })
const rounds = Number(values.rounds)
if (!(Number.isSafeInteger(rounds) && rounds > 0)) throw new RangeError('--rounds must be a whole number from 1')

const next = (world.rank + 1) % world.size
const previous = (world.rank + world.size - 1) % world.size
const token = new Float64Array(1)

await world.barrier()
const start = wtime()
for (let round = 0; round < rounds; round++) {
  if (world.rank === 0) {
    await world.sendrecvReplace(token, next, { source: previous })
  } else {
    await world.recv(previous, 0, { into: token })
    token[0] += world.rank
    await world.send(token, next)
  }
}
const microseconds = (1e6 * (wtime() - start)) / (rounds * world.size)

if (world.rank === 0) {
  console.log(`sum ${token[0]} after ${rounds} rounds of ${world.size} ranks, ${microseconds.toFixed(2)} µs a hop`)
}
