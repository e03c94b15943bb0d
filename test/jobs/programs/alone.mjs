// Everything that a world of one can do, also `node alone.mjs` without a launcher. Prints 'done' and the number of checks.
import { deepStrictEqual } from 'node:assert/strict'
import * as MPI from 'tsmpi'

const { COMM_WORLD: world, COMM_SELF, SUM, MAX, Request, Status } = MPI
let checks = 0

async function same(found, expected) {
  deepStrictEqual(await found, expected)
  checks++
}

for (const comm of [world, COMM_SELF, await world.dup(), await world.split(3, -1)]) {
  await same([comm.rank, comm.size], [0, 1])
  await same(comm.barrier(), undefined)
  for (const value of [7, 'text', { a: [1, null] }, new Float64Array([1, 2]), undefined]) {
    await same(comm.bcast(value), value)
    await same(comm.scatter([value]), value)
    await same(comm.gather(value), [value])
    await same(comm.allgather(value), [value])
    await same(comm.alltoall([value]), [value])
    await same(comm.ibcast(value), value)
  }
  for (const value of [7, 8n, new Int32Array([1, -2]), new Float64Array(5000).fill(3)]) {
    await same(comm.reduce(value, SUM), value)
    await same(comm.allreduce(value, MAX), value)
    await same(comm.iallreduce(value, SUM), value)
    if (typeof value === 'object') await same(comm.allreduce(value, SUM, { into: value.slice() }), value)
  }
  const vector = new Uint16Array([5, 6, 7])
  await same(comm.scatter(vector), vector)
  await same(comm.alltoall(vector), vector)
  await same(comm.allgather(vector, { into: new Uint16Array(3) }), vector)
  await same(comm.gather(vector, 0, { into: new Uint16Array(3) }), vector)
  await same(comm.ibarrier(), undefined)

  // messages to itself: small, large, synchronous, probed
  for (const value of ['x', new Uint8Array(1 << 20).fill(9), new Map([[1, 2]])]) {
    const request = comm.irecv(0, 4)
    await comm.send(value, 0, 4)
    await same(request, value)
    const sent = comm.issend(value, 0, 5)
    const status = new Status()
    await same((await comm.probe()).tag, 5)
    await same(comm.recv(0, 5, { status }), value)
    await same([status.source, status.tag], [0, 5])
    await same(sent, undefined)
    await same(comm.sendrecv(value, 0), value)
  }
  const receives = Array.from({ length: 1000 }, (_, i) => comm.irecv(0, i))
  const sends = Array.from({ length: 1000 }, (_, i) => comm.isend(i, 0, 999 - i))
  await same(Request.waitAll(receives), Array.from({ length: 1000 }, (_, i) => 999 - i))
  await Request.waitAll(sends)
  if (comm !== world && comm !== COMM_SELF) await comm.free()
}
await same(world.split(MPI.UNDEFINED), undefined)
console.log(`done ${checks}`)
