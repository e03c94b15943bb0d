// Philox4x32-10 and the Monte-Carlo count in TypeScript: the same hits as native/philox.h, which says what a sample is.
// J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11.

const M0_LOW = 0xd2511f53 & 0xffff
const M0_HIGH = 0xd2511f53 >>> 16
const M0 = 0xd2511f53 | 0
const M1_LOW = 0xcd9e8d57 & 0xffff
const M1_HIGH = 0xcd9e8d57 >>> 16
const M1 = 0xcd9e8d57 | 0
const WEYL0 = 0x9e3779b9 | 0
const WEYL1 = 0xbb67ae85 | 0

/** kBand and kInside of native/philox.h. */
const BAND = 92688
const INSIDE = 2 ** 30 - BAND

/** The upper 32 bits of a product of 32-bit words, from products of 16-bit halves: none of the sums leaves 32 bits. */
function mulHigh(a: number, low: number, high: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const middle = Math.imul(aHigh, low) + (Math.imul(aLow, low) >>> 16) | 0
  const carry = Math.imul(aLow, high) + (middle & 0xffff) | 0
  return Math.imul(aHigh, high) + (middle >>> 16) + (carry >>> 16) | 0
}

/** One block: `out` takes the four words for a counter of four 32-bit words and a key of two. */
export function philoxBlock(
  c0: number, c1: number, c2: number, c3: number, k0: number, k1: number, out: Int32Array | Uint32Array,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(c0, M0_LOW, M0_HIGH)
    const high1 = mulHigh(c2, M1_LOW, M1_HIGH)
    const low0 = Math.imul(c0, M0)
    const low1 = Math.imul(c2, M1)
    c0 = high1 ^ c1 ^ k0
    c1 = low1
    c2 = high0 ^ c3 ^ k1
    c3 = low0
    k0 = (k0 + WEYL0) | 0
    k1 = (k1 + WEYL1) | 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
}

const upper = new Int32Array(4)
const lower = new Int32Array(4)

/** Whether the sample is a hit, by all bits of its coordinates; `word` is its upper half. */
function decide(low: number, high: number, index: number, word: number, k0: number, k1: number): boolean {
  philoxBlock(low, high, 1, 0, k0, k1, lower)
  const rest = lower[index]
  const x = BigInt((word << 16) | (rest & 0xffff))
  const y = BigInt((word & 0xffff0000) | (rest >>> 16))
  return x * (x + 1n) + y * (y + 1n) < 1n << 62n
}

/** Hits among samples `from` to `to` (words 0 to 4) of each of `blocks` blocks that share the counter's upper word. */
function countBlocks(low: number, high: number, blocks: number, from: number, to: number, k0: number, k1: number): number {
  let hits = 0
  for (let i = 0; i < blocks; i++) {
    philoxBlock((low + i) | 0, high, 0, 0, k0, k1, upper)
    for (let w = from; w < to; w++) {
      const word = upper[w]
      const x = (word << 16) >> 16
      const y = word >> 16
      const distance = x * x + y * y - INSIDE
      if (distance < 0 || (distance < 2 * BAND && decide(low + i, high, w, word, k0, k1))) hits++
    }
  }
  return hits
}

const MOST_BLOCKS = 1n << 30n

/** Hits among the samples with index in [first, first + count), as the addon's kernels count them. */
export function countHitsInTypeScript(first: bigint, count: bigint, seed: bigint): bigint {
  const k0 = Number(seed & 0xffffffffn) | 0
  const k1 = Number(seed >> 32n) | 0
  const part = (block: bigint, blocks: bigint, from: number, to: number): bigint =>
    BigInt(countBlocks(Number(block & 0xffffffffn), Number(block >> 32n) | 0, Number(blocks), from, to, k0, k1))

  let hits = 0n
  const end = first + count
  while (first < end) {
    const block = first >> 2n
    const from = Number(first & 3n)
    const whole = end / 4n - block
    if (from > 0 || whole === 0n) {
      const to = whole === 0n ? Number(end & 3n) : 4
      hits += part(block, 1n, from, to)
      first += BigInt(to - from)
    } else {
      const room = MOST_BLOCKS - (block % MOST_BLOCKS)
      const blocks = whole < room ? whole : room
      hits += part(block, blocks, 0, 4)
      first += 4n * blocks
    }
  }
  return hits
}
