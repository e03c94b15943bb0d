// Allreduce of 1 MiB on four hosts of two ranks each, all of them this machine: on two levels, and by the algorithms that
// know nothing of hosts; where the ranks of each host follow one another, and where hosts take turns.
// Run with: npx tsx bench/parts/two-level.ts
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const BYTES = 2 ** 20
const ROUNDS = 40
const FLAT = ['recursive-doubling', 'ring', 'rabenseifner']
/** What is chosen. */
const CHOSEN = '-'

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

/** Milliseconds of each. */
function measure(mapping: string): number[] {
  const job = ['-n', '8', '-H', 'a:2,b:2,c:2,d:2', '--map-by', mapping, '--rsh', path('ours/here.sh')]
  const program = [path('ours/two-level.mjs'), 'allreduce', String(BYTES), String(ROUNDS), ...FLAT, CHOSEN]
  const output = execFileSync(process.execPath, [path('../dist/launcher/main.js'), ...job, ...program], { encoding: 'utf8', timeout: 120_000 })
  return JSON.parse(output) as number[]
}

const LAYOUTS = { 'ranks of a host follow one another': 'slot', 'hosts take turns': 'node' }
const table = Object.entries(LAYOUTS).map(([layout, mapping]) => {
  const times = measure(mapping)
  const chosen = times.pop()!
  const cells = FLAT.map((name, at) => [name, `${times[at].toFixed(1)} ms (${(chosen / times[at]).toFixed(2)})`])
  return [layout, { 'on two levels': `${chosen.toFixed(1)} ms`, ...Object.fromEntries(cells) as Record<string, string> }] as const
})
console.table(Object.fromEntries(table))
