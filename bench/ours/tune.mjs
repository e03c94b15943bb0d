// The tuner's work: takes commands "collective algorithm bytes count skip", answers "microseconds elapsed", the mean
// over operations and ranks; "-1 0" where the algorithm may not run the call.
import { COMM_WORLD as world, SUM, wtime } from 'tsmpi'
import { commands } from './commands.mjs'

const { size } = world

/** What is sent and what is received into lie in two areas, made once and grown as needed. */
const areas = { out: new ArrayBuffer(0), into: new ArrayBuffer(0) }

function bytesOf(area, length) {
  if (areas[area].byteLength < length) new Uint8Array((areas[area] = new ArrayBuffer(length))).fill(1)
  return new Uint8Array(areas[area], 0, length)
}

/** One call, to be repeated. */
function operation(collective, algorithm, bytes) {
  const [out, into] = [bytesOf('out', bytes * size), bytesOf('into', bytes * size)]
  const block = out.subarray(0, bytes)
  const options = (target) => ({ into: target, algorithm })
  const doubles = (array) => new Float64Array(array.buffer, 0, bytes >> 3)
  const calls = {
    barrier: () => world.barrier({ algorithm }),
    bcast: () => world.bcast(block, 0, options(block)),
    scatter: () => world.scatter(out, 0, options(into.subarray(0, bytes))),
    gather: () => world.gather(block, 0, options(into)),
    allgather: () => world.allgather(block, options(into)),
    alltoall: () => world.alltoall(out, options(into)),
    reduce: () => world.reduce(doubles(out), SUM, 0, options(doubles(into))),
    allreduce: () => world.allreduce(doubles(out), SUM, options(doubles(into))),
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

/** Operations are parted by a barrier that is not timed, as the OSU micro-benchmarks have it. */
async function time(call, count, skip, spaced) {
  let timed = 0
  for (let i = 0; i < count + skip; i++) {
    if (i === skip) timed = 0
    const start = wtime()
    await call()
    timed += wtime() - start
    if (spaced) await world.barrier()
  }
  return (await world.allreduce(timed / count, SUM)) / size
}

for await (const line of commands()) {
  const [collective, algorithm, ...numbers] = line.split(' ')
  const [bytes, count, skip] = numbers.map(Number)
  const call = operation(collective, algorithm, bytes)
  await world.barrier()
  const start = wtime()
  const seconds = (await refused(call)) ? undefined : await time(call, count, skip, collective !== 'barrier')
  const elapsed = (1e6 * (wtime() - start)).toFixed(3)
  if (world.rank === 0) console.log(seconds === undefined ? '-1 0' : `${(1e6 * seconds).toFixed(6)} ${elapsed}`)
}
