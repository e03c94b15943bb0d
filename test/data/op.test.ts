// Ops on single values and on typed arrays: results, ties, NaN and -0, exactness, and what is refused.
import t from 'tap'
import { BAND, BOR, BXOR, LAND, LOR, LXOR, MAX, MAXLOC, MIN, MINLOC, Op, PROD, SUM } from '../../lib/data/op.js'
import { checkOp } from '../../lib/data/reduce.js'
import { BUFFER, EMPTY, FLOAT32, FLOAT64, INT32, NUMBER, OBJECT } from '../../lib/data/types.js'
import { seeded } from './values.js'

const BUILT_IN = [SUM, PROD, MIN, MAX, LAND, LOR, LXOR, BAND, BOR, BXOR, MINLOC, MAXLOC]

await t.test('the twelve', async (t) => {
  t.same(
    BUILT_IN.map((op) => op.name),
    'SUM PROD MIN MAX LAND LOR LXOR BAND BOR BXOR MINLOC MAXLOC'.split(' '),
  )
  t.same(BUILT_IN.map((op) => op.code), [...BUILT_IN.keys()])
  t.ok(BUILT_IN.every((op) => op.commute))
})

const TABLE: [Op, unknown, unknown, unknown][] = [
  [SUM, 1.5, 2, 3.5],
  [SUM, 2n ** 70n, 1n, 2n ** 70n + 1n],
  [PROD, 3, -4, -12],
  [PROD, 2n ** 40n, 2n ** 40n, 2n ** 80n],
  [MIN, 0, -0, -0],
  [MIN, -0, 0, -0],
  [MIN, NaN, -Infinity, NaN],
  [MIN, 1, NaN, NaN],
  [MAX, 0, -0, 0],
  [MAX, -0, 0, 0],
  [MAX, NaN, 1, NaN],
  [MAX, 3n, 5n, 5n],
  [LAND, true, false, false],
  [LAND, 2, 4, 1],
  [LAND, NaN, 4, 0],
  [LAND, 2n, 1n, 1n],
  [LOR, false, true, true],
  [LOR, 0, 0, 0],
  [LOR, 0, 7, 1],
  [LXOR, true, true, false],
  [LXOR, 3, 0, 1],
  [LXOR, 3, 5, 0],
  [BAND, 12, 10, 8],
  [BOR, 12, 10, 14],
  [BXOR, 12, 10, 6],
  [BAND, 2 ** 40 + 5, 2 ** 40 + 3, 2 ** 40 + 1],
  [BOR, 2 ** 31, 1, 2 ** 31 + 1],
  [BOR, -1, 2 ** 52, -1],
  [BXOR, -1, 2 ** 52, -1 - 2 ** 52],
  [BAND, -(2 ** 53) + 1, -2, -(2 ** 53)],
  [BAND, -(2 ** 53), -(2 ** 53), -(2 ** 53)],
  [BXOR, 2n ** 70n, 1n, 2n ** 70n + 1n],
  [MINLOC, { value: 2, index: 1 }, { value: 1, index: 9 }, { value: 1, index: 9 }],
  [MINLOC, { value: 2, index: 5 }, { value: 2, index: 3 }, { value: 2, index: 3 }],
  [MINLOC, { value: 2, index: 3 }, { value: NaN, index: 5 }, { value: NaN, index: 5 }],
  [MINLOC, { value: 0, index: 3 }, { value: -0, index: 5 }, { value: -0, index: 5 }],
  [MAXLOC, { value: 2, index: 5 }, { value: 2, index: 3 }, { value: 2, index: 3 }],
  [MAXLOC, { value: 2n, index: 5 }, { value: 3n, index: 7 }, { value: 3n, index: 7 }],
  [MAXLOC, { value: NaN, index: 5 }, { value: Infinity, index: 3 }, { value: NaN, index: 5 }],
  [MAXLOC, { value: 0, index: 5 }, { value: -0, index: 3 }, { value: 0, index: 5 }],
  [SUM, Float64Array.of(1, 2), Float64Array.of(10, 20), Float64Array.of(11, 22)],
  [SUM, Int8Array.of(127), Int8Array.of(1), Int8Array.of(-128)],
  [SUM, Uint8ClampedArray.of(200), Uint8ClampedArray.of(100), Uint8ClampedArray.of(255)],
  [PROD, Int32Array.of(2 ** 30 + 1), Int32Array.of(5), Int32Array.of((2 ** 30 + 1) * 5 - 2 ** 32)],
  [SUM, BigInt64Array.of(2n ** 63n - 1n), BigInt64Array.of(1n), BigInt64Array.of(-(2n ** 63n))],
  [MAXLOC, Int16Array.of(1, 7, 5, 2), Int16Array.of(1, 3, 4, 1), Int16Array.of(1, 3, 5, 2)],
  [SUM, new Float32Array(0), new Float32Array(0), new Float32Array(0)],
]

await t.test('results, either way round', async (t) => {
  for (const [op, a, b, expected] of TABLE) {
    t.strictSame(op.combine(a, b), expected, `${op.name} ${String(a)} ${String(b)}`)
    t.strictSame(op.combine(b, a), expected)
    if (typeof expected === 'number') t.ok(Object.is(op.combine(a, b), expected), 'the sign of zero')
    if (ArrayBuffer.isView(a)) t.not(op.combine(a, b), a, 'a new array')
  }
})

await t.test('bitwise on numbers agrees with bigints', async (t) => {
  const random = seeded(5)
  const integer = (): number => Math.trunc((random() - 0.5) * 2 ** (1 + random() * 53))
  for (let i = 0; i < 2000; i++) {
    const [a, b] = [integer(), integer()]
    const [x, y] = [BigInt(a), BigInt(b)]
    const results = [BAND, BOR, BXOR].map((op) => op.combine(a, b))
    if (results.some((r, k) => r !== Number([x & y, x | y, x ^ y][k]))) t.fail(`${a} ${b}: ${results.join()}`)
  }
})

await t.test('what is refused', async (t) => {
  const mismatch: [Op, unknown, unknown, RegExp][] = [
    [SUM, 1, 'one', /SUM cannot combine number with string/],
    [SUM, 1, 1n, /number with bigint/],
    [LAND, true, 1, /boolean with number/],
    [SUM, new Float64Array(2), new Float32Array(2), /Float64Array\(2\) with Float32Array\(2\)/],
    [SUM, new Float64Array(2), new Float64Array(3), /Float64Array\(2\) with Float64Array\(3\)/],
    [SUM, new Float64Array(2), 1, /Float64Array\(2\) with number/],
    [SUM, 1, new Float64Array(2), /number with Float64Array\(2\)/],
    [SUM, null, undefined, /null with undefined/],
    [MINLOC, { value: 1, index: 0 }, { value: 1n, index: 0 }, /value: number, index: number .* value: bigint/],
  ]
  for (const [op, a, b, message] of mismatch) t.throws(() => op.combine(a, b), { code: 'TSMPI_MISMATCH', message })
  const argument: [Op, unknown, unknown, RegExp][] = [
    [SUM, 'a', 'b', /SUM takes numbers, bigints and typed arrays, not string; Op.create/],
    [SUM, [1], [2], /not Array/],
    [MIN, true, false, /not boolean/],
    [BAND, 1.5, 1, /not 1.5/],
    [BOR, 1, NaN, /not NaN/],
    [BXOR, 1, 2 ** 53, /not 9007199254740992/],
    [BAND, true, true, /integers.*not boolean/],
    [BAND, new Float64Array(2), new Float64Array(2), /BAND takes integers, not a Float64Array/],
    [MINLOC, new Int8Array(3), new Int8Array(3), /Int8Array\(3\) must be even/],
    [MINLOC, 1, 2, /value, index/],
    [MINLOC, { value: 1 }, { value: 1, index: 0 }, /value, index/],
    [MINLOC, null, { value: 1, index: 0 }, /not null/],
    [SUM, Buffer.from('a'), Buffer.from('b'), /SUM does not take Buffer; pass a Uint8Array/],
    [SUM, undefined, undefined, /not undefined/],
  ]
  for (const [op, a, b, message] of argument) t.throws(() => op.combine(a, b), { code: 'TSMPI_ARGUMENT', message })
})

await t.test('user-defined ops', async (t) => {
  const concat = Op.create((a: string, b: string) => a + b)
  t.equal(concat.combine('lower', 'higher'), 'lowerhigher')
  t.equal(concat.commute, false)
  t.equal(concat.code, -1)
  const named = Op.create(function longest(a: unknown[], b: unknown[]) {
    return a.length >= b.length ? a : b
  }, { commute: true })
  t.equal(named.name, 'longest')
  t.equal(named.commute, true)
  t.equal(Op.create(Math.max, { name: 'biggest' }).name, 'biggest')
  const minus = Op.create((a: number, b: number) => a - b)
  t.strictSame(minus.combine(Int8Array.of(-128, 5), Int8Array.of(1, 2)), Int8Array.of(127, 3))
  const bigMinus = Op.create((a: bigint, b: bigint) => a - b)
  t.strictSame(bigMinus.combine(BigInt64Array.of(1n), BigInt64Array.of(3n)), BigInt64Array.of(-2n))
  t.throws(() => concat.combine(Int8Array.of(1), BigInt64Array.of(1n)), { code: 'TSMPI_MISMATCH' })
  const wrong = Op.create(() => 'x', { name: 'wrong' })
  const one = Int8Array.of(1)
  t.throws(() => wrong.combine(one, one), { code: 'TSMPI_MISMATCH', message: /wrong gave a string/ })
  const join = Op.create((a: Buffer, b: Buffer) => Buffer.concat([a, b]))
  t.same(join.combine(Buffer.from('a'), Buffer.from('b')), Buffer.from('ab'))
  t.throws(() => Op.create('no' as never), { code: 'TSMPI_ARGUMENT' })
})

await t.test('checkOp', async (t) => {
  const anything = Op.create((a: unknown) => a)
  for (const type of [FLOAT64, BUFFER, EMPTY, OBJECT]) checkOp(anything, type, 3)
  for (const op of BUILT_IN) {
    checkOp(op, INT32, 4)
    checkOp(op, OBJECT, 1)
    checkOp(op, NUMBER, 1)
    t.throws(() => checkOp(op, BUFFER, 4), { code: 'TSMPI_ARGUMENT', message: /Buffer/ })
    t.throws(() => checkOp(op, EMPTY, 0), { code: 'TSMPI_ARGUMENT', message: /undefined/ })
  }
  t.throws(() => checkOp(BXOR, FLOAT32, 4), { code: 'TSMPI_ARGUMENT' })
  t.throws(() => checkOp(MAXLOC, FLOAT64, 5), { code: 'TSMPI_ARGUMENT' })
  checkOp(SUM, FLOAT64, 5)
})
