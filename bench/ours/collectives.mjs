// What the benchmark and the tuner share: buffers, and the loop that times a collective.
import { COMM_WORLD as world, SUM, wtime } from 'tsmpi'

/** What is sent and what is received into lie in two areas, made once and grown as needed, as in the C program. */
const areas = { out: new ArrayBuffer(0), into: new ArrayBuffer(0) }

export function bytesOf(area, length) {
  if (areas[area].byteLength < length) new Uint8Array((areas[area] = new ArrayBuffer(length))).fill(1)
  return new Uint8Array(areas[area], 0, length)
}

export function doublesOf(area, length) {
  const { buffer } = bytesOf(area, 8 * length)
  return new Float64Array(buffer, 0, length)
}

/** The mean over operations and ranks. Spaced: a barrier that is not timed parts the operations, as OSU has it. */
export async function collectives(run, count, skip, spaced) {
  let timed = 0
  for (let i = 0; i < count + skip; i++) {
    if (i === skip) timed = 0
    const start = wtime()
    await run()
    timed += wtime() - start
    if (spaced) await world.barrier()
  }
  return (await world.allreduce(timed / count, SUM)) / world.size
}
