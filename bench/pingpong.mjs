// Ping-pong of two ranks into a given buffer: the time of one way, half a round trip, and the bytes a second.
//   npx tsmpirun -n 2 bench/pingpong.mjs
//   npx tsmpirun -n 2 --transport zmq bench/pingpong.mjs
import { COMM_WORLD as world, wtime } from 'tsmpi'

if (world.size !== 2) throw new Error('two ranks are needed: npx tsmpirun -n 2 bench/pingpong.mjs')

/** In bytes. */
const SIZES = [8, 64 * 1024, 4 * 1024 * 1024]
/** Seconds that one run takes at least; the first, which warms up, is not counted. */
const RUN = 0.05
const RUNS = 10
const peer = 1 - world.rank

async function exchange(buffer, rounds) {
  for (let round = 0; round < rounds; round++) {
    if (world.rank === 0) await world.send(buffer, peer)
    await world.recv(peer, 0, { into: buffer })
    if (world.rank === 1) await world.send(buffer, peer)
  }
}

/** Seconds of one run of `rounds` round trips. */
async function time(buffer, rounds) {
  await world.barrier()
  const start = wtime()
  await exchange(buffer, rounds)
  return world.bcast(wtime() - start)
}

/** Seconds of one way: the best and the median of the runs. */
async function measure(bytes) {
  const buffer = new Uint8Array(bytes)
  let rounds = 1
  while ((await time(buffer, rounds)) < RUN) rounds *= 2
  const ways = []
  for (let run = 0; run < RUNS; run++) ways.push((await time(buffer, rounds)) / (2 * rounds))
  ways.sort((a, b) => a - b)
  return { best: ways[0], median: ways[RUNS / 2] }
}

for (const bytes of SIZES) {
  const { best, median } = await measure(bytes)
  if (world.rank > 0) continue
  const us = (seconds) => `${(1e6 * seconds).toFixed(2)} µs`
  console.log(`${bytes} bytes: best ${us(best)} (${(bytes / best / 1e9).toFixed(2)} GB/s), median ${us(median)}`)
}
