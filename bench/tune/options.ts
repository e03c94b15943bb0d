// The command line of npm run tune.
import { parseArgs } from 'node:util'
import { collectivesNamed } from './cases.js'
import type { Settings } from './measure.js'

export interface Options extends Settings {
  readonly dryRun: boolean
  /** Where to write the table for TSMPI_SWITCH_POINTS, instead of into the sources. */
  readonly json?: string
}

export const HELP = `npm run tune -- [options]
Measures the algorithms of the collectives on this machine, and writes lib/coll/switchpoints.ts and its table in
docs/algorithms.md. Takes --seconds, and nothing else should run meanwhile.

  --dry-run        Print the times, write nothing
  --json FILE      Write the table for TSMPI_SWITCH_POINTS instead
  --only NAMES     Collectives, comma-separated; the others keep their rows
  --ranks NUMBERS  Default: 2,4,8
  --step N         Factor between sizes, 2 or 4 or so (default: 4)
  --sizes BYTES    These sizes, multiples of 8, instead
  --rounds N       Turns of each algorithm at each size (default: 5)
  --seconds N      For all of it (default: 300)
  --quick          Few sizes, three rounds, 60 s: to see that it works
  --help`

/** Nothing where help is asked for. Throws for what makes no sense. */
export function parseOptions(argv: string[]): Options | undefined {
  const { values } = parseArgs({
    args: argv,
    options: {
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string' },
      ranks: { type: 'string', default: '2,4,8' },
      step: { type: 'string' },
      sizes: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const { quick, json, sizes } = values
  return {
    dryRun: values['dry-run'],
    ...(json === undefined ? {} : { json }),
    collectives: collectivesNamed(words(values.only)),
    ranks: numbers('ranks', values.ranks, (n) => n >= 2 && n <= 1024),
    step: one('step', values.step, quick ? 16 : 4, (n) => n >= 2),
    ...(sizes === undefined ? {} : { sizes: numbers('sizes', sizes, (n) => n > 0 && n % 8 === 0) }),
    rounds: one('rounds', values.rounds, quick ? 3 : 5, (n) => n >= 1),
    seconds: one('seconds', values.seconds, quick ? 60 : 300, (n) => n >= 1),
  }
}

const words = (text: string | undefined): string[] | undefined => text?.split(',').map((word) => word.trim())

function numbers(name: string, text: string, valid: (n: number) => boolean): number[] {
  const found = (words(text) ?? []).map(Number)
  if (!found.every((n) => Number.isSafeInteger(n) && valid(n))) throw new Error(`--${name} ${text} makes no sense; see --help`)
  return [...new Set(found)].sort((a, b) => a - b)
}

function one(name: string, text: string | undefined, fallback: number, valid: (n: number) => boolean): number {
  if (text === undefined) return fallback
  const [found, ...more] = numbers(name, text, valid)
  if (more.length > 0) throw new Error(`--${name} takes one number`)
  return found
}
