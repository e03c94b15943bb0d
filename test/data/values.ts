// A seeded generator for tests: the same seed gives the same values everywhere.

/** Uniform numbers in [0, 1): mulberry32, Tommy Ettinger, public domain. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

const below = (random: () => number, n: number): number => Math.floor(random() * n)

const TEXTS = [
  '', 'a', 'key', 'naïve', 'Ω', '日本語', '\ud800', 'x\udc00y', '👍', '\0', 'constructor', '7',
  'a'.repeat(40), 'é'.repeat(50), 'é'.repeat(70), 'ж'.repeat(33), 'ж'.repeat(99), `${'a'.repeat(300)}ß`,
]

function randomText(random: () => number): string {
  if (random() < 0.5) return TEXTS[below(random, TEXTS.length)]
  const top = [0x7f, 0xff, 0xffff][below(random, 3)]
  return Array.from({ length: below(random, 45) }, () => String.fromCharCode(below(random, top + 1))).join('')
}

const NUMBERS = [
  0, -0, 1, 63, 64, -1, 127, 128, -128, -129, 32767, 32768, -32769, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 53, 0.1,
  NaN, Infinity, -Infinity, 5e-324,
]

function randomScalar(random: () => number): unknown {
  switch (below(random, 9)) {
    case 0:
      return null
    case 1:
      return undefined
    case 2:
      return random() < 0.5
    case 3:
      return randomText(random)
    case 4:
      return BigInt(below(random, 2 ** 30)) ** BigInt(1 + below(random, 9)) * (random() < 0.5 ? 1n : -1n)
    case 5:
      return random() * 1e6
    case 6:
      return below(random, 2 ** 20) - 2 ** 19
    default:
      return NUMBERS[below(random, NUMBERS.length)]
  }
}

function randomLeaf(random: () => number): object {
  const buffer = Uint8Array.from({ length: below(random, 12) * 8 }, () => below(random, 256)).buffer
  switch (below(random, 9)) {
    case 0:
      return new Date(random() < 0.2 ? NaN : below(random, 2 ** 40))
    case 1:
      return new RegExp('a+/[^\n]', ['', 'g', 'iu'][below(random, 3)])
    case 2:
      return Object(random() < 0.5 ? 1.5 : 'boxed') as object
    case 3:
      return buffer
    case 4:
      return new DataView(buffer)
    case 5:
      return new Float64Array(buffer)
    case 6:
      return new Uint8Array(buffer, buffer.byteLength >> 2)
    case 7:
      return new BigInt64Array(buffer)
    default:
      return new Int16Array(below(random, 20))
  }
}

/** A random value of everything that the structured clone algorithm takes, with shared references and cycles. */
export function randomValue(random: () => number, depth = 0, seen: object[] = []): unknown {
  const kind = below(random, depth > 4 ? 4 : 10)
  if (kind < 3) return randomScalar(random)
  if (seen.length > 0 && random() < 0.1) return seen[below(random, seen.length)]
  const remember = <T extends object>(object: T): T => {
    seen.push(object)
    return object
  }
  const inner = (): unknown => randomValue(random, depth + 1, seen)
  const count = below(random, random() < 0.1 ? 40 : 6)
  if (kind === 3) return remember(randomLeaf(random))
  if (kind < 6) {
    const object = remember({} as Record<string, unknown>)
    for (let i = 0; i < count; i++) object[randomText(random)] = inner()
    return object
  }
  if (kind < 8) {
    const array = remember([] as unknown[])
    const numeric = random() < 0.3
    for (let i = 0; i < count; i++) {
      if (random() < 0.02) array.length += below(random, 100) + 1
      else array.push(numeric ? below(random, 300) - 100 : inner())
    }
    return array
  }
  if (kind === 8) {
    const map = remember(new Map())
    for (let i = 0; i < count; i++) map.set(inner(), inner())
    return map
  }
  const set = remember(new Set())
  for (let i = 0; i < count; i++) set.add(inner())
  return set
}

const tagOf = (object: object): string => Object.prototype.toString.call(object)

function sameBytes(a: ArrayBufferLike, b: ArrayBufferLike): boolean {
  return Buffer.compare(new Uint8Array(a), new Uint8Array(b)) === 0
}

/**
 * Whether two values are the same: kinds, prototypes, own properties, holes, bits, and which parts are one object.
 * (util.isDeepStrictEqual takes two invalid dates for different, and does not look at identity.)
 */
export function isSame(a: unknown, b: unknown, pairs = new Map<object, object>()): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (pairs.has(a)) return pairs.get(a) === b
  pairs.set(a, b)
  if (tagOf(a) !== tagOf(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  const inside = (x: unknown, y: unknown): boolean => isSame(x, y, pairs)
  if (ArrayBuffer.isView(a)) {
    const other = b as ArrayBufferView
    return a.byteOffset === other.byteOffset && a.byteLength === other.byteLength && inside(a.buffer, other.buffer)
  }
  if (a instanceof ArrayBuffer) return sameBytes(a, b as ArrayBuffer)
  if (a instanceof Map) return inside([...a].flat(), [...(b as Map<unknown, unknown>)].flat())
  if (a instanceof Set) return inside([...a], [...(b as Set<unknown>)])
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime())
  if (a instanceof RegExp) return a.source === (b as RegExp).source && a.flags === (b as RegExp).flags
  if (tagOf(a) !== '[object Object]' && !Array.isArray(a) && !Object.is(a.valueOf(), b.valueOf())) return false
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false
  const keys = Object.keys(a)
  const plainA = a as Record<string, unknown>
  const plainB = b as Record<string, unknown>
  return keys.join() === Object.keys(b).join() && keys.every((key) => inside(plainA[key], plainB[key]))
}
