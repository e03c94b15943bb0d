// Every built-in op on every type it takes, by every algorithm, beside the op applied in rank order.
import t from 'tap'
import { isDeepStrictEqual } from 'node:util'
import type { Communicator } from '../../lib/comm/communicator.js'
import { BAND, BOR, BXOR, LAND, LOR, LXOR, MAX, MAXLOC, MIN, MINLOC, Op, PROD, SUM } from '../../lib/data/op.js'
import { CONSTRUCTORS } from '../../lib/data/types.js'
import type { TypedArray } from '../../lib/data/types.js'
import { ArgumentError, MismatchError } from '../../lib/errors.js'
import { algorithmsFor, errorOf, inWorlds, transports } from '../support/worlds.js'

const OPS = [SUM, PROD, MIN, MAX, LAND, LOR, LXOR, BAND, BOR, BXOR, MINLOC, MAXLOC]
const onIntegers = (op: Op): boolean => op === BAND || op === BOR || op === BXOR
const isFloat = (array: TypedArray): boolean => array instanceof Float32Array || array instanceof Float64Array

/** Small numbers, zeros among them, so that sums and products of floats are exact in any order. */
function operand(constructor: (typeof CONSTRUCTORS)[number], rank: number, length: number): TypedArray {
  const array = new constructor(length)
  const signed = !constructor.name.includes('Uint')
  for (let i = 0; i < length; i++) {
    const number = ((i * 7 + rank * 5) % 4) - (signed && (i + rank) % 3 === 0 ? 2 : 0)
    array[i] = (typeof array[0] === 'bigint' ? BigInt(number) : number) as never
  }
  return array
}

const VALUES: [name: string, ops: Op[], of: (rank: number) => unknown][] = [
  ['numbers', OPS.slice(0, 10), (rank) => (rank * 5) % 4],
  ['bigints', OPS.slice(0, 10), (rank) => BigInt((rank * 3) % 5) << 80n],
  ['booleans', [LAND, LOR, LXOR], (rank) => rank % 3 === 0],
  ['located numbers', [MINLOC, MAXLOC], (rank) => ({ value: (rank * 5) % 4, index: rank })],
  ['located bigints', [MINLOC, MAXLOC], (rank) => ({ value: BigInt((rank * 5) % 4), index: rank })],
]

const folded = (op: Op, operands: readonly unknown[]): unknown => operands.reduce((a, b) => op.combine(a, b))

async function everyOp(world: Communicator): Promise<string[]> {
  const { rank, size } = world
  const ranks = Array.from({ length: size }, (_, i) => i)
  const wrong: string[] = []
  const expect = (what: string, got: unknown, expected: unknown): void => {
    if (!isDeepStrictEqual(got, expected)) wrong.push(`rank ${rank}, ${what}: ${String(got)}, not ${String(expected)}`)
  }
  for (const collective of ['allreduce', 'reduce'] as const) {
    const call = (value: unknown, op: Op, options: { algorithm: string }): Promise<unknown> =>
      collective === 'allreduce' ? world.allreduce(value, op, options) : world.reduce(value, op, size - 1, options)
    const seen = (value: unknown): unknown => (collective === 'allreduce' || rank === size - 1 ? value : undefined)
    for (const { name: algorithm, typedOnly } of algorithmsFor(collective, world)) {
      for (const op of OPS) {
        for (const constructor of CONSTRUCTORS) {
          // 94 elements: enough for the addon.
          for (const length of [0, 2, 94]) {
            const operands = ranks.map((other) => operand(constructor, other, length))
            if (onIntegers(op) && isFloat(operands[0]!)) continue
            const got = await call(operands[rank], op, { algorithm })
            expect(`${collective} ${op.name} ${constructor.name}(${length}), ${algorithm}`, got, seen(folded(op, operands)))
          }
        }
      }
      if (typedOnly === true) continue
      for (const [name, ops, of] of VALUES) {
        for (const op of ops) {
          const got = await call(of(rank), op, { algorithm })
          expect(`${collective} ${op.name} of ${name}, ${algorithm}`, got, seen(folded(op, ranks.map(of))))
        }
      }
    }
  }
  return wrong
}

for (const name of transports()) {
  for (const size of name === 'inproc' ? [1, 2, 3, 4, 5, 8] : [3]) {
    void t.test(`${name}, ${size} ranks`, async (t) => {
      t.same((await inWorlds(name, size, everyOp, { seconds: 60 })).flat(), [])
    })
  }
}

void t.test('ops of the user', async (t) => {
  const longest = Op.create((a: string[], b: string[]) => (b.length > a.length ? b : a), { commute: true })
  const compose = Op.create((a: { m: number; n: number }, b: { m: number; n: number }) => ({ m: a.m * b.m, n: a.n * b.m + b.n }))
  const last = Op.create((_: number, b: number) => b)
  const lastBig = Op.create((_: bigint, b: bigint) => b)
  for (const size of [1, 2, 3, 5, 6, 8]) {
    await inWorlds('inproc', size, async (world) => {
      const { rank } = world
      const words = Array.from({ length: (rank * 3) % 7 }, () => `word of ${rank}`)
      const most = Math.max(...Array.from({ length: size }, (_, i) => (i * 3) % 7))
      t.equal((await world.allreduce(words, longest)).length, most)
      const steps = Array.from({ length: size }, (_, i) => ({ m: i + 2, n: i }))
      const all = folded(compose, steps)
      for (const { name: algorithm, typedOnly } of algorithmsFor('allreduce', world)) {
        if (typedOnly !== true) t.same(await world.allreduce(steps[rank], compose, { algorithm }), all)
      }
      for (const { name: algorithm, commutative } of algorithmsFor('allreduce', world)) {
        if (commutative === true) continue
        const got = await world.allreduce(Uint16Array.of(rank, rank + 1, rank + 2), last, { algorithm })
        t.same(got, Uint16Array.of(size - 1, size, size + 1), algorithm)
      }
      t.same(await world.allreduce(BigInt64Array.of(BigInt(rank)), lastBig), BigInt64Array.of(BigInt(size - 1)))
      for (let root = 0; root < size; root++) {
        for (const { name: algorithm } of algorithmsFor('reduce', world)) {
          const got = await world.reduce(Uint16Array.of(rank, rank + 1), last, root, { algorithm })
          t.same(got, rank === root ? Uint16Array.of(size - 1, size) : undefined, algorithm)
        }
      }
    }, { hosts: Array.from({ length: size }, (_, rank) => (rank < size / 2 ? 'here' : 'there')) })
  }
})

void t.test('ops that fail', async (t) => {
  const broken = Op.create(() => {
    throw new RangeError('broken op')
  })
  const strings = Op.create((a: unknown) => String(a))
  const functions = Op.create(() => () => 1)
  await inWorlds('inproc', 2, async (world) => {
    for (let i = 0; i < 3; i++) {
      t.match(await errorOf(world.allreduce(1, broken)), { message: 'broken op' })
      t.type(await errorOf(world.allreduce(new Int8Array(3), strings)), MismatchError)
      t.match(await errorOf(world.allreduce('x', functions)), { code: 'TSMPI_DATA' })
      t.type(await errorOf(world.allreduce('text', SUM)), ArgumentError)
    }
    t.equal(await world.allreduce(1, SUM), 2, 'the communicator goes on')
  })
})
