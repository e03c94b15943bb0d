// Values to bytes and back: every raw kind, empty ones, views in the middle of a buffer, other realms, wrong sizes.
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { bytesOf, rawBytes, typeOf, valueOf } from '../../lib/data/payload.js'
import {
  ARRAY_BUFFER,
  BLOCKS,
  BUFFER,
  CONSTRUCTORS,
  DATA_VIEW,
  EMPTY,
  NUMBER,
  OBJECT,
  TYPE_NAMES,
} from '../../lib/data/types.js'

const plain = (bytes: Uint8Array): number[] => Array.from(bytes)

await t.test('type codes', async (t) => {
  for (const [code, constructor] of CONSTRUCTORS.entries()) {
    t.equal(typeOf(new constructor(2)), code, constructor.name)
    t.equal(typeOf(runInNewContext(`new ${constructor.name}(2)`)), code, `${constructor.name} of another realm`)
  }
  class Mine extends Float32Array {}
  t.equal(typeOf(new Mine(1)), 7, 'a subclass is its base kind')
  t.equal(typeOf(Buffer.from('x')), BUFFER)
  t.equal(typeOf(new DataView(new ArrayBuffer(1))), DATA_VIEW)
  t.equal(typeOf(new ArrayBuffer(1)), ARRAY_BUFFER)
  t.equal(typeOf(new SharedArrayBuffer(1)), ARRAY_BUFFER)
  t.equal(typeOf(runInNewContext('new ArrayBuffer(1)')), ARRAY_BUFFER)
  t.equal(typeOf(-0), NUMBER)
  t.equal(typeOf(undefined), EMPTY)
  const others = [null, '', true, 1n, {}, [], new Map(), new Number(1), () => 1, Symbol('x'), Object.create(null)]
  for (const value of others) {
    t.equal(typeOf(value), OBJECT)
  }
  const fake = { [Symbol.toStringTag]: 'Float64Array' }
  t.equal(typeOf(fake), OBJECT, 'a name alone is not a typed array')
  t.equal(TYPE_NAMES.length, BLOCKS + 1)
})

await t.test('raw values arrive as the same kind, in memory of their own', async (t) => {
  const pattern = Uint8Array.from({ length: 4096 }, (_, i) => i * 7)
  for (const [code, constructor] of CONSTRUCTORS.entries()) {
    for (const count of [0, 1, 2, 7, 8, 9, 64, 65, 200]) {
      const bytes = constructor.BYTES_PER_ELEMENT
      const view = new constructor(pattern.buffer, bytes * 3, count)
      const wire = bytesOf(view, code)
      t.equal(wire.buffer, view.buffer, 'no copy')
      t.equal(wire.byteOffset, bytes * 3)
      t.equal(wire.length, count * bytes)
      const moved = new Uint8Array(wire.length + 5)
      moved.set(wire, 3)
      const back = valueOf(code, moved, 3, wire.length) as Uint8Array
      t.equal(Object.getPrototypeOf(back), constructor.prototype)
      t.equal(back.length, count)
      t.same(plain(rawBytes(back)), plain(wire), `${constructor.name}(${count})`)
      t.not(back.buffer, moved.buffer)
    }
  }
})

await t.test('floats keep every bit, those of signalling NaNs too', async (t) => {
  const words = [0x7fab8392, 0xff800001, 0x7fc00000, 0x3f800000, 0x80000000, 0x7ff00000, 0x00000001, 0x7ff40000]
  for (const kind of [Float32Array, Float64Array]) {
    for (const length of [2, 8, 100]) {
      const bits = Uint32Array.from({ length }, (_, i) => words[i % words.length]!)
      const value = valueOf(typeOf(new kind(0)), new Uint8Array(bits.buffer), 0, 4 * length)
      t.same(plain(rawBytes(value as Float32Array)), plain(new Uint8Array(bits.buffer)), `${kind.name}, ${length} words`)
    }
  }
})

await t.test('buffers', async (t) => {
  const source = Buffer.from('--hello--').subarray(2, 7)
  const back = valueOf(BUFFER, bytesOf(source, BUFFER), 0, 5)
  t.ok(Buffer.isBuffer(back))
  t.equal(String(back), 'hello')
  source[0] = 0
  t.equal(String(back), 'hello')
  for (const memory of [new ArrayBuffer(3), new SharedArrayBuffer(3)]) {
    new Uint8Array(memory).set([1, 2, 3])
    const copy = valueOf(ARRAY_BUFFER, bytesOf(memory, ARRAY_BUFFER), 0, 3) as ArrayBuffer
    t.ok(copy instanceof ArrayBuffer)
    t.same(plain(new Uint8Array(copy)), [1, 2, 3])
  }
  const inBuffer = valueOf(ARRAY_BUFFER, Buffer.from('abc'), 1, 2) as ArrayBuffer
  t.equal(inBuffer.byteLength, 2, 'bytes in a Buffer are copied, too')
  const view = new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)
  const viewBack = valueOf(DATA_VIEW, bytesOf(view, DATA_VIEW), 0, 2) as DataView
  t.ok(viewBack instanceof DataView)
  t.equal(viewBack.getUint16(0), 0x0203)
})

await t.test('numbers and undefined', async (t) => {
  for (const x of [0, -0, 1, -1.5, NaN, Infinity, 2 ** 53, Number.MIN_VALUE]) {
    const bytes = new Uint8Array(9)
    bytes.set(bytesOf(x, NUMBER), 1)
    t.ok(Object.is(valueOf(NUMBER, bytes, 1, 8), x), String(x))
  }
  t.equal(bytesOf(undefined, EMPTY).length, 0)
  t.equal(valueOf(EMPTY, new Uint8Array(0), 0, 0), undefined)
})

await t.test('objects go through the codec', async (t) => {
  const value = { a: [1, 'two', new Map([[3, 4n]])] }
  const bytes = bytesOf(value, OBJECT)
  t.same(valueOf(OBJECT, bytes, 0, bytes.length), value)
  t.throws(() => bytesOf({ f: () => 1 }, OBJECT), { code: 'TSMPI_DATA' })
  for (const gone of [new Uint8Array(3), new Float64Array(3)]) {
    structuredClone(gone, { transfer: [gone.buffer] })
    t.throws(() => bytesOf(gone, typeOf(gone)), { code: 'TSMPI_DATA', message: /detached/ })
  }
})

await t.test('bytes that cannot be such a value', async (t) => {
  const bytes = new Uint8Array(16)
  const wrong: [number, number, number][] = [
    [8, 0, 7], [3, 0, 3], [NUMBER, 0, 4], [NUMBER, 0, 16], [EMPTY, 0, 1], [1, 0, 17],
    [1, 10, 7], [17, 0, 0], [255, 0, 0], [0, -1, 1],
  ]
  for (const [type, offset, length] of wrong) {
    t.throws(() => valueOf(type, bytes, offset, length), { code: 'TSMPI_TRANSPORT' }, `${type} ${offset} ${length}`)
  }
})
