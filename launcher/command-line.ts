// The words of tsmpirun's command line: which options there are, by yargs, and where each program begins. What the values
// mean is in options.ts. A program's own arguments never pass through yargs.
import yargs from 'yargs'
import type { Options as YargsOption } from 'yargs'
import { DEFAULT_EAGER_LIMIT } from '../lib/env.js'
import { LaunchError } from '../lib/errors.js'

export const TRANSPORTS = ['auto', 'shm', 'zmq'] as const
export const STDIN = ['0', 'all', 'none'] as const
export const RANK_BY = ['slot', 'node'] as const
export const BIND_TO = ['none', 'core', 'socket', 'numa'] as const

const PER_PROGRAM = 'For each program:'
const PLACES = 'Where ranks run:'
const AGENTS = 'Other hosts:'
const OUTPUT = 'Input and output:'
const JOB = 'The job:'
const ABOUT = 'To look into it:'

const value = (group: string, describe: string, more: YargsOption = {}): YargsOption => ({
  group,
  describe,
  type: 'string',
  nargs: 1,
  requiresArg: true,
  ...more,
})
const flag = (group: string, describe: string): YargsOption => ({ group, describe, type: 'boolean' })

const OPTIONS: Record<string, YargsOption> = {
  np: value(PER_PROGRAM, 'Number of ranks (default: one per slot of the hosts, or per processor)', { alias: 'n' }),
  x: value(PER_PROGRAM, 'NAME=VALUE for the environment, or NAME to pass it on; repeatable'),
  wdir: value(PER_PROGRAM, 'Working directory of the ranks'),
  'node-arg': value(PER_PROGRAM, 'Flag for Node, as in --node-arg=--expose-gc; repeatable'),
  hostfile: value(PLACES, 'File of hosts: lines such as `node1 slots=4`, `node2:4` or `node[3-6]`', { alias: 'machinefile' }),
  host: value(PLACES, 'Hosts, as in -H a:2,b,c; with a hostfile or an allocation, which of them; repeatable', { alias: 'H' }),
  ppn: value(PLACES, 'Ranks on each host, whatever its slots', { alias: 'N' }),
  'map-by': value(PLACES, 'slot (default; core is the same): fill host by host; node: in turn; ppr:K:node: K on each'),
  'rank-by': value(PLACES, 'slot or node: number ranks host by host, or in turn (default: as --map-by)'),
  'bind-to': value(PLACES, 'none (default), core, socket or numa: which processors a rank may use'),
  'cpus-per-rank': value(PLACES, 'Cores for each rank; stands for --bind-to core (default: 1)'),
  nooversubscribe: flag(PLACES, 'Refuse to run more ranks on a host than it has slots'),
  rsh: value(AGENTS, 'Command that reaches other hosts, instead of ssh'),
  'launch-timeout': value(AGENTS, 'Seconds until a host must have answered (default: 30)'),
  heartbeat: value(AGENTS, 'Seconds after which all is over if a host or the network is lost (default: 5)'),
  interface: value(AGENTS, 'Name of the network interface, or network such as 10.1.0.0/16, for messages between hosts'),
  prefix: value(AGENTS, 'Folder of this package on other hosts (default: as here)'),
  'tree-width': value(AGENTS, 'With more hosts than this, agents start agents (default: 32)'),
  transport: value(JOB, 'auto (default), shm or zmq: how messages travel'),
  'eager-limit': value(JOB, `Bytes up to which a message is sent without asking (default: ${DEFAULT_EAGER_LIMIT})`),
  timeout: value(JOB, 'Seconds after which the job is ended, with exit code 124'),
  stdin: value(OUTPUT, '0 (default), all or none: which ranks read standard input'),
  'tag-output': flag(OUTPUT, 'Begin each line of output with [rank]'),
  'timestamp-output': flag(OUTPUT, 'Begin each line of output with the time'),
  'output-dir': value(OUTPUT, 'Folder for the output, one file per rank and stream'),
  'display-map': flag(ABOUT, 'Print the hosts, and which rank runs what and where, then run'),
  'dry-run': flag(ABOUT, 'Print that, with the whole command lines, and run nothing'),
  'inspect-rank': value(ABOUT, 'Rank to which a debugger may attach; its address is printed'),
  verbose: flag(ABOUT, 'Say more about what tsmpirun does'),
  help: flag(ABOUT, 'Print this help'),
  version: flag(ABOUT, 'Print the version'),
}
const REPEATABLE = new Set(['x', 'node-arg', 'host'])
/** The options' other names. */
const ALIASES: Record<string, string> = { n: 'np', h: 'help', H: 'host', N: 'ppn', machinefile: 'hostfile' }

const EXAMPLES: [string, string][] = [
  ['$0 -n 8 pi.js', 'Eight ranks of pi.js'],
  ['$0 -n 4 --tag-output sim.ts --steps 100', 'What follows the program is its own'],
  ['$0 -n 2 a.js : -n 3 b.js', 'One world of five ranks, of two programs'],
  ['$0 -n 4 --timeout 60 --transport zmq x.js', 'At most a minute, without shared memory'],
  ['$0 -H a:4,b:4 x.js', 'Eight ranks on two hosts, by ssh; --dry-run shows which runs what'],
  ['$0 -n 2 ./wrapper.sh', 'A script that ends in `exec node x.js`'],
]
const EPILOGUE = `Exit code: 0 when every rank ends with 0, else that of the first rank to fail (128 + signal number).
124: --timeout; 126 or 127: the program cannot be executed or is not there; 2: a wrong option.
Ctrl-C ends every rank (TERM, and KILL after 2 s); a second one does so at once. Manual: docs/launcher.md`

/** Values by the names of options, and under `given` which were given. */
export type Parsed = Record<string, unknown>

/** One program of the command line, its options parsed. */
export interface Segment {
  parsed: Parsed
  program: string[]
}

/** The programs of a command line, or what is asked for instead of running them. Throws LaunchError. */
export function parseCommandLine(argv: string[]): Segment[] | 'help' | 'version' {
  const cut = splitPrograms(argv).map(splitProgram)
  const segments = cut.map(({ words, program }) => ({ parsed: parseWords(words), program }))
  if (segments.some(({ parsed }) => parsed['help'] === true)) return 'help'
  if (segments.some(({ parsed }) => parsed['version'] === true)) return 'version'
  for (const { parsed } of segments.slice(1)) forbidGlobal(parsed)
  return segments
}

export const usage = (message: string): LaunchError =>
  new LaunchError(`${message}\nTry \`tsmpirun --help\`.`, { exitCode: 2 })

/** Cuts the command line at the words `:`. */
function splitPrograms(argv: string[]): string[][] {
  const segments: string[][] = [[]]
  for (const word of argv) {
    if (word === ':') segments.push([])
    else segments.at(-1)?.push(word)
  }
  return segments
}

/** Cuts a segment into options and program: options end at the first word that is neither an option nor its value. */
function splitProgram(segment: string[]): { words: string[]; program: string[] } {
  const words: string[] = []
  let at = 0
  for (; at < segment.length; at++) {
    const word = segment[at]
    if (word === '--') return { words, program: segment.slice(at + 1) }
    if (!word.startsWith('-') || word === '-') break
    const short = /^-([nN])(\d+)$/.exec(word)
    const name = word.replace(/^--?/, '').replace(/=.*$/s, '')
    const option = OPTIONS[ALIASES[name] ?? name]
    if (short) words.push(`-${short[1]}=${short[2]}`)
    else if (!option) throw usage(unknownOption(word, name))
    else words.push(word.replace(/^--?/, name.length === 1 ? '-' : '--'))
    if (option?.type === 'string' && !word.includes('=')) {
      const following = segment[++at]
      if (following === undefined) throw usage(`${word} needs a value`)
      words[words.length - 1] += `=${following}`
    }
  }
  return { words, program: segment.slice(at) }
}

function unknownOption(word: string, name: string): string {
  const nearest = Object.keys(OPTIONS)
    .map((known) => ({ known, distance: editDistance(name, known) }))
    .sort((a, b) => a.distance - b.distance)[0]
  const option = word.replace(/=.*$/s, '')
  const hint = nearest && nearest.distance <= name.length / 3 ? `; did you mean --${nearest.known}?` : ''
  return `unknown option ${option}${hint}`
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1]) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j]) + 1, (next[j - 1]) + 1))
    }
    row = next
  }
  return row[b.length]
}

function parser(words: string[]) {
  return yargs(words)
    .scriptName('tsmpirun')
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration({
      'camel-case-expansion': false,
      'boolean-negation': false,
      'dot-notation': false,
      'short-option-groups': false,
      'strip-aliased': true,
    })
    .options(OPTIONS)
    .fail((message: string, error: Error | undefined) => {
      throw usage(message || String(error))
    })
}

function parseWords(words: string[]): Parsed {
  const parsed = parser(words).parseSync() as Parsed
  for (const [name, found] of Object.entries(parsed)) {
    if (Array.isArray(found) && name !== '_' && !REPEATABLE.has(name)) parsed[name] = found.at(-1)
  }
  parsed['given'] = new Set(words.map((word) => word.replace(/^--?/, '').replace(/=.*$/s, '')))
  return parsed
}

export async function helpText(): Promise<string> {
  return parser([])
    .usage('Usage: $0 [options] program [arguments…] [: [options] program [arguments…]]…')
    .example(EXAMPLES)
    .epilogue(EPILOGUE)
    .wrap(null)
    .alias('help', 'h')
    .getHelp()
    .then((text) => text.replace(/ +\[(string|boolean|default: [^\]]*)\]/g, ''))
}

function forbidGlobal(parsed: Parsed): void {
  for (const given of parsed['given'] as Set<string>) {
    const name = ALIASES[given] ?? given
    if (OPTIONS[name]?.group !== PER_PROGRAM) {
      throw usage(`--${name} is for the whole job: give it before the first program`)
    }
  }
}
