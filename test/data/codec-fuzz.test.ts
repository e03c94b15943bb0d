// The decoder against hostile bytes: mutated, truncated, spliced and random ones give a value or a TransportError.
import t from 'tap'
import { decode, encode } from '../../lib/data/codec.js'
import * as tag from '../../lib/data/codec-format.js'
import { TransportError } from '../../lib/errors.js'
import { randomValue, seeded } from './values.js'

const CASES = 200_000

Error.stackTraceLimit = 0 // half of all cases throw, and nobody looks

/** Whether the bytes were accepted. Anything but a TransportError fails the test. */
function accepted(bytes: Uint8Array): boolean {
  try {
    decode(bytes, 0, bytes.length)
    return true
  } catch (error) {
    if (error instanceof TransportError) return false
    throw error
  }
}

function mutate(random: () => number, seed: Uint8Array, other: Uint8Array): Uint8Array {
  const pick = (n: number): number => Math.floor(random() * n)
  const bytes = seed.slice(0, random() < 0.2 ? pick(seed.length + 1) : seed.length)
  const kind = random()
  if (kind < 0.1) return Uint8Array.from({ length: pick(50) }, () => pick(256))
  if (kind < 0.2) return Buffer.concat([bytes.subarray(0, pick(bytes.length)), other.subarray(pick(other.length))])
  for (let n = pick(4); n >= 0 && bytes.length > 0; n--) {
    const at = pick(bytes.length)
    bytes[at] = random() < 0.5 ? pick(256) : random() < 0.5 ? tag.NULL + pick(40) : bytes[at] ^ (1 << pick(8))
  }
  return bytes
}

await t.test('mutations', async (t) => {
  const random = seeded(7)
  const values = Array.from({ length: 800 }, () => [randomValue(random), new Error('e'), { a: -5, b: 2n ** 99n }])
  const seeds = values.map((value) => encode(value).slice()).filter((bytes) => bytes.length < 1000)
  t.ok(seeds.length > 400, `${seeds.length} seeds`)
  const start = process.memoryUsage().rss
  let good = 0
  for (let i = 0; i < CASES; i++) {
    const bytes = mutate(random, seeds[i % seeds.length], seeds[(i * 7 + 1) % seeds.length])
    if (accepted(bytes)) good++
  }
  t.ok(good > CASES / 20 && good < CASES * 0.8, `${good} of ${CASES} were values`)
  t.ok(process.memoryUsage().rss - start < 1 << 29, 'no huge allocation')
})

await t.test('every truncation is refused', async (t) => {
  const random = seeded(11)
  for (let i = 0; i < 40; i++) {
    const whole = encode({ value: randomValue(random) }).slice()
    for (let length = 0; length < Math.min(whole.length, 3000); length++) {
      if (accepted(whole.subarray(0, length))) t.fail(`${length} of ${whole.length} bytes of value ${i}`)
    }
    if (accepted(Buffer.concat([whole, Buffer.of(0)]))) t.fail('a byte too many')
  }
})

const varint = (x: number): number[] => (x < 0x80 ? [x] : [(x % 0x80) | 0x80, ...varint(Math.floor(x / 0x80))])
const nested = (depth: number, ...bytes: number[]): number[] => Array.from({ length: depth }, () => bytes).flat()

await t.test('built by hand', async (t) => {
  const hostile: Record<string, number[]> = {
    'nothing': [],
    'an unknown tag': [0xff],
    'a string beyond the end': [tag.LATIN1, ...varint(2 ** 40), 65],
    'a length of more than 53 bits': [tag.LATIN1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
    'a huge array': [tag.ARRAY, ...varint(2 ** 31)],
    'arrays that each claim the rest': nested(200, tag.ARRAY, ...varint(10_000)).concat(nested(20_000, 1)),
    'a huge array of doubles': [tag.DOUBLE_ARRAY, ...varint(2 ** 40)],
    'holes beyond the length': [tag.HOLEY_ARRAY, 5, tag.HOLES, 6, tag.END],
    'elements beyond the length': [tag.HOLEY_ARRAY, 1, 1, 1, tag.END],
    'an array longer than arrays are': [tag.HOLEY_ARRAY, ...varint(2 ** 32), tag.END],
    'a reference to nothing': [tag.REF, 0],
    'a known key that is not': [tag.OBJECT, tag.KEY_KNOWN, 1, 0],
    'an object without end': [tag.OBJECT, tag.KEY_LATIN1, 1, 65],
    'a Map without end': [tag.MAP, 1, 1],
    'END for a value': [tag.END],
    'nested too deeply': nested(100_000, tag.ARRAY, 1).concat(1),
    'errors nested too deeply': nested(100_000, tag.ERROR, 0, tag.KEY_LATIN1, 1, 65).concat(1),
    'a bad regular expression': [tag.REGEXP, 0x41, 0x28, 0x40],
    'bad flags': [tag.REGEXP, 0x41, 0x61, 0x41, 0x21],
    'a regular expression of numbers': [tag.REGEXP, 1, 1],
    'an unknown error': [tag.ERROR, 99, 0],
    'a view that is no view': [tag.VIEW_ALL, 99, 0],
    'a view of odd length': [tag.VIEW_ALL, 8, 3, 1, 2, 3],
    'a view of a number': [tag.VIEW_PART, 1, 0, 0, 5],
    'a view of itself': [tag.VIEW_PART, 1, 0, 0, tag.REF, 0],
    'a view out of range': [tag.VIEW_PART, 1, 2, 4, tag.ARRAY_BUFFER, 4, 1, 2, 3, 4],
    'a misaligned view': [tag.VIEW_PART, 3, 1, 2, tag.ARRAY_BUFFER, 4, 1, 2, 3, 4],
    'a boxed object': [tag.BOXED, tag.OBJECT, 0],
    'a boxed undefined': [tag.BOXED, tag.UNDEFINED],
    'a promised object that never comes': [tag.LATER_OBJECT],
    'two values': [1, 1],
  }
  for (const [name, bytes] of Object.entries(hostile)) {
    t.throws(() => decode(Uint8Array.from(bytes), 0, bytes.length), { code: 'TSMPI_TRANSPORT' }, name)
  }
  for (const [offset, length] of [[-1, 1], [0, 5], [3, 2], [0, NaN], [0, -1]]) {
    t.throws(() => decode(new Uint8Array(4), offset, length), { code: 'TSMPI_TRANSPORT' }, `${offset} ${length}`)
  }
})

await t.test('a short message makes no large memory', async (t) => {
  const start = process.memoryUsage().rss
  for (const [count, length, ...contents] of [
    [1000, 30_000_000],
    [50_000, 1000],
    [50_000, 4000, tag.HOLES, ...varint(3000), 5],
  ]) {
    const holey = [tag.HOLEY_ARRAY, ...varint(length), ...contents, tag.END]
    const bytes = Uint8Array.from([tag.ARRAY, ...varint(count), ...nested(count, ...holey)])
    const arrays = decode(bytes, 0, bytes.length) as unknown[][]
    t.ok(arrays.every((array) => array.length === length && !(0 in array)))
    t.ok(process.memoryUsage().rss - start < 1 << 28, `${count} arrays of ${length}`)
  }
})
