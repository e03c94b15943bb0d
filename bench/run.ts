// npm run bench [-- --peers | --hosts]: measures tsmpi inside a host, or between hosts, beside peers that do the same work.
// docs/benchmarks.md
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { disturbances } from './calm.js'
import { file, findPeers, ourContenders, OURS, peerVersions } from './contenders.js'
import type { Contender } from './contenders.js'
import { casesOf, ranksOf } from './families.js'
import type { Family } from './families.js'
import { readOptions } from './options.js'
import type { Options } from './options.js'
import { measureMemory } from './own/memory.js'
import { measureImport, measureStartup } from './own/startup.js'
import { measureTwoLevel } from './own/two-level.js'
import { measureWaiting } from './own/waiting.js'
import { askedFigures, askedRatios } from './report/asked.js'
import { drawCharts } from './report/charts.js'
import { fillHostPages, fillPages } from './report/pages.js'
import { textTable } from './report/table.js'
import { coldTable, familyTable } from './report/tables.js'
import { emptyResults, merged, readOrEmpty, readResults, writeResults } from './results.js'
import type { Results } from './results.js'
import { measureInTurns } from './turns.js'
import type { Outcome } from './turns.js'

const ourMachine = `${cpus()[0]?.model ?? process.arch}, ${availableParallelism()} processors, Node ${process.version}`

/** Turns of the wire are so many times as many and as long, and its warm-up: of large messages there are few a second. */
const WIRE_ROUNDS = 3
const WIRE_TURNS = 5
const WIRE_WARM_UP = 20

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`)
}

async function measure(
  family: Family,
  ranks: number,
  contenders: readonly Contender[],
  options: Options,
  say: (what: string) => void,
): Promise<Outcome> {
  const { settings, quick, peers } = options
  switch (family.kind) {
    case 'startup':
      return await measureStartup(ranks, peers, settings)
    case 'import':
      return await measureImport(settings)
    case 'idle':
    case 'wake':
      return await measureWaiting(family, ranks, quick)
    case 'memory':
      return await measureMemory(ranks)
    case 'levels':
      return await measureTwoLevel(family, ranks, quick)
    case 'messages':
    case 'collective':
    case 'wire':
    case 'kernel': {
      const players = contenders.filter(({ plays }) => plays(family, ranks))
      const cases = casesOf(family, options.sizes, quick)
      const { rounds, turn, warmUp } = settings
      const more = { rounds: rounds * WIRE_ROUNDS, turn: turn * WIRE_TURNS, warmUp: warmUp * WIRE_WARM_UP }
      const longer = { ...settings, ...(quick ? { turn: more.turn } : more) }
      return await measureInTurns(family, ranks, cases, players, family.kind === 'wire' ? longer : settings, say)
    }
  }
}

/** Measures and prints, family by family. */
async function measureAll(contenders: readonly Contender[], options: Options, results: Results): Promise<void> {
  const steps = options.families.flatMap((family) => ranksOf(family, options.ranks).map((ranks) => ({ family, ranks })))
  for (const [i, { family, ranks }] of steps.entries()) {
    const say = (what: string): void => progress(`[${i + 1}/${steps.length}] ${family.name}, ${ranks} ranks: ${what}`)
    say('')
    const before = await disturbances(`${family.name}, ${ranks} ranks`)
    const { measured, cold, failures, notes = before } = await measure(family, ranks, contenders, options, say)
    progress('')
    results.measured.push(...measured)
    if (cold !== undefined) results.cold.push(cold)
    results.failures.push(...failures)
    results.notes.push(...notes)
    if (measured.length > 0) console.log(`${textTable(familyTable(family, ranks, measured))}\n`)
    for (const line of failures) console.log(`failed: ${line}\n`)
    for (const line of notes) console.log(`note: ${line}\n`)
  }
}

function summarize(results: Results): void {
  const tables = [coldTable(results), askedRatios(results), askedFigures(results)]
  for (const table of tables.filter(({ rows }) => rows.length > 0)) console.log(`${textTable(table)}\n`)
}

function store(results: Results, { json, append }: Options): void {
  const all = append ? merged(readOrEmpty(json, results.machine), results) : results
  writeResults(json, all)
  const folder = dirname(json)
  mkdirSync(folder, { recursive: true })
  for (const [name, svg] of Object.entries(drawCharts(all))) writeFileSync(join(folder, name), svg)
  console.log(`written: ${json} and the curves beside it`)
}

const options = await readOptions(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`npm run bench: ${(error as Error).message}`)
  process.exit(2)
})
if (options.readme) {
  const fill = options.hosts ? fillHostPages : fillPages
  fill(file('..'), readResults(options.json))
} else {
  // Contenders leave when their input ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const found = options.peers ? findPeers() : { contenders: [], missing: [] }
  const machine = `${ourMachine}${options.peers ? peerVersions() : ''}`
  const results: Results = { ...emptyResults(machine), missing: found.missing }
  console.log(`${machine}\n`)
  for (const line of found.missing) console.log(`not there: ${line}`)
  const against = found.contenders.filter(({ name }) => options.against(name))
  await measureAll([...ourContenders(options.launcher), ...against], options, results)
  summarize(results)
  store(results, options)
  if (results.failures.some((line) => line.includes(`, ${OURS}: `))) process.exitCode = 1
}
