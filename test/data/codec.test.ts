// The object codec against structuredClone: a table of values, random structures, identity, refusals.
import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { decode, encode } from '../../lib/data/codec.js'
import { CONSTRUCTORS } from '../../lib/data/types.js'
import { isSame, randomValue, seeded } from './values.js'

/** There and back, in the middle of other bytes, which are wiped afterwards. */
function trip<T>(value: T): T {
  const encoded = encode(value)
  const wire = new Uint8Array(encoded.length + 7).fill(0xee)
  wire.set(encoded, 5)
  const back = decode(wire, 5, encoded.length)
  wire.fill(0x55)
  encoded.fill(0x55)
  return back as T
}

const sparse = (length: number, entries: Record<number, unknown>): unknown[] => Object.assign([], { length }, entries)

const INTEGERS = [0, 1, 63, 64, 127, 128, 255, -1, -128, -129, 32767, 32768, -32768, -32769, 2 ** 31 - 1, -(2 ** 31)]

const VALUES: Record<string, unknown> = {
  'null': null,
  'undefined': undefined,
  'booleans': [true, false],
  'integers': INTEGERS,
  'single integers': INTEGERS.map((x) => [x, '']),
  'doubles': [2 ** 31, -(2 ** 31) - 1, 2 ** 53, 0.1, NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308],
  'single doubles': [2 ** 31, 0.1, NaN, -0, -Infinity].map((x) => ({ x })),
  'minus zero': [-0],
  'minus zero among integers': [1, -0, 3],
  'many doubles': Array.from({ length: 100 }, (_, i) => i / 7),
  'strings': ['', 'a', 'hello', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(100_000)],
  'short lengths': Array.from({ length: 34 }, (_, i) => 'abcdefghijklmnopqrstuvwxyz0123456789'.slice(0, i)),
  'latin-1': ['é', 'naïve', 'ÿ'.repeat(31), 'ÿ'.repeat(32), `${'a'.repeat(200)}é`, `é${'a'.repeat(200)}`],
  'wide': ['Ā', '日本語', '👍', `${'a'.repeat(200)}Ω`, 'Ω'.repeat(70_000)],
  'lone surrogates': ['\ud800', '\udc00', 'a\ud800b', `${'a'.repeat(50)}\udfff`],
  'bigints': [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 63n) - 1n],
  'large bigints': [2n ** 64n, 255n ** 100n, -(16n ** 99n)],
  'plain object': { a: 1, b: { c: [1, 'x', null] }, 'd e': undefined },
  'empty': [{}, [], new Map(), new Set(), new ArrayBuffer(0), Buffer.alloc(0)],
  'no prototype': Object.assign(Object.create(null), { a: 1 }),
  'long keys': Object.fromEntries([31, 32, 63, 64, 65, 1000].map((n) => ['k'.repeat(n), n])),
  'wide keys': { 'ключ': 4, 'é': 5, '': 6, '7': 7, ['é'.repeat(65)]: 8, ['Ω'.repeat(65)]: 9 },
  'many keys': Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i * 7}`, i])),
  'records': Array.from({ length: 50 }, (_, i) => ({ id: i, name: `n${i}`, score: i / 3, nested: { id: -i } })),
  'varying shapes': Array.from({ length: 50 }, (_, i) => [{ a: 1, b: 2 }, { b: 1, a: 2 }, { c: 3, a: 4 }][i % 3]),
  'holes': [sparse(2, { 1: 1 }), sparse(3, { 0: 1, 2: 3 }), sparse(2, { 0: 1 }), sparse(5, {}), sparse(5000, {})],
  'holes and undefined': sparse(3, { 0: undefined, 2: undefined }),
  'sparse': [sparse(3000, { 2999: 1 }), sparse(70, { 0: 1 })],
  'very sparse': sparse(2 ** 32 - 1, { 5: 'a', 70: 'b', 4_000_000_000: 'c' }),
  'Map': new Map<unknown, unknown>([['a', 1], [{ k: 1 }, [2]], [NaN, -0]]),
  'Set': new Set<unknown>(['a', 1, null, { x: 1 }]),
  'dates': [new Date(0), new Date(1e12 + 0.5), new Date(NaN), new Date(-1)],
  'regular expressions': [/a/, /x\/y[^\n]+/giu, new RegExp('')],
  'boxed': [Object(1), Object('s'), Object(false), Object(2n ** 70n), Object(-0)],
  'typed arrays': CONSTRUCTORS.flatMap((C) => [0, 1, 3, 100].map((n) => new C(new ArrayBuffer(n * 8)))),
  'DataView': new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2),
  'ArrayBuffer': Uint8Array.of(1, 2, 3).buffer,
}

await t.test('there and back', async (t) => {
  for (const [name, value] of Object.entries(VALUES)) {
    const back = trip(value)
    const expected = name === 'no prototype' ? { a: 1 } : value
    t.ok(isSame(back, expected), name)
  }
})

await t.test('random structures come back as structuredClone gives them', async (t) => {
  const random = seeded(20240607)
  let bytes = 0
  for (let i = 0; i < 2000; i++) {
    const value = randomValue(random)
    bytes += encode(value).length
    if (!isSame(trip(value), structuredClone(value))) t.fail(`value ${i}: ${inspect(value, { depth: 9 })}`)
  }
  t.ok(bytes > 1e5, `${bytes} bytes`)
})

await t.test('identity', async (t) => {
  const shared = { x: 1 }
  const cycle: Record<string, unknown> = { shared, again: shared }
  cycle['self'] = cycle
  cycle['map'] = new Map<unknown, unknown>([[cycle, shared]])
  cycle['list'] = [cycle, shared, [cycle]]
  const back = trip(cycle)
  t.equal(back['self'], back)
  t.equal(back['shared'], back['again'])
  t.same([...(back['map'] as Map<unknown, unknown>).keys()][0] === back, true)
  t.equal((back['list'] as unknown[])[1], back['shared'])
  const many = Array.from({ length: 100 }, (_, i) => ({ i }))
  const twice = trip([...many, ...many])
  t.ok(twice.every((x, i) => i < 100 || x === twice[i - 100]))
  const date = new Date(5)
  const pairs = [date, new Error('e'), /x/, Object(1) as object].flatMap((x) => [x, x])
  const [d1, d2, e1, e2, r1, r2, b1, b2] = trip(pairs)
  t.ok(d1 === d2 && e1 === e2 && r1 === r2 && b1 === b2)
})

await t.test('views of one buffer share it; small parts of large buffers travel alone', async (t) => {
  for (const size of [48, 4000]) {
    const buffer = new ArrayBuffer(size)
    const views = [new Uint8Array(buffer), new Int32Array(buffer, 8, 2), buffer, new Uint8Array(3)]
    const [all, part, again, alone] = trip(views)
    t.equal((part as Int32Array).buffer, (all as Uint8Array).buffer)
    t.equal(again, (all as Uint8Array).buffer)
    t.equal((part as Int32Array).byteOffset, 8)
    t.not((alone as Uint8Array).buffer, again)
    const halves = trip([new Uint8Array(buffer, 0, 8), new Uint8Array(buffer, 8, 8)])
    t.equal(halves[0].buffer, halves[1].buffer)
    t.equal(halves[0].buffer.byteLength, size)
  }
  const large = new ArrayBuffer(1 << 20)
  t.equal(trip({ v: new Uint8Array(large, 5, 10) }).v.buffer.byteLength, 10)
  t.ok(encode(Buffer.from('pooled')).length < 20)
  const [whole, little] = trip([large, new Uint8Array(large, 5, 10)]) as [ArrayBuffer, Uint8Array]
  t.equal(little.buffer, whole)
  const before = new Uint8Array(new SharedArrayBuffer(4)).fill(7)
  const after = trip({ before }).before
  t.ok(after.buffer instanceof ArrayBuffer)
  t.same([...after], [7, 7, 7, 7])
  const text = trip({ b: Buffer.from('text') }).b
  t.ok(Buffer.isBuffer(text))
  t.equal(String(text), 'text')
})

await t.test('errors', async (t) => {
  for (const C of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    const error = new C('what', { cause: { why: 1 } })
    const back = trip(error)
    t.equal(Object.getPrototypeOf(back), C.prototype)
    t.equal(back.message, 'what')
    t.equal(back.stack, error.stack)
    t.same(back.cause, { why: 1 })
    t.same(Object.keys(back), [])
  }
  class HttpError extends TypeError {
    code = 'E_HTTP'
    override name = 'HttpError'
  }
  const mine = trip(new HttpError('404'))
  t.ok(mine instanceof TypeError)
  t.match(mine, { name: 'HttpError', code: 'E_HTTP', message: '404' })
  const many = trip(new AggregateError([new Error('one'), 2], 'many'))
  t.ok(many instanceof AggregateError)
  t.equal((many.errors[0] as Error).message, 'one')
  const foreign = trip(runInNewContext('new RangeError("far")') as Error)
  t.ok(foreign instanceof RangeError)
  const self = new Error('self')
  self.cause = self
  t.equal((trip(self).cause as Error).message, 'self')
})

await t.test('objects as structuredClone sees them', async (t) => {
  class Point {
    x = 1
    #hidden = 2
    get sum(): number {
      return this.x + this.#hidden
    }
  }
  t.strictSame(trip(new Point()), { x: 1 })
  t.strictSame(trip({ [Symbol('s')]: 1, a: 2 }), { a: 2 })
  let reads = 0
  t.strictSame(trip({ get once() { return ++reads } }), { once: 1 })
  t.equal(reads, 1)
  t.strictSame(trip(Object.create({ inherited: 1 }) as object), {})
  t.strictSame(trip(Object.create(Map.prototype) as object), {})
  t.strictSame(trip(runInNewContext('({ m: new Map([[1, [2]]]), s: new Set([3]), d: new Date(4), e: [5] })')), {
    m: new Map([[1, [2]]]), s: new Set([3]), d: new Date(4), e: [5],
  })
  t.strictSame(trip({ [Symbol.toStringTag]: 'Map', a: 1 }), { a: 1 })
  const key = JSON.parse('{ "__proto__": { "polluted": true }, "constructor": 1 }') as object
  const back = trip(key)
  t.equal(Object.getPrototypeOf(back), Object.prototype)
  t.strictSame(Object.keys(back), ['__proto__', 'constructor'])
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
  const args: unknown = runInNewContext('(function () { return arguments })(1, 2)')
  t.strictSame(trip({ args }), { args: { 0: 1, 1: 2 } })
})

await t.test('any depth', async (t) => {
  const depth = 100_000
  let list: unknown = 'end'
  let array: unknown = []
  let mixed: unknown = new Set()
  for (let i = 0; i < depth; i++) {
    list = { next: list }
    array = i % 2 ? [array] : [i, array]
    mixed = i % 3 === 0 ? new Map([[i, mixed]]) : i % 3 === 1 ? new Set([mixed]) : { mixed, i }
  }
  let at = trip(list) as { next: unknown }
  for (let i = 0; i < depth; i++) at = at.next as typeof at
  t.equal(at, 'end')
  let inner = trip(array) as unknown[]
  let levels = 0
  while (inner.length > 0) {
    inner = inner.at(-1) as unknown[]
    levels++
  }
  t.equal(levels, depth)
  let node = trip(mixed) as unknown
  for (let i = depth - 1; i >= 0; i--) {
    if (node instanceof Map) node = node.get(i)
    else node = node instanceof Set ? [...node][0] : (node as { mixed: unknown }).mixed
  }
  t.ok(node instanceof Set && node.size === 0)
  let chain = new Error('first')
  for (let i = 0; i < 50_000; i++) chain = newError(chain)
  t.throws(() => encode(chain), { code: 'TSMPI_DATA', message: /nested too deeply/ })
  t.equal(trip(1), 1, 'the codec still works')
})

function newError(cause: Error): Error {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const error = new Error('next', { cause })
  Error.stackTraceLimit = limit
  return error
}

await t.test('what cannot travel is named with its place', async (t) => {
  const f = (): number => 1
  const deep: unknown[] = []
  let last = deep
  for (let i = 0; i < 20_000; i++) last.push((last = []))
  last.push(f)
  const gone = new Float64Array(4)
  structuredClone(gone, { transfer: [gone.buffer] })
  const cases: [unknown, string, string][] = [
    [f, 'value', 'a function'],
    [Symbol('x'), 'value', 'a symbol'],
    [{ items: [1, 2, 3, { callback: f }] }, 'value.items[3].callback', 'a function'],
    [{ 'a b': { $c_1: f } }, 'value["a b"].$c_1', 'a function'],
    [{ a: { b: {} }, p: Promise.resolve() }, 'value.p', 'a Promise'],
    [[new WeakMap()], 'value[0]', 'a WeakMap'],
    [[new WeakSet()], 'value[0]', 'a WeakSet'],
    [[new WeakRef({})], 'value[0]', 'a WeakRef'],
    [{ g: (function* () {})() }, 'value.g', 'a generator'],
    [{ i: [][Symbol.iterator](), j: new Map().keys() }, 'value.j', 'an iterator'],
    [new Map([['k', { f }]]), 'value.get("k").f', 'a function'],
    [new Map([[5, f]]), 'value.get(5)', 'a function'],
    [new Map([[{}, f]]), '[...value.values()][0]', 'a function'],
    [{ m: new Map([[1, 1], [f, 2]] as [unknown, number][]) }, '[...value.m.keys()][1]', 'a function'],
    [{ s: new Set([0, f]) }, '[...value.s][1]', 'a function'],
    [new Error('e', { cause: { f } }), 'value.cause.f', 'a function'],
    [[Object(Symbol('boxed'))], 'value[0]', 'a symbol'],
    [{ x: new Proxy(f, {}) }, 'value.x', 'a function'],
    [{ get a() { return Symbol('fresh') } }, 'value', 'a symbol'],
    [{ b: gone.buffer }, 'value.b', 'a detached ArrayBuffer'],
    [[gone], 'value[0]', 'a detached ArrayBuffer'],
    [deep, `value${'[0]'.repeat(20_001)}`, 'a function'],
  ]
  for (const [value, path, kind] of cases) {
    const message = `${path} is ${kind} and cannot be sent`
    t.throws(() => encode(value), { code: 'TSMPI_DATA', path, message }, path.slice(0, 60))
  }
  const cycle: Record<string, unknown> = {}
  cycle['a'] = { back: cycle, f }
  t.throws(() => encode(cycle), { code: 'TSMPI_DATA', path: 'value.a.f', message: /function/ })
  t.strictSame(trip({ ok: 1 }), { ok: 1 }, 'the codec still works')
})

await t.test('getters that throw, and getters that encode', async (t) => {
  t.throws(() => encode({ get x(): never { throw new TypeError('mine') } }), { message: 'mine', name: 'TypeError' })
  const value = { before: 'b', get inner() { return encode({ before: 1, after: 2 }).length }, after: 'a' }
  t.strictSame(trip(value), { before: 'b', inner: value.inner, after: 'a' })
})

await t.test('the buffer grows, and a very large one is not kept', async (t) => {
  const big = { text: 'x'.repeat(3 << 20), list: Array.from({ length: 300_000 }, (_, i) => `${i}`) }
  t.ok(isSame(trip(big), big))
  const kept = encode(big)
  const small = encode('small')
  t.not(small.buffer, kept.buffer)
  t.ok(small.buffer.byteLength <= 1 << 20)
  t.equal(encode('again').buffer, small.buffer, 'used again')
  t.equal((decode(kept, 0, kept.length) as typeof big).text.length, 3 << 20, 'and the large one is still there')
})
