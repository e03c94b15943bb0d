// What the options of tsmpirun mean. Their names are in command-line.ts.
import { resolve } from 'node:path'
import { isNetwork } from '../lib/addresses.js'
import { DEFAULT_EAGER_LIMIT, ENV, envInteger } from '../lib/env.js'
import type { TransportChoice } from '../lib/env.js'
import { BIND_TO, RANK_BY, STDIN, TRANSPORTS, helpText, parseCommandLine, usage } from './command-line.js'
import type { Parsed } from './command-line.js'
import type { HostOptions } from './hosts/resources.js'
import type { MappingOptions } from './mapping.js'

/** One program of the command line, and how many ranks run it. */
export interface App {
  /** Absent, where there is one program only: as many as the hosts have slots. */
  np?: number
  program: string
  args: string[]
  /** From `-x`. */
  env: Record<string, string>
  wdir: string
  nodeArgs: string[]
}

export interface Options extends HostOptions, MappingOptions {
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
  /** The words of the command instead of ssh. */
  rsh?: string[]
  /** Seconds. */
  launchTimeout: number
  heartbeat: number
  treeWidth: number
  /** A name, or a network. */
  interface?: string
  /** The folder of this package on other hosts. */
  prefix?: string
}

/** The options, or the text to print instead of running. Throws LaunchError. */
export async function parseOptions(argv: string[], version: string): Promise<Options | string> {
  const segments = parseCommandLine(argv)
  if (segments === 'help') return helpText()
  if (segments === 'version') return `tsmpirun (tsmpi) ${version}`
  const first = segments[0].parsed
  const apps = segments.map(({ parsed, program }) => readApp(parsed, program, segments.length > 1))
  const options: Options = {
    apps,
    transport: readTransport(first),
    eagerLimit: integer(first, 'eager-limit', 0, 2 ** 31 - 1) ?? envInteger(ENV.EAGER_LIMIT, DEFAULT_EAGER_LIMIT),
    stdin: choice(first, 'stdin', STDIN) ?? '0',
    tagOutput: first['tag-output'] === true,
    timestampOutput: first['timestamp-output'] === true,
    displayMap: first['display-map'] === true,
    dryRun: first['dry-run'] === true,
    verbose: first['verbose'] === true,
    ...readPlaces(first),
    ...readAgents(first),
  }
  return { ...options, ...optional(first) }
}

function readTransport(parsed: Parsed): TransportChoice {
  const chosen = choice(parsed, 'transport', TRANSPORTS)
  if (chosen !== undefined) return chosen
  const text = process.env[ENV.TRANSPORT] || 'auto'
  const known = TRANSPORTS.find((transport) => transport === text)
  if (!known) throw usage(`${ENV.TRANSPORT}=${text}: expected one of ${TRANSPORTS.join(', ')}`)
  return known
}

function readPlaces(first: Parsed): HostOptions & MappingOptions {
  const mapBy = readMapBy(first['map-by'] as string | undefined)
  const ppn = integer(first, 'ppn', 1, 65536)
  if (ppn !== undefined && mapBy.perNode !== undefined) throw usage('--ppn and --map-by ppr:K:node say the same: give one of them')
  const rankBy = choice(first, 'rank-by', RANK_BY)
  const cpus = integer(first, 'cpus-per-rank', 1, 65536)
  const bindTo = readBindTo(first, cpus)
  const hosts = list(first['host'])
  return {
    ...mapBy,
    ...(ppn !== undefined && { perNode: ppn }),
    ...(rankBy !== undefined && { rankBy }),
    ...(bindTo !== undefined && { bindTo }),
    ...(first['hostfile'] !== undefined && { hostfile: first['hostfile'] as string }),
    ...(hosts.length > 0 && { host: hosts.join(',') }),
    noOversubscribe: first['nooversubscribe'] === true,
    cpusPerRank: cpus ?? 1,
  }
}

/** So many cores can only be had by being bound to them. */
function readBindTo(first: Parsed, cpus: number | undefined): HostOptions['bindTo'] {
  const bindTo = choice(first, 'bind-to', BIND_TO)
  if (cpus !== undefined && bindTo !== undefined && bindTo !== 'core') {
    throw usage(`--cpus-per-rank binds ranks to cores: it goes with --bind-to core, which it stands for, not with --bind-to ${bindTo}`)
  }
  if (bindTo === undefined && cpus !== undefined) return 'core'
  return bindTo === 'none' ? undefined : bindTo
}

type AgentOptions = Pick<Options, 'rsh' | 'launchTimeout' | 'heartbeat' | 'treeWidth' | 'interface' | 'prefix'>

function readAgents(first: Parsed): AgentOptions {
  const rsh = splitCommand((first['rsh'] as string | undefined) ?? process.env[ENV.RSH] ?? '')
  if (first['rsh'] !== undefined && rsh.length === 0) throw usage('--rsh: expected a command')
  const network = first['interface'] as string | undefined
  if (network !== undefined && !isNetwork(network)) {
    throw usage(`--interface ${network}: expected the name of an interface, an address or a network such as 10.1.0.0/16`)
  }
  const prefix = first['prefix'] as string | undefined
  return {
    ...(rsh.length > 0 && { rsh }),
    launchTimeout: seconds(first, 'launch-timeout') ?? 30,
    heartbeat: seconds(first, 'heartbeat') ?? 5,
    treeWidth: integer(first, 'tree-width', 1, 65536) ?? 32,
    ...(network !== undefined && { interface: network }),
    ...(prefix !== undefined && { prefix: resolve(prefix) }),
  }
}

/** The words of a command; what has spaces stands in quotes. A program given by its path is found from anywhere. */
function splitCommand(text: string): string[] {
  const words = [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'))
  return words.map((word, index) => (index === 0 && word.includes('/') ? resolve(word) : word))
}

function readMapBy(text = 'slot'): Pick<MappingOptions, 'mapBy' | 'perNode'> {
  const word = text.toLowerCase()
  if (word === 'slot' || word === 'node' || word === 'core') return { mapBy: word }
  const [, ranks] = /^ppr:([1-9]\d{0,4}):node$/.exec(word) ?? []
  if (ranks === undefined) throw usage(`--map-by ${text}: expected slot, node, core or ppr:K:node`)
  return { mapBy: 'slot', perNode: Number(ranks) }
}

function optional(first: Parsed): Partial<Options> {
  const outputDir = first['output-dir'] as string | undefined
  const timeout = seconds(first, 'timeout')
  const inspectRank = integer(first, 'inspect-rank', 0, 65535)
  if (outputDir !== undefined && (first['tag-output'] === true || first['timestamp-output'] === true)) {
    throw usage('--output-dir writes what ranks print as it is: it does not go with --tag-output or --timestamp-output')
  }
  return {
    ...(outputDir !== undefined && { outputDir: resolve(outputDir) }),
    ...(timeout !== undefined && { timeout }),
    ...(inspectRank !== undefined && { inspectRank }),
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
    ...(np !== undefined && { np }),
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

/** One of these words, in either case. */
function choice<T extends string>(parsed: Parsed, name: string, words: readonly T[]): T | undefined {
  const text = parsed[name] as string | undefined
  const found = words.find((word) => word === text?.toLowerCase())
  if (text === undefined || found !== undefined) return found
  throw usage(`--${name} ${text}: expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`)
}

function integer(parsed: Parsed, name: string, min: number, max: number): number | undefined {
  const text = parsed[name] as string | undefined
  if (text === undefined) return undefined
  const number = /^\d+$/.test(text) ? Number(text) : NaN
  if (!(number >= min && number <= max)) {
    throw usage(`${name === 'np' ? '-n' : `--${name}`} ${text}: expected an integer from ${min} to ${max}`)
  }
  return number
}

function seconds(parsed: Parsed, name: string): number | undefined {
  const text = parsed[name] as string | undefined
  if (text === undefined) return undefined
  const number = Number(text)
  // Node's timers reach no further.
  if (!(text.trim() !== '' && number > 0 && number <= 2_000_000)) {
    throw usage(`--${name} ${text}: expected seconds, more than 0 and at most 2000000`)
  }
  return number
}
