// The tuner's work: takes commands "collective algorithm bytes count skip", answers "microseconds elapsed", the mean
// over operations and ranks; "-1 0" where the algorithm may not run the call.
import { COMM_WORLD as world, SUM, wtime } from 'tsmpi'
import { bytesOf, collectives, doublesOf } from './collectives.mjs'
import { commands } from './commands.mjs'

const { size } = world

/** One call, to be repeated. */
function operation(collective, algorithm, bytes) {
  const [out, into] = ['out', 'into'].map((area) => bytesOf(area, bytes * size))
  const [block, blockInto] = [out.subarray(0, bytes), into.subarray(0, bytes)]
  const [doubles, doublesInto] = ['out', 'into'].map((area) => doublesOf(area, bytes >> 3))
  const calls = {
    barrier: () => world.barrier({ algorithm }),
    bcast: () => world.bcast(block, 0, { into: block, algorithm }),
    scatter: () => world.scatter(out, 0, { into: blockInto, algorithm }),
    gather: () => world.gather(block, 0, { into, algorithm }),
    allgather: () => world.allgather(block, { into, algorithm }),
    alltoall: () => world.alltoall(out, { into, algorithm }),
    reduce: () => world.reduce(doubles, SUM, 0, { into: doublesInto, algorithm }),
    allreduce: () => world.allreduce(doubles, SUM, { into: doublesInto, algorithm }),
  }
  const call = calls[collective]
  if (call === undefined) throw new Error(`${collective} cannot be tuned yet: say here how it is called`)
  return call
}

/** All ranks refuse the same calls, before anything is sent. */
async function refused(call) {
  try {
    await call()
    return false
  } catch (error) {
    if (error.name === 'ArgumentError') return true
    throw error
  }
}

for await (const line of commands()) {
  const [collective, algorithm, ...numbers] = line.split(' ')
  const [bytes, count, skip] = numbers.map(Number)
  const call = operation(collective, algorithm, bytes)
  await world.barrier()
  const start = wtime()
  const seconds = (await refused(call)) ? undefined : await collectives(call, count, skip, collective !== 'barrier')
  const elapsed = (1e6 * (wtime() - start)).toFixed(3)
  if (world.rank === 0) console.log(seconds === undefined ? '-1 0' : `${(1e6 * seconds).toFixed(6)} ${elapsed}`)
}
