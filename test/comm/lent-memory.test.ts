// Collectives on boards with more than a board has room for: copied from the memory of the rank that has it.
import t from 'tap'
import { MAX, MINLOC, SUM } from '../../lib/data/op.js'
import { TransportError } from '../../lib/errors.js'
import type { TypedArray } from '../../lib/data/types.js'
import type { Communicator } from '../../lib/comm/communicator.js'
import { ShmPeerMemory } from '../../lib/transport/peer-memory.js'
import { nativeMemory } from '../../native/load.js'
import { filled } from '../support/values.js'
import { errorOf, inWorlds } from '../support/worlds.js'

const noAddon = nativeMemory() === undefined && 'needs the addon'
const BOARD = { algorithm: 'shm' }
/** The first fits a board's buffer but is lent where that is faster; no multiple of the ranks, of a page or of a piece. */
const LENGTHS = [4097, 100_003]

const bytesOf = (array: TypedArray): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength)
const from = (length: number, rank: number): Float64Array => Float64Array.from({ length }, (_, i) => Math.sin(i + 1000 * rank))

/** Frames of ranks that share memory in one process. */
function counting(): { frames: number; spy: () => void } {
  const counter = { frames: 0, spy: (): void => void counter.frames++ }
  return counter
}

/** After this, ranks know that they reach each other. */
async function meet(world: Communicator): Promise<void> {
  for (let i = 0; i < 2; i++) await world.allgather(new Uint8Array(50_000), BOARD)
}

void t.test('every collective, without a message', { skip: noAddon }, async (t) => {
  for (const size of [2, 3, 5, 8]) {
    const counter = counting()
    await inWorlds('shm', size, async (world) => {
      const { rank } = world
      const wrong: string[] = []
      const check = (what: string, array: unknown, expected: TypedArray): void => {
        if (!bytesOf(array as TypedArray).equals(bytesOf(expected))) wrong.push(what)
      }
      await meet(world)
      await world.barrier()
      if (rank === 0) counter.frames = 0
      await world.barrier()
      for (const length of LENGTHS) {
        const root = length % size
        const mine = from(length, rank)
        check('bcast', await world.bcast(rank === root ? mine : undefined, root, BOARD), from(length, root))
        const into = new Float64Array(length)
        await world.bcast(rank === root ? mine : into, root, { ...BOARD, into })
        check('bcast into', into, from(length, root))
        const all = new Float64Array(length * size)
        await world.allgather(mine, { ...BOARD, into: all })
        for (let r = 0; r < size; r++) check('allgather into', all.subarray(r * length, (r + 1) * length), from(length, r))
        for (const [r, one] of (await world.allgather(mine, BOARD)).entries()) check('allgather', one, from(length, r))
        const list = await world.gather(mine, root, BOARD)
        for (const [r, one] of (list ?? []).entries()) check('gather', one, from(length, r))
        check('scatter', await world.scatter(rank === root ? all : undefined, root, BOARD), mine)
        const turned = await world.alltoall(all, BOARD)
        for (let r = 0; r < size; r++) check('alltoall', turned.subarray(r * length, (r + 1) * length), mine)
        const gathered = new Float64Array(length * size)
        await world.gather(mine, root, { ...BOARD, into: gathered })
        if (rank === root) check('gather into', gathered, all)
        if (list === undefined && rank === root) wrong.push('gather gave nothing')
      }
      t.same(wrong, [], `${size} ranks, rank ${rank}`)
      await world.barrier()
      if (rank === 0) t.equal(counter.frames, 0, 'no frame was sent')
      await world.barrier()
    }, { boards: true, spy: counter.spy, seconds: 60 })
  }
})

void t.test('reductions have the bits of recursive doubling, from the first call on, also in place', { skip: noAddon }, async (t) => {
  for (const size of [2, 3, 4, 5, 6, 7, 8]) {
    const wrong = await inWorlds('shm', size, async (world) => {
      const { rank } = world
      const found: string[] = []
      for (const length of [...LENGTHS, ...LENGTHS]) {
        const mine = from(length, rank)
        const first = await world.allreduce(mine, SUM, BOARD)
        const expected = bytesOf(await world.allreduce(mine, SUM, { algorithm: 'recursive-doubling' }))
        if (!bytesOf(first).equals(expected)) found.push(`allreduce of ${length}`)
        const root = length % size
        const reduced = await world.reduce(mine, SUM, root, BOARD)
        if (rank === root ? !bytesOf(reduced as Float64Array).equals(expected) : reduced !== undefined) found.push('reduce')
        await world.allreduce(mine, SUM, { ...BOARD, into: mine })
        if (!bytesOf(mine).equals(expected)) found.push(`in place, ${length}`)
        const bytes = filled(Uint8Array, 140_001, rank)
        const most = await world.allreduce(bytes, MAX, { algorithm: 'recursive-doubling' })
        if (!bytesOf(await world.allreduce(bytes, MAX, BOARD)).equals(bytesOf(most))) found.push('bytes')
        const pairs = Int32Array.from({ length: 40_002 }, (_, i) => (i % 2 === 0 ? (i * 7 + rank * 13) % 31 : rank))
        const least = await world.allreduce(pairs, MINLOC, { algorithm: 'recursive-doubling' })
        if (!bytesOf(await world.allreduce(pairs, MINLOC, BOARD)).equals(bytesOf(least))) found.push('pairs')
      }
      return found
    }, { boards: true, seconds: 60 })
    t.same(wrong.flat(), [], `${size} ranks`)
  }
})

void t.test('memory that overlaps, calls that nobody awaits, kinds that differ', { skip: noAddon }, async (t) => {
  await inWorlds('shm', 3, async (world) => {
    const { rank, size } = world
    await meet(world)
    const length = 20_000
    const blocks = new Float64Array(length * size).map((_, i) => 10 * rank + Math.floor(i / length))
    await world.alltoall(blocks, { ...BOARD, into: blocks })
    t.same([0, 1, 2].map((r) => blocks[r * length]), [0, 1, 2].map((r) => 10 * r + rank), 'alltoall in place')
    const whole = new Float64Array(length + 8).fill(rank)
    const part = whole.subarray(8)
    await world.allreduce(part, SUM, { ...BOARD, into: whole.subarray(0, length) })
    t.equal(whole[length - 1], 3, 'into overlaps value')
    const sums = [1, 2, 3].map((factor) => world.iallreduce(new Float64Array(length).fill(factor), SUM, BOARD))
    const small = world.iallreduce(rank, SUM)
    const cast = world.ibcast(rank === 1 ? new Uint8Array(60_000).fill(7) : undefined, 1, BOARD)
    for (const [i, sum] of sums.entries()) t.equal((await sum)[length - 1], 3 * (i + 1))
    t.equal(await small, 3)
    t.equal((await cast as Uint8Array)[59_999], 7)
    const mixed = await world.allgather(rank === 1 ? 'text'.repeat(80_000) : blocks, BOARD)
    t.equal((mixed[1] as string).length, 320_000)
    const gathered = await world.gather(rank === 1 ? 'text'.repeat(80_000) : rank === 2 ? blocks : 'short', 0, BOARD)
    if (gathered !== undefined) {
      const [short, text, array] = gathered as [string, string, Float64Array]
      t.same([short, text.length, array.length], ['short', 320_000, blocks.length])
    }
  }, { boards: true })
})

void t.test('a copy that fails is an error on all ranks of a reduction, and ends it', { skip: noAddon }, async (t) => {
  const { read } = ShmPeerMemory.prototype
  t.teardown(() => (ShmPeerMemory.prototype.read = read))
  let broken = false
  ShmPeerMemory.prototype.read = function (...args) {
    return broken && args[4] > 64 ? 14 : read.apply(this, args)
  }
  await inWorlds('shm', 3, async (world) => {
    await meet(world)
    await world.barrier()
    broken = true
    const error = await errorOf(world.allreduce(new Float64Array(10_000), SUM, BOARD))
    t.type(error, TransportError)
    t.match(error.message, /cannot copy from rank \d \(errno 14\)|rank \d could not do its part/)
    await world.barrier()
    broken = false
    t.equal((await world.allreduce(new Float64Array(10_000).fill(1), SUM, BOARD))[9_999], 3, 'the next one works')
  }, { boards: true })
})

void t.test('gathering into what does not fit is an error at the root alone', { skip: noAddon }, async (t) => {
  await inWorlds('shm', 3, async (world) => {
    const { rank } = world
    await meet(world)
    for (const rows of [2, 4]) {
      const gathering = world.gather(new Float64Array(40_000), 1, { ...BOARD, into: new Float64Array(40_000 * rows) })
      if (rank === 1) t.match((await errorOf(gathering)).message, /pass an into of the type and total length/)
      else t.equal(await gathering, undefined)
    }
    const mixed = new Float64Array(40_000 + 3)
    await world.gather(new Float64Array(rank === 0 ? 40_000 : rank).fill(rank), 1, { ...BOARD, into: mixed })
    if (rank === 1) t.same([...mixed.subarray(39_999)], [0, 1, 2, 2], 'one lends, the others publish')
  }, { boards: true })
})
