// A world over several hosts: every pair of ranks, every collective, and communicators of one host.
import assert from 'node:assert/strict'
import { COMM_WORLD as world, MAX, Op, SHARED, SUM } from 'tsmpi'

const { rank, size } = world
const CHAIN = Op.create((a, b) => a + b)
for (let peer = 0; peer < size; peer++) {
  const got = await world.sendrecv({ from: rank }, (rank + peer) % size, { source: (rank - peer + size) % size })
  assert.deepEqual(got, { from: (rank - peer + size) % size })
}
const large = new Float64Array(300_000).fill(rank)
const into = new Float64Array(large.length)
await world.sendrecv(large, (rank + 1) % size, { source: (rank + size - 1) % size, into })
assert.ok(into.every((value) => value === (rank + size - 1) % size))

const ranks = Array.from({ length: size }, (_, at) => at)
const total = (size * (size - 1)) / 2
/** Short and long: an algorithm of its own each. */
const LENGTHS = [3, 20_000]
/** assert.deepEqual, for vectors a hundred times as fast. */
function same(found, expected) {
  if (!ArrayBuffer.isView(found)) return assert.deepEqual(found, expected)
  const bytes = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)
  assert.equal(found.constructor, expected?.constructor)
  assert.ok(bytes(found).equals(bytes(expected)))
}
const allSame = (found, expected) => (assert.equal(found?.length, expected?.length), found?.forEach((one, at) => same(one, expected[at])))
function vector(length, from, Kind = Float64Array) {
  const made = new Kind(length)
  for (let at = 0; at < length; at++) made[at] = 1000 * from + (at % 997)
  return made
}
const sumOf = (length) => vector(length, 0).map((value) => 1000 * total + size * value)
const joined = (length, parts = ranks) => {
  const whole = new Float64Array(length * size)
  parts.forEach((from, at) => whole.set(vector(length, from), at * length))
  return whole
}

assert.equal(await world.allreduce(rank, SUM), total)
assert.deepEqual(await world.allgather(rank), ranks)
assert.deepEqual(await world.alltoall(ranks.map((at) => `${rank}>${at}`)), ranks.map((at) => `${at}>${rank}`))
for (const length of LENGTHS) {
  same(await world.allreduce(vector(length, rank), SUM), sumOf(length))
  same(await world.allreduce(vector(length, rank, Int32Array), MAX), vector(length, size - 1, Int32Array))
  allSame(await world.allgather(vector(length, rank)), ranks.map((from) => vector(length, from)))
  same(await world.allgather(vector(length, rank), { into: new Float64Array(length * size) }), joined(length))
  // block i of rank r is vector r + i
  same(await world.alltoall(joined(length, ranks.map((to) => rank + to))), joined(length, ranks.map((from) => rank + from)))
}
// Parts that are added in another order are another sum: all ranks must have the same.
const parts = Float64Array.from({ length: 1000 }, (_, at) => 1 / (1 + at + 17 * rank))
const bits = Buffer.from((await world.allreduce(parts, SUM)).buffer).toString('base64')
assert.equal(new Set(await world.allgather(bits)).size, 1)

// Roots on the first host, on the last, and in between.
for (const root of new Set([0, size >> 1, size - 1])) {
  const here = rank === root
  const only = (value) => (here ? value : undefined)
  assert.equal(await world.bcast(here ? 'x' : '', root), 'x')
  assert.equal(await world.reduce(rank, SUM, root), only(total))
  assert.equal(await world.reduce(`${rank},`, CHAIN, root), only(ranks.map((at) => `${at},`).join('')), 'in rank order')
  assert.deepEqual(await world.gather({ from: rank }, root), only(ranks.map((from) => ({ from }))))
  assert.deepEqual(await world.scatter(only(ranks.map((to) => [to, 'x'])), root), [rank, 'x'])
  for (const length of LENGTHS) {
    same(await world.bcast(here ? vector(length, root) : undefined, root, { into: new Float64Array(length) }), vector(length, root))
    same(await world.reduce(vector(length, rank), SUM, root), only(sumOf(length)))
    allSame(await world.gather(vector(length, rank), root), only(ranks.map((from) => vector(length, from))))
    same(await world.gather(vector(length, rank), root, { into: new Float64Array(length * size) }), only(joined(length)))
    same(await world.scatter(only(joined(length)), root), vector(length, rank))
  }
}
// Several under way at once.
const all = await Promise.all([
  world.iallreduce(rank, SUM), world.ibcast(rank, size - 1), world.igather(rank, 0), world.iscatter(ranks, 0), world.ireduce(rank, MAX, size - 1),
  world.iallgather(rank), world.ialltoall(ranks), world.ibarrier(),
])
assert.deepEqual(all, [total, size - 1, rank === 0 ? ranks : undefined, rank, rank === size - 1 ? size - 1 : undefined, ranks, ranks.map(() => rank), undefined])
await world.barrier()

const host = await world.splitType(SHARED)
assert.equal(host.size, world.localSize)
assert.equal(await host.allreduce(1, SUM, { algorithm: 'recursive-doubling' }), host.size)
// Where the host has shared memory, its communicator has a board.
if (process.env.TSMPI_TRANSPORT === 'auto') assert.equal(await host.allreduce(1, SUM, host.size > 1 ? { algorithm: 'shm' } : {}), host.size)
await host.free()
console.log(`rank ${rank} of ${size}: ok`)
