// Pi by Monte-Carlo: how many of N random points of the square lie inside the circle?
//   tsmpirun -n 8 examples/pi.js --samples 1e10
//   tsmpirun -n 8 examples/pi.js --table
import { parseArgs } from 'node:util'
import { COMM_WORLD as world, SUM, UNDEFINED, wtime } from 'tsmpi'
import { countHits, countHitsAsync, defaultKernel } from 'tsmpi/montecarlo'

const { values: options } = parseArgs({
  options: {
    samples: { type: 'string', default: '1e9' },
    seed: { type: 'string', default: '42' },
    json: { type: 'boolean' }, table: { type: 'boolean' },
  },
})
const [samples, seed] = [Number(options.samples), BigInt(options.seed)]
if (!(Number.isSafeInteger(samples) && samples > 0)) throw new RangeError('--samples must be from 1 to 2^53 - 1')

/** Counts this rank's share of the samples, and adds up the shares. The hits do not depend on the number of ranks. */
async function estimate(comm, total, onProgress) {
  const share = Math.floor(total / comm.size)
  const rest = total % comm.size
  const first = comm.rank * share + Math.min(comm.rank, rest)
  const count = share + (comm.rank < rest ? 1 : 0)
  await comm.barrier()
  const start = wtime()
  const onPiece = (done) => onProgress?.(done / count, wtime() - start)
  const hits = await comm.allreduce(await countHitsAsync(first, count, { seed, onProgress: onPiece }), SUM)
  return { hits, pi: (4 * hits) / total, seconds: wtime() - start }
}

/** A line on the terminal that rewrites itself twice a second. */
function progress() {
  let last = 0
  return (part, seconds) => {
    if (seconds < last + 0.5) return
    const left = (seconds / part) * (1 - part)
    process.stderr.write(`${last ? '\x1b[1A\x1b[2K' : ''}${(100 * part).toFixed(0)} %, ${left.toFixed(0)} s left\n`)
    last = seconds
  }
}

/** Sequential, then 1, 2, 4, 8 … ranks, each on a part of the world while the other ranks sleep. */
async function table() {
  const print = (method, ...cells) =>
    world.rank === 0 && console.log([method.padEnd(16), ...cells.map((cell) => cell.padStart(16))].join(' | '))
  print('Method', 'Workers', 'Time (ms)', 'Throughput (M/s)', 'Speedup', 'Pi estimate')
  countHits(0, 1e6, { seed }) // warms up
  for (const total of [1e6, 1e7, 1e8, 1e9]) {
    let sequential = 0
    const report = (method, workers, seconds, pi) => print(`${method} 10^${Math.log10(total)}`, `${workers}`,
      (1e3 * seconds).toFixed(2), (total / seconds / 1e6).toFixed(1), (sequential / seconds).toFixed(2), pi.toFixed(8))
    if (world.rank === 0) {
      const start = wtime()
      const hits = countHits(0, total, { seed })
      sequential = wtime() - start
      report('sequential', 1, sequential, (4 * hits) / total)
    }
    for (let workers = 1; workers <= world.size; workers *= 2) {
      const comm = await world.split(world.rank < workers ? 0 : UNDEFINED, world.rank)
      const result = comm && (await estimate(comm, total))
      if (world.rank === 0) report('ranks', workers, result.seconds, result.pi)
      await comm?.free()
    }
  }
}

if (options.table) await table()
else {
  const terminal = world.rank === 0 && (process.stderr.isTTY || process.env.TSMPI_TTY)
  const { hits, pi, seconds } = await estimate(world, samples, terminal ? progress() : undefined)
  const [kernel, ranks] = [defaultKernel(), world.size]
  if (world.rank === 0) {
    console.log(options.json
      ? JSON.stringify({ samples, hits, pi, seconds, ranks, kernel })
      : `pi = ${pi}, from ${hits} hits in ${samples} samples: off by ${Math.abs(pi - Math.PI).toExponential(1)}\n` +
        `${ranks} rank${ranks > 1 ? 's' : ''}, ${seconds.toFixed(3)} s, ` +
        `${(samples / seconds / 1e6).toFixed(1)} million samples a second, kernel ${kernel}`)
  }
}
