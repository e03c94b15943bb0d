// The command line of npm run bench.
import yargs from 'yargs'
import { file } from './contenders.js'
import { FAMILIES, familyNamed, isBetweenHosts } from './families.js'
import type { Family } from './families.js'
import type { Settings } from './turns.js'

export interface Options {
  readonly peers: boolean
  readonly against: (peer: string) => boolean
  readonly families: readonly Family[]
  readonly ranks: readonly number[] | undefined
  readonly sizes: readonly number[] | undefined
  readonly quick: boolean
  readonly settings: Settings
  /** Options of tsmpirun. */
  readonly launcher: readonly string[]
  readonly json: string
  readonly append: boolean
  readonly readme: boolean
  /** What runs between hosts. */
  readonly hosts: boolean
}

const words = (text: string): string[] => text.split(',').map((word) => word.trim()).filter((word) => word !== '')

function numbers(option: string, text: string, least: number): number[] {
  return words(text).map((word) => {
    const number = Number(word)
    if (Number.isInteger(number) && number >= least) return number
    throw new Error(`--${option} takes whole numbers from ${least}, comma-separated, not "${word}"`)
  })
}

const parser = (args: readonly string[]) =>
  yargs(args)
    .scriptName('npm run bench --')
    .usage('$0 [options]\n\nMeasures tsmpi. docs/benchmarks.md says what and how.')
    .strict()
    .demandCommand(0, 0)
    .option('peers', { type: 'boolean', default: false, describe: 'beside Open MPI in C, mpi4py, libzmq and what Node has' })
    .option('against', { type: 'string', describe: 'only peers whose names contain one of these words' })
    .option('only', { type: 'string', describe: `families: ${FAMILIES.map(({ name }) => name).join(' ')}` })
    .option('ranks', { type: 'string', describe: 'numbers of ranks [default: 2,4,8]' })
    .option('sizes', { type: 'string', describe: 'bytes of a message or block' })
    .option('rounds', { type: 'number', default: 5, describe: 'turns of each contender in each case' })
    .option('turn', { type: 'number', default: 20, describe: 'milliseconds of a turn' })
    .option('quick', { type: 'boolean', default: false, describe: 'few sizes, short turns, short warm-up' })
    .option('spaced', { type: 'boolean', default: true, describe: 'an untimed barrier between collectives, as OSU has it' })
    .option('transport', { type: 'string', choices: ['auto', 'shm', 'zmq'], default: 'auto', describe: 'of tsmpirun' })
    .option('json', { type: 'string', describe: 'where the results go [default: bench/results/results.json, or hosts.json beside it]' })
    .option('append', { type: 'boolean', default: false, describe: 'keep what other runs have put there' })
    .option('hosts', { type: 'boolean', default: false, describe: 'what runs between hosts instead, beside libzmq and zeromq.js' })
    .option('readme', { type: 'boolean', default: false, describe: 'measure nothing: put the results into the pages' })
    .version(false)
    .fail((message, error) => {
      throw error ?? new Error(message)
    })

function settingsOf({ rounds, turn, quick, spaced }: { rounds: number; turn: number; quick: boolean; spaced: boolean }): Settings {
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error('--rounds takes a whole number from 1')
  if (!(turn > 0)) throw new Error('--turn takes milliseconds above 0')
  return {
    rounds,
    turn: quick ? Math.min(10, turn) : turn,
    warmUp: quick ? 100 : 150,
    warmUpOperations: quick ? 10_000 : 20_000,
    warmUpLimit: quick ? 1500 : 3000,
    spaced,
  }
}

/** @throws Error that tells a wrong option. */
export async function readOptions(args: readonly string[]): Promise<Options> {
  const { only, ranks, sizes, against, transport, ...rest } = await parser(args).parseAsync()
  const parts = against === undefined ? undefined : words(against.toLowerCase())
  const chosen = only === undefined ? undefined : words(only).map(familyNamed)
  return {
    peers: rest.peers || rest.hosts,
    against: (peer) => parts === undefined || parts.some((part) => peer.toLowerCase().includes(part)),
    families: FAMILIES.filter((family) => chosen?.includes(family) ?? isBetweenHosts(family) === rest.hosts),
    ranks: ranks === undefined ? undefined : numbers('ranks', ranks, 2),
    sizes: sizes === undefined ? undefined : numbers('sizes', sizes, 0),
    quick: rest.quick,
    settings: settingsOf(rest),
    launcher: ['--transport', transport],
    json: rest.json ?? file(rest.hosts ? 'results/hosts.json' : 'results/results.json'),
    append: rest.append,
    readme: rest.readme,
    hosts: rest.hosts,
  }
}
