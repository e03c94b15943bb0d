// NAS Parallel Benchmark EP, "embarrassingly parallel": 2^24 (class S), 2^25 (W) or 2^28 (A) pairs of uniform deviates
// become Gaussian ones by the polar method; their sums and counts are held against the published figures.
//   tsmpirun -n 8 examples/ep.ts --class A
// D. Bailey et al., The NAS Parallel Benchmarks, RNR-94-007, section 2.1.
import { parseArgs } from 'node:util'
import { COMM_WORLD as world, SUM, wtime } from 'tsmpi'

const classes = {
  S: { log2Pairs: 24, sx: -3.24783465203474e3, sy: -6.958407078382297e3, gaussians: 13176389 },
  W: { log2Pairs: 25, sx: -2.863319731645753e3, sy: -6.320053679109499e3, gaussians: 26354769 },
  A: { log2Pairs: 28, sx: -4.295875165629892e3, sy: -1.580732573678431e4, gaussians: 210832767 },
}
const { values } = parseArgs({ options: { class: { type: 'string', default: 'S' } } })
const published = classes[values.class as keyof typeof classes]
if (!published) throw new RangeError(`--class ${values.class}: there are ${Object.keys(classes).join(', ')}`)

const A = 5 ** 13
const SEED = 271828183
const BATCH = 2 ** 16

/** a x mod 2^46: whole numbers below 2^46, multiplied by halves of 23 bits, so that no product leaves 53. */
function multiply(a: number, x: number): number {
  const a1 = Math.floor(a * 2 ** -23), a0 = a - a1 * 2 ** 23
  const x1 = Math.floor(x * 2 ** -23), x0 = x - x1 * 2 ** 23
  const middle = a1 * x0 + a0 * x1
  const z = (middle - Math.floor(middle * 2 ** -23) * 2 ** 23) * 2 ** 23 + a0 * x0
  return z - Math.floor(z * 2 ** -46) * 2 ** 46
}

/** a^n mod 2^46. */
function power(a: number, n: number): number {
  let result = 1
  for (; n > 0; n = Math.floor(n / 2), a = multiply(a, a)) if (n % 2 === 1) result = multiply(result, a)
  return result
}

/** Adds the Gaussian deviates of one batch: their sums to `totals[0]` and `[1]`, their counts by square annuli after. */
function batch(index: number, totals: Float64Array): void {
  let x = multiply(power(A, 2 * BATCH * index), SEED)
  let sx = 0
  let sy = 0
  for (let i = 0; i < BATCH; i++) {
    x = multiply(A, x)
    const u = x * 2 ** -45 - 1
    x = multiply(A, x)
    const v = x * 2 ** -45 - 1
    const t = u * u + v * v
    if (t > 1) continue
    const scale = Math.sqrt((-2 * Math.log(t)) / t)
    const gx = u * scale
    const gy = v * scale
    sx += gx
    sy += gy
    totals[2 + Math.floor(Math.max(Math.abs(gx), Math.abs(gy)))] += 1
  }
  totals[0] += sx
  totals[1] += sy
}

const totals = new Float64Array(12)
await world.barrier()
const start = wtime()
for (let i = world.rank; i < 2 ** published.log2Pairs / BATCH; i += world.size) batch(i, totals)
await world.allreduce(totals, SUM, { into: totals })
const seconds = wtime() - start

if (world.rank === 0) {
  const [sx, sy, ...counts] = totals as unknown as [number, number, ...number[]]
  const gaussians = counts.reduce((sum, count) => sum + count)
  const near = (value: number, expected: number) => Math.abs((value - expected) / expected) <= 1e-8
  const verified = near(sx, published.sx) && near(sy, published.sy) && gaussians === published.gaussians
  console.log(`EP class ${values.class}, ${world.size} ranks: ${seconds.toFixed(2)} s`)
  console.log(`sx ${sx.toExponential(15)}\nsy ${sy.toExponential(15)}\nGaussian pairs ${gaussians}: ${counts.join(' ')}`)
  console.log(verified ? 'VERIFICATION SUCCESSFUL' : 'VERIFICATION FAILED')
  if (!verified) process.exitCode = 1
}
