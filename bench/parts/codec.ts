// How long the object codec takes: encode and decode of one value, beside v8.serialize and JSON.
// Run with: npx tsx bench/parts/codec.ts (or node on the compiled file)
import { deserialize, serialize } from 'node:v8'
import { decode, encode } from '../../lib/data/codec.js'

const VALUES: Record<string, unknown> = {
  'number': 1,
  '{a:1,b:[1,2,3]}': { a: 1, b: [1, 2, 3] },
  '1000 integers': Array.from({ length: 1000 }, (_, i) => i),
  '1000 doubles': Array.from({ length: 1000 }, (_, i) => i + 0.5),
  '100 records': Array.from({ length: 100 }, (_, i) => ({ id: i, name: `name${i}`, score: i * 1.5 })),
  'dictionary of 100': Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key number ${i}`, i])),
  'Map of 100': new Map(Array.from({ length: 100 }, (_, i) => [`key${i}`, i])),
  '100 strings of 40': Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(40, 'ä')),
  '{step, Float64Array(1000)}': { step: 1, data: new Float64Array(1000) },
}

const CODECS: Record<string, (value: unknown) => unknown> = {
  tsmpi: (value) => {
    const bytes = encode(value)
    return decode(bytes, 0, bytes.length)
  },
  v8: (value) => deserialize(serialize(value)),
  JSON: (value) => JSON.parse(JSON.stringify(value)) as unknown,
}

/** Microseconds a call, the best of five runs of about 40 ms, after as long a warm-up. */
function microseconds(run: () => unknown): number {
  let best = Infinity
  let count = 1
  for (let round = 0; round < 8; ) {
    const start = performance.now()
    for (let i = 0; i < count; i++) run()
    const elapsed = performance.now() - start
    if (elapsed < 20) count *= 2
    else if (round++ > 2) best = Math.min(best, (elapsed * 1000) / count)
  }
  return best
}

const table: Record<string, Record<string, string>> = {}
for (const [name, value] of Object.entries(VALUES)) {
  const row: Record<string, string> = { bytes: String(encode(value).length) }
  row['encode'] = microseconds(() => encode(value)).toFixed(2)
  const bytes = encode(value).slice()
  row['decode'] = microseconds(() => decode(bytes, 0, bytes.length)).toFixed(2)
  for (const [codec, run] of Object.entries(CODECS)) row[codec] = microseconds(() => run(value)).toFixed(2)
  table[name] = row
}
console.log('microseconds, encode + decode')
console.table(table)
