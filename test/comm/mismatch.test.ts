// Ranks that disagree about a collective: a rank that sees it says so, with names, and does not wait on.
import t from 'tap'
import { algorithmsOf } from '../../lib/coll/registry.js'
import type { Communicator } from '../../lib/comm/communicator.js'
import { MAX, Op, SUM } from '../../lib/data/op.js'
import { MismatchError } from '../../lib/errors.js'
import { openWorlds, transports } from '../support/worlds.js'

type Program = (world: Communicator) => Promise<unknown>

/** What the ranks that ended said. Others wait for ranks that have failed: they are left when no rank ends any more. */
async function outcomes(size: number, program: Program, name: 'inproc' | 'shm' | 'zmq'): Promise<(Error | 'done' | 'waits')[]> {
  const { worlds, close } = openWorlds(name, size)
  const results = worlds.map((): Error | 'done' | 'waits' => 'waits')
  let ended = 0
  for (const [rank, world] of worlds.entries()) {
    const end = (result: Error | 'done'): void => {
      results[rank] = result
      ended++
    }
    program(world).then(() => end('done'), end)
  }
  const seen = (): boolean => results.some((result) => result instanceof Error)
  const until = performance.now() + 5000
  while (ended < size && performance.now() < until && !(seen() && performance.now() > until - 4800)) {
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  close()
  return results
}

const odd = (world: Communicator): boolean => world.rank === world.size - 1
const ints = (length: number): Int32Array => new Int32Array(length)

/** The last rank does something else. */
const CASES: Record<string, [program: Program, message: RegExp]> = {
  'allreduce of another length': [
    (world) => world.allreduce(ints(odd(world) ? 6 : 5), SUM),
    /rank \d sent \d+ bytes of Int32Array where this rank expects \d+ bytes of Int32Array/,
  ],
  'allreduce of another type': [
    (world) => world.allreduce(odd(world) ? new Float32Array(5) : ints(5), SUM),
    /20 bytes of (Float32|Int32)Array where this rank expects 20 bytes of (Float32|Int32)Array/,
  ],
  'allreduce of a number and an array': [
    (world) => world.allreduce(odd(world) ? 1 : Float64Array.of(1), SUM as Op),
    /8 bytes of (number|Float64Array) where this rank expects 8 bytes of (number|Float64Array)/,
  ],
  'allreduce of a number and a bigint': [
    (world) => world.allreduce((odd(world) ? 1 : 1n) as number, SUM),
    /rank \d is in allreduce \((values|typed arrays)/,
  ],
  'allreduce of other kinds of values': [(world) => world.allreduce(odd(world) ? 'text' : 5n, SUM), /SUM/],
  'allreduce with another op': [
    (world) => world.allreduce(ints(5), odd(world) ? MAX : SUM),
    /rank \d is in allreduce .*op (0|3).* while this rank is in allreduce .*op (0|3)/,
  ],
  'allreduce with an op of the user': [
    (world) => world.allreduce(ints(5), odd(world) ? Op.create(Math.max, { commute: true }) : SUM),
    /a user-defined op/,
  ],
  'another collective': [
    (world) => (odd(world) ? world.allgather(1) : world.allreduce(1, SUM)),
    /rank \d is in all(gather|reduce) .* while this rank is in all(gather|reduce)/,
  ],
  'barrier and bcast': [
    (world) => (odd(world) ? world.bcast(1, world.rank) : world.barrier()),
    /rank \d is in (barrier|bcast) .* while this rank is in (barrier|bcast)/,
  ],
  'into of bcast of another length': [
    (world) => world.bcast(ints(4), 0, { into: ints(odd(world) ? 3 : 4) }),
    /bcast.*16 bytes.*12 bytes/,
  ],
  'into of bcast of another type': [
    (world) => world.bcast(ints(4), 0, { into: odd(world) ? new Uint32Array(4) : ints(4) }),
    /bcast.*16 bytes of Int32Array.*16 bytes of Uint32Array/,
  ],
  'into of a large bcast of another length': [
    (world) => world.bcast(ints(40_000), 0, { into: ints(odd(world) ? 39_999 : 40_000) }),
    /bcast.*160000 bytes.*159996 bytes/,
  ],
  'into of scatter of another length': [
    (world) => world.scatter(ints(world.size * 4), 0, { into: ints(odd(world) ? 5 : 4) }),
    /scatter.*16 bytes.*20 bytes/,
  ],
  'into of gather too short': [
    (world) => world.gather(ints(odd(world) ? 5 : 4), 0, { into: ints(4 * world.size) }),
    /gather on COMM_WORLD: got \d+ bytes, into of rank 0 is \d+ bytes of Int32Array/,
  ],
  'gather of another type': [
    (world) => world.gather(odd(world) ? new Uint32Array(4) : ints(4), 0, { into: ints(4 * world.size) as never }),
    /gather on COMM_WORLD: got a Uint32Array \(block \d\)/,
  ],
  'allgather of another length': [
    (world) => world.allgather(ints(odd(world) ? 5 : 4), { into: ints((odd(world) ? 5 : 4) * world.size) }),
    /rank \d sent \d+ bytes of Int32Array where this rank expects/,
  ],
  'allgather with and without into': [
    (world) => (odd(world) ? world.allgather(ints(4)) : world.allgather(ints(4), { into: ints(4 * world.size) })),
    /is in allgather \((values|typed arrays)/,
  ],
  'alltoall of another length': [
    (world) => world.alltoall(ints(world.size * (odd(world) ? 5 : 4))),
    /rank \d sent \d+ bytes of Int32Array where this rank expects/,
  ],
  'alltoall of values and of an array': [
    (world) => (odd(world) ? world.alltoall(Array<number>(world.size).fill(1)) : world.alltoall(ints(world.size))),
    /is in alltoall \((values|typed arrays)/,
  ],
  'another algorithm': [
    (world) => world.allreduce(ints(5), SUM, { algorithm: odd(world) ? 'ring' : 'rabenseifner' }),
    /algorithm \d.* while this rank is in .*algorithm \d/,
  ],
  'another algorithm of bcast': [
    (world) => world.bcast(ints(5), 0, { algorithm: odd(world) ? 'binomial' : 'chain' }),
    /bcast/,
  ],
  'a collective and its split': [(world) => (odd(world) ? world.barrier() : world.split(0)), /is in (barrier|allgather)/],
}

for (const name of transports()) {
  for (const size of [2, 3, 5]) {
    if (name !== 'inproc' && size === 5) continue
    void t.test(`${name}, ${size} ranks`, async (t) => {
      for (const [title, [program, message]] of Object.entries(CASES)) {
        const results = await outcomes(size, program, name)
        const errors = results.filter((result) => result instanceof Error)
        t.ok(errors.some((error) => error instanceof MismatchError), `${title}: ${results.map(String).join(' | ')}`)
        t.ok(errors.some((error) => message.test(error.message)), `${title}: a message like ${message.source}`)
      }
    })
  }
}

void t.test('a rank that sees a mismatch does not wait for the others', async (t) => {
  for (const size of [3, 4, 8]) {
    for (const { name: algorithm } of algorithmsOf('allreduce')) {
      const results = await outcomes(size, (world) => world.allreduce(ints(world.rank === 1 ? 99 : 100), SUM, { algorithm }), 'inproc')
      t.ok(results.some((result) => result instanceof MismatchError), `${algorithm}, ${size} ranks: ${results.map(String).join(' | ')}`)
    }
    for (const { name: algorithm, powerOfTwo } of algorithmsOf('allgather')) {
      if (powerOfTwo === true && size === 3) continue
      const program: Program = (world) => {
        const length = world.rank === 1 ? 2 : 1
        return world.allgather(ints(length), { into: ints(length * world.size), algorithm })
      }
      const results = await outcomes(size, program, 'inproc')
      t.ok(results.some((result) => result instanceof MismatchError), `${algorithm}, ${size} ranks: ${results.map(String).join(' | ')}`)
    }
  }
})
