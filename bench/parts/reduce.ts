// From which length on the addon reduces faster than the loops in TypeScript: nanoseconds a call, by type and op.
import { reduceInTypeScript } from '../../lib/data/loops.js'
import { CONSTRUCTORS, TYPE_NAMES } from '../../lib/data/types.js'
import type { TypedArray } from '../../lib/data/types.js'
import { native } from '../../native/load.js'

const LENGTHS = [1, 4, 8, 16, 24, 32, 48, 64, 128, 1024, 65536]
const OPS = { SUM: 0, MAX: 3, MINLOC: 10 }

/** Nanoseconds a call, the best of five runs of about 5 ms. */
function nanoseconds(run: () => void): number {
  let best = Infinity
  let count = 16
  for (let round = 0; round < 7; ) {
    const start = performance.now()
    for (let i = 0; i < count; i++) run()
    const elapsed = performance.now() - start
    if (elapsed < 3) count *= 2
    else if (round++ > 1) best = Math.min(best, (elapsed * 1e6) / count)
  }
  return best
}

const addon = native()
console.log(`kernels: ${addon?.reduceKernels().join(', ') ?? 'none: the addon is not there'}`)
for (const [op, code] of Object.entries(OPS)) {
  const table: Record<string, Record<number, string>> = {}
  for (const type of [8, 5, 7, 1, 9]) {
    const row: Record<number, string> = (table[TYPE_NAMES[type]] = {})
    for (const length of LENGTHS) {
      if (length === 1 && op === 'MINLOC') continue
      const a: TypedArray = new CONSTRUCTORS[type](length)
      const b: TypedArray = new CONSTRUCTORS[type](length)
      const here = nanoseconds(() => reduceInTypeScript(code, type, a, b))
      const there = addon ? nanoseconds(() => addon.reduce(code, type, a, b)) : NaN
      row[length] = `${here.toFixed(0)}/${there.toFixed(0)}`
    }
  }
  console.log(`${op}: TypeScript/addon, ns`)
  console.table(table)
}
