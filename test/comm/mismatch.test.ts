// Ranks that disagree about a collective: a rank that sees it says so, with names, and does not wait on.
import t from 'tap'
import { algorithmsOf } from '../../lib/coll/registry.js'
import type { Communicator } from '../../lib/comm/communicator.js'
import { LAND, MAX, Op, SUM } from '../../lib/data/op.js'
import { MismatchError } from '../../lib/errors.js'
import { turns } from '../support/script.js'
import { inWorlds, openWorlds, transports } from '../support/worlds.js'
import type { TransportName } from '../support/worlds.js'

type Program = (world: Communicator) => Promise<unknown>

type Outcome = Error | 'done' | 'waits'

const mismatch = (result: Outcome): boolean => result instanceof MismatchError

/** What the ranks have said once `enough` of it is there, or all ranks have ended, or 5 seconds have passed. */
async function outcomes(
  size: number, program: Program, name: TransportName, enough: (results: Outcome[]) => boolean,
): Promise<Outcome[]> {
  const { worlds, close } = openWorlds(name, size)
  const results = worlds.map((): Outcome => 'waits')
  for (const [rank, world] of worlds.entries()) {
    program(world).then(() => (results[rank] = 'done'), (error: Error) => (results[rank] = error))
  }
  const until = performance.now() + 5000
  while (results.includes('waits') && !enough(results) && performance.now() < until) await turns(1)
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
    (world) => world.allreduce(odd(world) ? 1 : Float64Array.of(1), SUM),
    /8 bytes of (number|Float64Array) where this rank expects 8 bytes of (number|Float64Array)/,
  ],
  'allreduce of a number and a bigint': [
    (world) => world.allreduce((odd(world) ? 1 : 1n) as number, SUM),
    /rank \d is in allreduce \((values|typed arrays)/,
  ],
  'allreduce of other kinds of values': [
    (world) => world.allreduce<unknown>(odd(world) ? true : 5n, LAND),
    /LAND cannot combine/,
  ],
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
    (world) => world.gather(odd(world) ? new Uint32Array(4) : ints(4), 0, { into: ints(4 * world.size) }),
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
  'a collective and a split': [
    (world) => (odd(world) ? world.barrier() : world.split(0)),
    /is in (barrier|allgather)/,
  ],
}

for (const name of transports()) {
  for (const size of [2, 3, 5]) {
    if (name !== 'inproc' && size === 5) continue
    void t.test(`${name}, ${size} ranks`, async (t) => {
      for (const [title, [program, message]] of Object.entries(CASES)) {
        const told = (results: Outcome[]): boolean =>
          results.some((result) => result instanceof Error && message.test(result.message))
        const results = await outcomes(size, program, name, (results) => told(results) && results.some(mismatch))
        t.ok(told(results) && results.some(mismatch), `${title}: ${results.map(String).join(' | ')}`)
      }
    })
  }
}

void t.test('a rank that sees a mismatch does not wait for the others', async (t) => {
  for (const size of [3, 4, 8]) {
    for (const { name: algorithm, twoLevel } of algorithmsOf('allreduce')) {
      if (twoLevel === true) continue
      const program: Program = (world) => world.allreduce(ints(world.rank === 1 ? 99 : 100), SUM, { algorithm })
      const results = await outcomes(size, program, 'inproc', (results) => results.some(mismatch))
      t.ok(results.some(mismatch), `${algorithm}, ${size} ranks: ${results.map(String).join(' | ')}`)
    }
    for (const { name: algorithm, powerOfTwo, twoLevel } of algorithmsOf('allgather')) {
      if ((powerOfTwo === true && size === 3) || twoLevel === true) continue
      const program: Program = (world) => {
        const length = world.rank === 1 ? 2 : 1
        return world.allgather(ints(length), { into: ints(length * world.size), algorithm })
      }
      const results = await outcomes(size, program, 'inproc', (results) => results.some(mismatch))
      t.ok(results.some(mismatch), `${algorithm}, ${size} ranks: ${results.map(String).join(' | ')}`)
    }
  }
})

void t.test('an error does not wait for a rank that never comes', async (t) => {
  const programs: Program[] = [
    (world) => world.alltoall(ints(3 * (world.rank + 1)), { algorithm: 'linear' }),
    (world) => (world.rank === 1 ? world.reduce(1, SUM) : world.gather(1, 0, { algorithm: 'linear' })),
    (world) => (world.rank === 1 ? world.allgather(1) : world.ialltoall(ints(3), { algorithm: 'linear' }).wait()),
  ]
  for (const [i, program] of programs.entries()) {
    const absent: Program = (world) => (world.rank === 2 ? new Promise(() => undefined) : program(world))
    const [first] = await outcomes(3, absent, 'inproc', ([first]) => first !== 'waits')
    t.type(first, MismatchError, `program ${i}: ${String(first)}`)
  }
})

void t.test('ranks that name different roots', async (t) => {
  for (const size of [3, 4, 5, 8]) {
    for (const algorithm of ['binomial', undefined]) {
      const options = algorithm === undefined ? {} : { algorithm }
      const program: Program = (world) => world.bcast(1, odd(world) ? 1 : 0, options)
      const results = await outcomes(size, program, 'inproc', (results) => results.some(mismatch))
      const error = results.find((result) => result instanceof MismatchError)
      t.match(error?.message, /bcast on COMM_WORLD, waiting for rank \d: rank \d is in bcast .* while this rank is in bcast/)
    }
  }
  // Two roots of two ranks wait for nobody. What they sent is found when its tag is used again.
  const again: Program = async (world) => {
    await world.bcast(1, world.rank)
    for (let i = 0; i < 64; i++) await world.bcast(i, i % 2)
  }
  const results = await outcomes(2, again, 'inproc', (results) => results.some(mismatch))
  const error = results.find((result) => result instanceof MismatchError)
  t.match(error?.message, /rank \d is in bcast .* that nobody received while this rank is in bcast/)
})

void t.test('a rank far ahead is no mismatch', async (t) => {
  // Rank 1 waits for nobody: it is thousands of calls ahead of rank 0, which waits for rank 2.
  await inWorlds('inproc', 3, async (world) => {
    for (let i = 0; i < 3000; i++) {
      await world.bcast(i, 1)
      if (i % 3 === 0) await world.reduce(i, SUM, 0)
      if (i % 3 === 1) await world.gather(i, 0)
      if (world.rank === 2 && i % 500 === 0) await turns(5)
    }
  })
  t.pass('no error')
})
