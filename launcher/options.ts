// The command line of tsmpirun, by yargs. A program's own arguments never pass through it.
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import yargs from 'yargs'
import type { Options as YargsOption } from 'yargs'
import { DEFAULT_EAGER_LIMIT, ENV, envInteger } from '../lib/env.js'
import type { TransportChoice } from '../lib/env.js'
import { LaunchError } from '../lib/errors.js'

/** One program of the command line, and how many ranks run it. */
export interface App {
  np: number
  program: string
  args: string[]
  /** From `-x`. */
  env: Record<string, string>
  wdir: string
  nodeArgs: string[]
}

export interface Options {
  apps: App[]
  transport: TransportChoice
  eagerLimit: number
  stdin: '0' | 'all' | 'none'
  tagOutput: boolean
  timestampOutput: boolean
  outputDir?: string
  /** Seconds. */
  timeout?: number
  inspectRank?: number
  displayMap: boolean
  dryRun: boolean
  verbose: boolean
}

const TRANSPORTS = ['auto', 'shm', 'zmq'] as const
const STDIN = ['0', 'all', 'none'] as const

const PER_PROGRAM = 'For each program:'
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
  np: value(PER_PROGRAM, 'Number of ranks (default: one per processor)', { alias: 'n' }),
  x: value(PER_PROGRAM, 'NAME=VALUE for the environment, or NAME to pass it on; repeatable'),
  wdir: value(PER_PROGRAM, 'Working directory of the ranks'),
  'node-arg': value(PER_PROGRAM, 'Flag for Node, as in --node-arg=--expose-gc; repeatable'),
  transport: value(JOB, 'auto (default), shm or zmq: how messages travel', { choices: [...TRANSPORTS] }),
  'eager-limit': value(JOB, `Bytes up to which a message is sent without asking (default: ${DEFAULT_EAGER_LIMIT})`),
  timeout: value(JOB, 'Seconds after which the job is ended, with exit code 124'),
  stdin: value(OUTPUT, '0 (default), all or none: which ranks read standard input', { choices: [...STDIN] }),
  'tag-output': flag(OUTPUT, 'Begin each line of output with [rank]'),
  'timestamp-output': flag(OUTPUT, 'Begin each line of output with the time'),
  'output-dir': value(OUTPUT, 'Folder for the output, one file per rank and stream'),
  'display-map': flag(ABOUT, 'Print which rank runs what and where, then run'),
  'dry-run': flag(ABOUT, 'Print that, with the whole command lines, and run nothing'),
  'inspect-rank': value(ABOUT, 'Rank to which a debugger may attach; its address is printed'),
  verbose: flag(ABOUT, 'Say more about what tsmpirun does'),
  help: flag(ABOUT, 'Print this help'),
  version: flag(ABOUT, 'Print the version'),
}
const REPEATABLE = new Set(['x', 'node-arg'])
const ALIASES: Record<string, string> = { n: 'np', h: 'help' }

const EXAMPLES: [string, string][] = [
  ['$0 -n 8 pi.js', 'Eight ranks of pi.js'],
  ['$0 -n 4 --tag-output sim.ts --steps 100', 'What follows the program is its own'],
  ['$0 -n 2 a.js : -n 3 b.js', 'One world of five ranks, of two programs'],
  ['$0 -n 4 --timeout 60 --transport zmq x.js', 'At most a minute, without shared memory'],
  ['$0 -n 2 ./wrapper.sh', 'A script that ends in `exec node x.js`'],
]
const EPILOGUE = `Exit code: 0 when every rank ends with 0, else that of the first rank to fail (128 + signal number).
124: --timeout; 126 or 127: the program cannot be executed or is not there; 2: a wrong option.
Ctrl-C ends every rank (TERM, and KILL after 2 s); a second one does so at once. Manual: docs/launcher.md`

type Parsed = Record<string, unknown>

/** The options, or the text to print instead of running. Throws LaunchError. */
export async function parseOptions(argv: string[], version: string): Promise<Options | string> {
  const segments = splitPrograms(argv).map(splitProgram)
  const parsed = segments.map(({ words }) => parseWords(words))
  if (parsed.some((one) => one['help'] === true)) return helpText()
  if (parsed.some((one) => one['version'] === true)) return `tsmpirun (tsmpi) ${version}`
  const first = parsed[0]
  for (const later of parsed.slice(1)) forbidGlobal(later)
  const apps = segments.map(({ program }, index) => readApp(parsed[index], program, segments.length > 1))
  const options: Options = {
    apps,
    transport: readTransport(first),
    eagerLimit: integer(first, 'eager-limit', 0, 2 ** 31 - 1) ?? envInteger(ENV.EAGER_LIMIT, DEFAULT_EAGER_LIMIT),
    stdin: (first['stdin'] as Options['stdin'] | undefined) ?? '0',
    tagOutput: first['tag-output'] === true,
    timestampOutput: first['timestamp-output'] === true,
    displayMap: first['display-map'] === true,
    dryRun: first['dry-run'] === true,
    verbose: first['verbose'] === true,
  }
  return { ...options, ...optional(first, apps) }
}

function readTransport(parsed: Parsed): TransportChoice {
  const text = (parsed['transport'] as string | undefined) ?? (process.env[ENV.TRANSPORT] || 'auto')
  const known = TRANSPORTS.find((transport) => transport === text)
  if (!known) throw usage(`${ENV.TRANSPORT}=${text}: expected one of ${TRANSPORTS.join(', ')}`)
  return known
}

function optional(first: Parsed, apps: App[]): Partial<Options> {
  const size = apps.reduce((sum, { np }) => sum + np, 0)
  const outputDir = first['output-dir'] as string | undefined
  const timeout = seconds(first)
  const inspectRank = integer(first, 'inspect-rank', 0, size - 1)
  if (outputDir !== undefined && (first['tag-output'] === true || first['timestamp-output'] === true)) {
    throw usage('--output-dir writes what ranks print as it is: it does not go with --tag-output or --timestamp-output')
  }
  return {
    ...(outputDir !== undefined && { outputDir: resolve(outputDir) }),
    ...(timeout !== undefined && { timeout }),
    ...(inspectRank !== undefined && { inspectRank }),
  }
}

const usage = (message: string): LaunchError =>
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
    const short = /^-n(\d+)$/.exec(word)
    const name = word.replace(/^--?/, '').replace(/=.*$/s, '')
    const option = OPTIONS[ALIASES[name] ?? name]
    if (short) words.push('-n', short[1])
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

async function helpText(): Promise<string> {
  return parser([])
    .usage('Usage: $0 [options] program [arguments…] [: [options] program [arguments…]]…')
    .example(EXAMPLES)
    .epilogue(EPILOGUE)
    .wrap(null)
    .alias('help', 'h')
    .getHelp()
    .then((text) => text.replace(/ +\[(string|boolean|choices: [^\]]*|default: [^\]]*)\]/g, ''))
}

function forbidGlobal(parsed: Parsed): void {
  for (const given of parsed['given'] as Set<string>) {
    const name = ALIASES[given] ?? given
    if (OPTIONS[name]?.group !== PER_PROGRAM) {
      throw usage(`--${name} is for the whole job: give it before the first program`)
    }
  }
}

function readApp(parsed: Parsed, program: string[], several: boolean): App {
  const [name, ...args] = program
  if (name === undefined || name === '') throw usage('no program given')
  const np = integer(parsed, 'np', 1, 65536)
  if (np === undefined && several) throw usage(`with several programs each needs its number of ranks: -n N ${name}`)
  const env: Record<string, string> = {}
  for (const item of list(parsed['x'])) readVariable(item, env)
  return {
    np: np ?? availableParallelism(),
    program: name,
    args,
    env,
    wdir: resolve((parsed['wdir'] as string | undefined) ?? '.'),
    nodeArgs: list(parsed['node-arg']),
  }
}

function readVariable(item: string, env: Record<string, string>): void {
  const [, name, text] = /^([^=]+)(?:=(.*))?$/s.exec(item) ?? []
  if (name === undefined) throw usage(`-x ${item}: expected NAME or NAME=VALUE`)
  const found = text ?? process.env[name]
  if (found === undefined) throw usage(`-x ${name}: ${name} is not set here; give it as -x ${name}=VALUE`)
  env[name] = found
}

const list = (found: unknown): string[] => (found === undefined ? [] : [found].flat().map(String))

function integer(parsed: Parsed, name: string, min: number, max: number): number | undefined {
  const text = parsed[name] as string | undefined
  if (text === undefined) return undefined
  const number = /^\d+$/.test(text) ? Number(text) : NaN
  if (!(number >= min && number <= max)) {
    throw usage(`${name === 'np' ? '-n' : `--${name}`} ${text}: expected an integer from ${min} to ${max}`)
  }
  return number
}

function seconds(parsed: Parsed): number | undefined {
  const text = parsed['timeout'] as string | undefined
  if (text === undefined) return undefined
  const number = Number(text)
  // Node's timers reach no further.
  if (!(text.trim() !== '' && number > 0 && number <= 2_000_000)) {
    throw usage(`--timeout ${text}: expected seconds, more than 0 and at most 2000000`)
  }
  return number
}
