// Collectives on boards: bits, calls that nobody awaits, what does not fit, ranks far ahead, ranks that leave, the pool.
import t from 'tap'
import { BAND, BOR, BXOR, LAND, LOR, LXOR, MAX, MAXLOC, MIN, MINLOC, Op, PROD, SUM } from '../../lib/data/op.js'
import { CONSTRUCTORS } from '../../lib/data/types.js'
import type { TypedArray } from '../../lib/data/types.js'
import { MismatchError, PeerError } from '../../lib/errors.js'
import { filled } from '../support/values.js'
import { turns } from '../support/script.js'
import { errorOf, inWorlds, openWorlds } from '../support/worlds.js'

const OPS = [SUM, PROD, MIN, MAX, LAND, LOR, LXOR, BAND, BOR, BXOR, MINLOC, MAXLOC]
const FIRST = Op.create((a: number) => a, { name: 'first' })
const LARGE = 50_000
const boards = { boards: true }
const bytesOf = (array: TypedArray): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength)

void t.test('every op on every type gives the bits of recursive doubling', async (t) => {
  for (const size of [2, 3, 5, 8]) {
    const wrong = await inWorlds('inproc', size, async (world) => {
      const found: string[] = []
      for (const op of [...OPS, FIRST]) {
        for (const constructor of CONSTRUCTORS) {
          const float = constructor === Float32Array || constructor === Float64Array
          if (float && (op === BAND || op === BOR || op === BXOR)) continue
          if (op === FIRST && constructor.name.startsWith('Big')) continue
          for (const length of [0, 2, 14, 130]) {
            const mine = filled(constructor as new (length: number) => TypedArray, length, world.rank)
            const expected = await world.allreduce(mine, op, { algorithm: 'recursive-doubling' } as object)
            const root = length % size
            const into = new (constructor as new (length: number) => TypedArray)(length)
            await world.allreduce(mine, op, { into })
            const reduced = await world.reduce(mine, op, root)
            const same = bytesOf(into).equals(bytesOf(expected))
            const atRoot = world.rank === root && op !== FIRST ? bytesOf(reduced as TypedArray).equals(bytesOf(expected)) : true
            if (!same || !atRoot) found.push(`${op.name} of ${constructor.name}(${length})`)
          }
        }
      }
      return found
    }, boards)
    t.same(wrong.flat(), [], `${size} ranks`)
  }
})

void t.test('calls that nobody awaits end in order, more of them than there are slots', async (t) => {
  await inWorlds('inproc', 3, async (world) => {
    const calls: PromiseLike<unknown>[] = []
    const expected: unknown[] = []
    const add = (call: PromiseLike<unknown>, value: unknown): void => {
      calls.push(call)
      expected.push(value)
    }
    for (let i = 0; i < 150; i++) {
      add(world.allreduce(i + world.rank, SUM), 3 * i + 3)
      if (i % 7 === 0) add(world.iallreduce(new Int32Array(100).fill(i), SUM), new Int32Array(100).fill(3 * i))
      if (i % 11 === 0) add(world.bcast({ i }, i % 3), { i })
      if (i % 13 === 0) add(world.allreduce(BigInt(i), SUM), 3n * BigInt(i))
      if (i % 17 === 0) add(world.allreduce(i, SUM, { algorithm: 'rabenseifner' }), 3 * i)
      if (i % 19 === 0) add(world.ibarrier(), undefined)
    }
    t.same(await Promise.all(calls), expected)
  }, boards)
})

void t.test('what does not fit goes by messages, of some ranks or of all', async (t) => {
  for (const size of [2, 3, 5]) {
    await inWorlds('inproc', size, async (world) => {
      const { rank } = world
      for (const large of [0, size - 1, -1]) {
        // The rank `large` has much; -1: all have.
        const long = (from: number): string => 'x'.repeat(large === from || large < 0 ? LARGE : 3) + String(from)
        const all = Array.from({ length: size }, (_, from) => long(from))
        for (const root of [0, size - 1]) {
          t.equal(await world.bcast(rank === root ? long(root) : '', root), long(root), 'bcast')
          t.equal(await world.scatter(rank === root ? all : [], root), all[rank], 'scatter')
          t.same(await world.gather(long(rank), root), rank === root ? all : undefined, 'gather')
          const blocks = all.map((text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0)))
          const whole = Buffer.concat(blocks)
          const into = new Uint8Array(whole.length)
          await world.gather(blocks[rank], root, { into })
          if (rank === root) t.ok(whole.equals(into), 'gather into')
        }
        t.same(await world.allgather(long(rank)), all, 'allgather')
        t.same(await world.alltoall(Array<string>(size).fill(long(rank))), all, 'alltoall')
        const later = [world.ibcast(long(0), 0), world.iallgather(long(rank)), world.igather(long(rank), 0)] as const
        t.equal(await world.allreduce(1, SUM), size)
        t.equal(await later[0], long(0), 'ibcast')
        t.same(await later[1], all, 'iallgather')
        t.same(await later[2], rank === 0 ? all : undefined, 'igather')
      }
    }, boards)
  }
})

void t.test('a root far ahead waits for the slowest, and loses nothing', async (t) => {
  for (const length of [1, 200]) {
    await inWorlds('inproc', 3, async (world) => {
      const wrong: number[] = []
      for (let i = 0; i < 500; i++) {
        const [first] = await world.bcast(new Float64Array(length).fill(i), 1)
        if (first !== i) wrong.push(i)
        if (world.rank === 2 && i % 50 === 0) await turns(5)
      }
      t.same(wrong, [], `${length} doubles`)
    }, boards)
  }
})

void t.test('what a rank published before it left is there; who waits for more of it is told', async (t) => {
  const { worlds, engines, close } = openWorlds('inproc', 3, boards)
  const [one, two, three] = worlds
  await three.bcast('last words', 2)
  const early = two.bcast('', 2)
  const [engine, other] = engines
  for (const each of [engine, other]) each.peerEnded(2, 'it exited with code 0', 0)
  for (const { progress } of [one, two]) progress.waiter.schedule()
  await turns(3)
  t.equal(await early, 'last words')
  t.equal(await one.bcast('', 2), 'last words', 'asked for when the rank had left')
  const errors = await Promise.all([one, two].map((world) => errorOf(world.barrier())))
  for (const error of errors) {
    t.type(error, PeerError)
    t.equal((error as PeerError).rank, 2)
    t.match(error.message, /barrier on COMM_WORLD, waiting for rank 2: rank 2 of COMM_WORLD has left/)
  }
  close()
})

void t.test('a report says what a rank waits for', async (t) => {
  const { worlds: [one, two], waiters, engines, close } = openWorlds('inproc', 2, boards)
  const waits = one.barrier()
  await turns(2)
  t.match(waiters[0].describe(), [/^barrier on COMM_WORLD, waiting for rank 1 for \d+\.\d s$/])
  t.same(engines[0].describePending(4), ['barrier on COMM_WORLD, waiting for rank 1'])
  await two.barrier()
  await waits
  close()
})

void t.test('a rank in a call by messages finds out about one that went to the board', async (t) => {
  const { worlds: [one, two], close } = openWorlds('inproc', 2, boards)
  const sum = two.allreduce(1n, SUM)
  await turns(2)
  await one.bcast(1, 0)
  const error = await errorOf(sum)
  t.type(error, MismatchError)
  t.match(error.message, /rank 0 is in bcast .* while this rank is in allreduce/)
  close()
})

void t.test('more communicators than boards', async (t) => {
  await inWorlds('inproc', 2, async (world) => {
    const many = []
    for (let i = 0; i < 80; i++) many.push(await world.dup())
    for (const [i, comm] of many.entries()) t.equal(await comm.allreduce(i, SUM), 2 * i)
    for (const comm of many) await comm.free()
    for (let i = 0; i < 100; i++) {
      await using comm = await world.split(world.rank, 0)
      t.equal(await comm?.allreduce(i, SUM), i)
      await using copy = await world.dup()
      t.same(await copy.allgather(world.rank + i), [i, 1 + i])
    }
  }, { ...boards, seconds: 60 })
})
