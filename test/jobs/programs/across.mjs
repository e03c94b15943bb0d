// A world over several hosts: every pair of ranks, every collective, and communicators of one host.
import assert from 'node:assert/strict'
import { COMM_WORLD as world, SHARED, SUM } from 'tsmpi'

const { rank, size } = world
for (let peer = 0; peer < size; peer++) {
  const got = await world.sendrecv({ from: rank }, (rank + peer) % size, { source: (rank - peer + size) % size })
  assert.deepEqual(got, { from: (rank - peer + size) % size })
}
const large = new Float64Array(300_000).fill(rank)
const into = new Float64Array(large.length)
await world.sendrecv(large, (rank + 1) % size, { source: (rank + size - 1) % size, into })
assert.ok(into.every((value) => value === (rank + size - 1) % size))

assert.equal(await world.allreduce(rank, SUM), (size * (size - 1)) / 2)
assert.deepEqual(await world.allgather(rank), Array.from({ length: size }, (_, at) => at))
assert.deepEqual(await world.bcast(rank === 1 ? 'x' : '', 1), 'x')
assert.deepEqual(await world.alltoall(Array.from({ length: size }, (_, at) => `${rank}>${at}`)), Array.from({ length: size }, (_, at) => `${at}>${rank}`))
const sums = await world.allreduce(new Float64Array(20_000).fill(1), SUM)
assert.ok(sums.every((value) => value === size))
await world.barrier()

const host = await world.splitType(SHARED)
assert.equal(host.size, world.localSize)
assert.equal(await host.allreduce(1, SUM, { algorithm: 'recursive-doubling' }), host.size)
// Where the host has shared memory, its communicator has a board.
if (process.env.TSMPI_TRANSPORT === 'auto') assert.equal(await host.allreduce(1, SUM, host.size > 1 ? { algorithm: 'shm' } : {}), host.size)
await host.free()
console.log(`rank ${rank} of ${size}: ok`)
