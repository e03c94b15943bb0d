// The count: the same hits by every kernel, split and number of threads, and the hits that the definition gives.
import t from 'tap'
import {
  countHits, countHitsAsync, defaultKernel, kernels, philox, type Kernel,
} from '../../lib/montecarlo/index.js'

/** A sample as native/philox.h defines it, by all 32 bits of both coordinates, with no short cut. */
function isHit(index: bigint, seed: bigint): boolean {
  const block = index >> 2n
  const key = [Number(seed & 0xffffffffn), Number(seed >> 32n)]
  const words = (half: number) =>
    philox('typescript', [Number(block & 0xffffffffn), Number(block >> 32n), half, 0], key)
  const [upper, lower] = [words(0)[Number(index & 3n)], words(1)[Number(index & 3n)]]
  const x = BigInt((upper << 16) | (lower & 0xffff))
  const y = BigInt((upper & 0xffff0000) | (lower >>> 16))
  return x * (x + 1n) + y * (y + 1n) < 1n << 62n
}

function hitsByDefinition(first: bigint, count: number, seed: bigint): number {
  let hits = 0
  for (let i = 0n; i < BigInt(count); i++) if (isHit(first + i, seed)) hits++
  return hits
}

/** Long enough for several pieces, short enough where there is no addon. */
const LONG = defaultKernel() === 'typescript' ? 10_000_001 : 200_000_001

const seeds = [0n, 42n, 0xfedcba9876543210n, 2n ** 64n - 1n]

await t.test('short ranges, by definition', async (t) => {
  const starts = [0n, 1n, 2n, 3n, 2n ** 34n - 5n, 2n ** 53n + 1n, 2n ** 63n - 2n, 2n ** 64n - 403n]
  for (const kernel of kernels()) {
    for (const first of starts) {
      for (const count of [0, 1, 2, 3, 4, 5, 130, 403]) {
        const seed = seeds[count % seeds.length]
        t.equal(countHits(first, count, { seed, kernel }), hitsByDefinition(first, count, seed),
          `${kernel}: ${count} from ${first}`)
      }
    }
  }
})

await t.test('where the upper halves do not decide', async (t) => {
  // Ranges around samples that lie within the band near the circle, found by the TypeScript kernel's own words.
  const near: number[] = []
  for (let block = 0; near.length < 40; block++) {
    philox('typescript', [block, 0, 0, 0], [7, 0]).forEach((word, w) => {
      const [x, y] = [(word << 16) >> 16, (word | 0) >> 16]
      if (Math.abs(x * x + y * y - 2 ** 30) < 92688) near.push(4 * block + w)
    })
  }
  let inside = 0
  for (const index of near) {
    const expected = hitsByDefinition(BigInt(index), 1, 7n)
    inside += expected
    for (const kernel of kernels()) {
      t.equal(countHits(index, 1, { seed: 7, kernel }), expected, `${kernel}: sample ${index}`)
      const around = index & ~127
      t.equal(countHits(around, 256, { seed: 7, kernel }), hitsByDefinition(BigInt(around), 256, 7n))
    }
  }
  t.ok(inside > 0 && inside < near.length, 'both outcomes are among them')
})

await t.test('long ranges: all kernels, and odd splits of them, agree', async (t) => {
  const count = 2_000_003
  for (const [first, seed] of [[0n, 0n], [2n ** 34n - 1_000_001n, 42n], [2n ** 64n - 2_000_003n, seeds[2]]] as const) {
    const whole = countHits(first, count, { seed, kernel: 'typescript' })
    t.ok(Math.abs((4 * whole) / count - Math.PI) < 6 * 1.65 / Math.sqrt(count), 'near pi')
    for (const kernel of kernels()) {
      t.equal(countHits(first, count, { seed, kernel }), whole, kernel)
      let sum = 0
      const cuts = [0, 1, 6, 133, 4099, 524_291, 1_000_001, count]
      for (let i = 1; i < cuts.length; i++) {
        sum += countHits(first + BigInt(cuts[i - 1]), cuts[i] - cuts[i - 1], { seed, kernel })
      }
      t.equal(sum, whole, `${kernel} in parts`)
    }
  }
})

await t.test('threads and the asynchronous form give the same hits', async (t) => {
  const count = Math.floor(LONG / 7)
  const expected = countHits(5, count, { seed: 9 })
  t.equal(countHits(5, count, { seed: 9, threads: 3 }), expected)
  t.equal(await countHitsAsync(5, count, { seed: 9 }), expected)
  t.equal(await countHitsAsync(5, count, { seed: 9, threads: 2 }), expected)
  t.equal(await countHitsAsync(5n, BigInt(count), { seed: 9n }), BigInt(expected))
  t.equal(await countHitsAsync(0, 0), 0)
  t.equal(await countHitsAsync(1, 5003, { kernel: 'typescript', threads: 2 }), countHits(1, 5003))
})

await t.test('the event loop turns while the asynchronous form counts', async (t) => {
  for (const threads of [undefined, 1]) {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const steps: number[] = []
    const options = threads === undefined ? {} : { threads }
    await countHitsAsync(0, LONG, { ...options, onProgress: (done) => steps.push(done) })
    clearInterval(timer)
    t.ok(turns > 0, 'timers ran')
    t.equal(steps.at(-1), LONG)
    t.same(steps, [...steps].sort((a, b) => a - b), 'progress only grows')
  }
  const stop = new Error('enough')
  await t.rejects(countHitsAsync(0, 1e15, { onProgress: () => { throw stop } }), stop)
})

await t.test('arguments', async (t) => {
  const code = { code: 'TSMPI_ARGUMENT' }
  t.throws(() => countHits(-1, 1), code)
  t.throws(() => countHits(0, 1.5), code)
  t.throws(() => countHits(0, 2 ** 53), code)
  t.throws(() => countHits(0n, -1n), code)
  t.throws(() => countHits(0, 1, { seed: 2n ** 64n }), code)
  t.throws(() => countHits(2n ** 64n - 1n, 2), /2\^64/)
  t.throws(() => countHits(0, 1, { threads: 0 }), code)
  await t.rejects(countHitsAsync(0, Number.NaN), code)
  t.type(countHits(0n, 10n), 'bigint')
  t.type(countHits(0n, 10), 'number')
})

await t.test('the choice of a kernel', async (t) => {
  t.equal(kernels().at(-1), 'typescript')
  const available = new RegExp(kernels().join(', '))
  t.throws(() => countHits(0, 1, { kernel: 'abacus' as Kernel }), available)
  t.teardown(() => delete process.env['TSMPI_KERNEL'])
  delete process.env['TSMPI_KERNEL']
  t.equal(defaultKernel(), kernels()[0])
  process.env['TSMPI_KERNEL'] = 'typescript'
  t.equal(defaultKernel(), 'typescript')
  process.env['TSMPI_KERNEL'] = 'abacus'
  t.throws(() => countHits(0, 1), { code: 'TSMPI_ARGUMENT', message: available })
})
