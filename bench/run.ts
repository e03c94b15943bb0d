// npm run bench [-- --peers]: measures messages and collectives of tsmpi, beside peers that do the same work.
import { availableParallelism, cpus } from 'node:os'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { findPeers, OURS } from './contenders.js'
import type { Contender } from './contenders.js'
import { caseName, casesOf, FAMILIES } from './families.js'
import type { Family } from './families.js'
import { measureFamily } from './measure.js'
import type { Measured, Settings } from './measure.js'
import { median, medianRatio, short } from './report/statistics.js'
import { textTable } from './report/table.js'

const list = (text: string | undefined): string[] | undefined => text?.split(',').map((word) => word.trim())

const { argv } = yargs(hideBin(process.argv))
  .scriptName('npm run bench --')
  .strict()
  .option('peers', { type: 'boolean', default: false, describe: 'Beside Open MPI in C, mpi4py and others' })
  .option('only', { type: 'string', describe: 'Families, comma-separated' })
  .option('ranks', { type: 'string', default: '2,4,8', describe: 'Numbers of ranks' })
  .option('sizes', { type: 'string', describe: 'Bytes, comma-separated' })
  .option('rounds', { type: 'number', default: 5, describe: 'Turns of each contender in each case' })
  .option('turn', { type: 'number', default: 20, describe: 'Milliseconds of a turn' })
  .option('against', { type: 'string', describe: 'Only these peers, by parts of their names' })
  .option('spaced', { type: 'boolean', default: true, describe: 'A barrier between operations of collectives, untimed, as OSU has it' })
  .option('quick', { type: 'boolean', default: false, describe: 'Few sizes, short turns' })

const options = await argv
const settings: Settings = {
  rounds: options.rounds,
  turn: options.quick ? Math.min(10, options.turn) : options.turn,
  warmUp: options.quick ? 150 : 300,
  spaced: options.spaced,
}

const progress = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`)
}

function report(family: Family, ranks: number, measured: readonly Measured[], contenders: readonly Contender[]): void {
  const names = contenders.map(({ name }) => name)
  const peers = names.slice(1)
  const head = [`${family.name}, ${ranks} ranks`, ...names.map((name) => `${name} µs`), ...peers.map((name) => `ours/${name}`)]
  const rows = measured.map(({ bytes, times }) => [
    caseName(family, bytes),
    ...names.map((name) => short(median(times[name] ?? []))),
    ...peers.map((name) => short(medianRatio(times[OURS.name] ?? [], times[name] ?? []))),
  ])
  progress('')
  console.log(`${textTable(head, rows)}\n`)
}

const peers = options.peers ? findPeers() : { contenders: [], missing: [] }
for (const line of peers.missing) console.log(`not there: ${line}`)
const against = list(options.against)
const wanted = (name: string): boolean => against === undefined || against.some((part) => name.toLowerCase().includes(part.toLowerCase()))
const contenders = [OURS, ...peers.contenders.filter(({ name }) => wanted(name))]
const only = list(options.only)
console.log(`${cpus()[0].model}, ${availableParallelism()} processors, Node ${process.version}\n`)
for (const family of FAMILIES.filter(({ name }) => only === undefined || only.includes(name))) {
  for (const ranks of (list(options.ranks) as string[]).map(Number)) {
    if (ranks !== 2 && !family.scales) continue
    const players = contenders.filter(({ plays }) => plays(family, ranks))
    const cases = casesOf(family, list(options.sizes)?.map(Number), options.quick)
    const { measured, cold, failures } = await measureFamily(family, ranks, cases, players, settings, progress)
    report(family, ranks, measured, players)
    const steady = measured.find(({ bytes }) => bytes === cold.bytes)?.times[OURS.name]
    if (steady !== undefined) {
      const first = cold.times[OURS.name]
      console.log(`first 1000 operations (${caseName(family, cold.bytes)}): ${short(first)} µs each, ${short(first / median(steady))} times the steady state\n`)
    }
    for (const line of failures) console.log(`failed: ${line}`)
  }
}
