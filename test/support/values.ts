// Values of every kind that can travel.
import { CONSTRUCTORS } from '../../lib/data/types.js'
import type { TypedArray } from '../../lib/data/types.js'

/** `length` elements that depend on `seed`, every byte of them in use. */
export function filled<A extends TypedArray>(constructor: new (length: number) => A, length: number, seed: number): A {
  const array = new constructor(length)
  const bytes = new Uint8Array(array.buffer)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 167 + (i >> 8) * 31 + seed * 59) & 0xff
  return array
}

/** A buffer that begins within its memory, as those of Node's pool do. */
const within = (length: number, seed: number): Uint8Array =>
  filled(Uint8Array, length + 16, seed).subarray(8, 8 + length)

/** One of each raw kind, of about `bytes` bytes. */
export function rawValues(bytes: number, seed: number): unknown[] {
  const view = filled(Uint8Array, bytes, seed)
  return [
    ...CONSTRUCTORS.map((constructor) => {
      const length = Math.floor(bytes / constructor.BYTES_PER_ELEMENT)
      return filled(constructor as new (length: number) => TypedArray, length, seed)
    }),
    Buffer.from(within(bytes, seed)),
    within(bytes, seed),
    view.slice().buffer,
    new DataView(view.buffer, Math.min(3, bytes)),
  ]
}

/** Values that go through the codec. */
export function objectValues(seed: number): unknown[] {
  const cycle: Record<string, unknown> = { seed, list: [1, 2, 3] }
  cycle['self'] = cycle
  return [
    seed,
    -0,
    NaN,
    Infinity,
    0.1 + seed,
    '',
    `rank ${seed}, größer ✓ 🎉`,
    'x'.repeat(100_000),
    true,
    false,
    BigInt(seed) ** 40n,
    -1n,
    null,
    undefined,
    [],
    {},
    { step: seed, nested: { deep: [{ a: 1 }, [2, [3]]] } },
    new Map<unknown, unknown>([['a', 1], [{ key: 2 }, new Set([1, 'b', null])]]),
    new Set([new Date(seed), /re+/giu]),
    new Date(1_700_000_000_000 + seed),
    { floats: Float64Array.of(1.5, seed), bytes: new Uint8Array([1, 2, 3]), big: BigInt64Array.of(-1n) },
    [undefined, null, , 'after a hole'],
    new Error('an error'),
    cycle,
  ]
}
