// npm run tune: measures the algorithms of the collectives on this machine, and writes the table that selects them.
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { SIZE_UNKNOWN } from './tune/cases.js'
import { boardLimit, decide, overAllSizes, sizeClasses, withoutBoard } from './tune/decide.js'
import type { Measured } from './tune/decide.js'
import { distance, docsWith, jsonOf, sourceOf, timesTable } from './tune/format.js'
import { algorithmNames, BOARD, chooser, collectives, published, restrictionsOf, SWITCH_POINTS } from './tune/library.js'
import type { CollectiveName, MeasuredOn, SwitchPoint } from './tune/library.js'
import { measure } from './tune/measure.js'
import type { Measurement } from './tune/measure.js'
import { HELP, parseOptions } from './tune/options.js'
import type { Options } from './tune/options.js'
import { groupsOf } from './tune/rows.js'
import type { Group } from './tune/rows.js'

const SOURCE = fileURLToPath(new URL('../lib/coll/switchpoints.ts', import.meta.url))
const PAGE = fileURLToPath(new URL('../docs/algorithms.md', import.meta.url))

/** Load from which on somebody else is at work. */
const BUSY = 0.7

const cores = availableParallelism()
const isCrowded = (ranks: number): boolean => ranks > cores
const unrestricted = ({ collective, algorithm }: SwitchPoint): boolean => restrictionsOf(collective, algorithm).length === 0

const progress = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`)
}

function decideOne({ collective, ranks, timings }: Measurement): Measured {
  const messages = withoutBoard(timings, BOARD)
  const compared = SIZE_UNKNOWN.includes(collective) ? [overAllSizes(messages)] : messages
  const intervals = decide(compared, (name) => restrictionsOf(collective, name))
  const board = boardLimit(timings, BOARD, (bytes) => published(collective, ranks, bytes))
  return { ranks, timings: compared, preferences: { board, intervals } }
}

function groupsFrom(collective: CollectiveName, measurements: readonly Measurement[]): Group[] {
  const measured = measurements
    .filter((measurement) => measurement.collective === collective)
    .map(decideOne)
    .filter(({ preferences }) => preferences.intervals.length > 0)
  const crowded = sizeClasses(measured.filter(({ ranks }) => isCrowded(ranks)))
  const roomy = sizeClasses(measured.filter(({ ranks }) => !isCrowded(ranks)))
  return groupsOf({ collective, crowded, roomy }, SWITCH_POINTS, unrestricted)
}

/** What a table chooses for a case that was measured. */
function choiceOf(points: readonly SwitchPoint[]): (measurement: Measurement, bytes: number) => string {
  const choose = chooser(points)
  return ({ collective, ranks, timings }, bytes) => {
    const crowded = isCrowded(ranks)
    const onBoard = published(collective, ranks, bytes) <= choose.boardLimit(collective, ranks, crowded)
    if (onBoard && timings.some((timing) => timing.bytes === bytes && BOARD in timing.times)) return BOARD
    return choose.byMessages(collective, ranks, SIZE_UNKNOWN.includes(collective) ? 0 : bytes, crowded)
  }
}

function report(measurements: readonly Measurement[], points: readonly SwitchPoint[]): void {
  const [before, now] = [SWITCH_POINTS, points].map(choiceOf)
  for (const measurement of measurements) {
    const names = algorithmNames(measurement.collective)
    console.log(`${timesTable(measurement, names, (bytes) => now(measurement, bytes), (bytes) => before(measurement, bytes))}\n`)
  }
  console.log('* chosen from now on   · chosen so far')
  const [far, near] = [before, now].map((choose) => distance(measurements, choose).toFixed(3))
  console.log(`Time of the chosen algorithms, of the fastest each, in the geometric mean: ${far} so far, ${near} from now on`)
}

function write({ json }: Options, groups: readonly Group[], ranks: readonly number[]): void {
  const measuredOn: MeasuredOn = {
    cpu: cpus()[0]?.model.trim() ?? process.arch,
    cores,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    ranks,
  }
  if (json !== undefined) {
    writeFileSync(json, jsonOf(groups, measuredOn))
    console.log(`Written: ${json}. To use it: TSMPI_SWITCH_POINTS=${json} tsmpirun …`)
    return
  }
  const page = docsWith(readFileSync(PAGE, 'utf8'), groups.flatMap(({ points }) => points), measuredOn)
  writeFileSync(SOURCE, sourceOf(groups, measuredOn))
  writeFileSync(PAGE, page)
  console.log('Written: lib/coll/switchpoints.ts and docs/algorithms.md. `npm run build` puts them to use.')
}

async function main(options: Options): Promise<number> {
  console.log(`${cpus()[0]?.model ?? process.arch}, ${cores} processors, Node ${process.version}; ${options.seconds} s\n`)
  if (loadavg()[0] > BUSY) console.log(`The machine is busy: its load is ${loadavg()[0].toFixed(1)}. Ranks that share cores then measure that.\n`)
  const { measurements, failures, broken } = await measure(options, progress)
  progress('')
  for (const line of failures) console.log(`failed: ${line}`)
  if (broken.size > 0) console.log(`Keep the rows they had: ${[...broken].join(', ')}`)
  if (measurements.every(({ timings }) => timings.every(({ times }) => Object.keys(times).length === 0))) return 1
  const sound = measurements.filter(({ collective }) => !broken.has(collective))
  const groups = collectives().flatMap((collective) => groupsFrom(collective, sound))
  report(measurements, groups.flatMap(({ points }) => points))
  if (!options.dryRun) write(options, groups, options.ranks)
  return 0
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) console.log(HELP)
  else process.exitCode = await main(options)
} catch (error) {
  process.stderr.write(`npm run tune: ${(error as Error).message}\n`)
  process.exitCode = 2
}
