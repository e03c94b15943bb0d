// The whole job before anything is started: what each rank runs, and where.
import { existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isatty } from 'node:tty'
import { randomBytes } from 'node:crypto'
import { ENV } from '../lib/env.js'
import { LaunchError } from '../lib/errors.js'
import type { LaunchSpec, RankSpec, StartOptions } from '../lib/wire/agent.js'
import { encodeHosts } from '../lib/wire/hosts.js'
import { usage } from './command-line.js'
import { findAllocation } from './hosts/allocation.js'
import { thisMachine } from './hosts/here.js'
import type { Here } from './hosts/here.js'
import { counted } from './hosts/host.js'
import { findHosts } from './hosts/resources.js'
import type { JobHost } from './hosts/resources.js'
import { describeOversubscription, oversubscribed, placeRanks } from './mapping.js'
import type { Placement } from './mapping.js'
import type { App, Options } from './options.js'
import type { Command } from './command.js'
import { resolveProgram } from './program.js'
import { readSwitchPoints } from './switchpoints.js'
import { packageFolder } from './version.js'

/** A host and the ranks it is to run, in the order of their local ranks; it may have none. */
export interface HostPlan extends JobHost {
  ranks: number[]
}

/** How agents come to other hosts. */
export interface TreePlan {
  start: StartOptions
  /** Seconds. */
  heartbeat: number
  /** How many agents one starts at most. */
  width: number
  interface?: string
}

export interface Plan extends Omit<LaunchSpec, 'window' | 'network'> {
  /** The program of each rank, as the user wrote it. */
  programs: string[]
  places: HostPlan[]
  /** The name of this machine, in the job if it is part of it. */
  here: string
  tree: TreePlan
  /** What the user is told before it starts. */
  warnings: string[]
  /** What --verbose says about it. */
  notes: string[]
}

/** Linux takes 128 KiB for one variable of the environment. */
const MOST_ENVIRONMENT = 120_000

/** Places the ranks and finds their programs. Throws LaunchError where a program cannot be run or ranks do not fit. */
export function planJob(options: Options, env: NodeJS.ProcessEnv = process.env, here: Here = thisMachine()): Plan {
  const found = findHosts(options, env, here)
  const placements = placeRanks(found, options.apps.map(({ np }) => np), options)
  const size = placements.length
  if (options.inspectRank !== undefined && options.inspectRank >= size) {
    throw usage(`--inspect-rank ${options.inspectRank}: expected an integer from 0 to ${size - 1}`)
  }
  const places = found.map((host): HostPlan => ({ ...host, ranks: [] }))
  for (const { rank, host } of placements) places[host].ranks.push(rank)
  const hosts = placements.map(({ host }) => found[host].name)
  const job = randomBytes(8).toString('hex')
  for (const app of options.apps) checkFolder(app)
  const commandOf = commandFinder(options, found, here)
  return {
    programs: placements.map(({ app }) => [options.apps[app].program, ...options.apps[app].args].map(quote).join(' ')),
    places,
    here: places.find(({ local }) => local)?.name ?? here.name,
    tree: planTree(options, env),
    ...remarks(found, placements, options),
    job,
    secret: randomBytes(32).toString('hex'),
    size,
    hosts,
    transport: options.transport,
    ...(options.bindTo !== undefined && { bind: { to: options.bindTo, cpusPerRank: options.cpusPerRank } }),
    env: {
      [ENV.SIZE]: String(size),
      [ENV.HOSTS]: hostsForRanks(hosts),
      [ENV.JOB]: job,
      [ENV.TRANSPORT]: options.transport,
      [ENV.EAGER_LIMIT]: String(options.eagerLimit),
      [ENV.TTY]: isatty(2) ? '1' : '',
      ...readSwitchPoints(),
    },
    ranks: placements.map((placement) => ({ ...planRank(options, placement, size), ...commandOf(placement) })),
  }
}

function planTree(options: Options, env: NodeJS.ProcessEnv): TreePlan {
  const slurm = options.rsh === undefined && options.hostfile === undefined && findAllocation(env)?.manager === 'Slurm'
  return {
    start: {
      ...(slurm && onPath('srun', env) ? { by: 'srun', words: ['srun'] } : { by: 'rsh', words: options.rsh ?? ['ssh'] }),
      node: process.execPath,
      agent: join(options.prefix ?? packageFolder(), 'dist/launcher/agent.js'),
      timeout: options.launchTimeout,
    },
    heartbeat: options.heartbeat,
    width: options.treeWidth,
    ...(options.interface !== undefined && { interface: options.interface }),
  }
}

const onPath = (program: string, { PATH = '' }: NodeJS.ProcessEnv): boolean =>
  PATH.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)))

/**
 * More ranks than slots: a warning where somebody has named hosts. Not so where slots are no more than this machine's
 * processors, nor where --ppn says how many ranks a host runs and nobody how many slots it has.
 */
function remarks(hosts: readonly JobHost[], placements: readonly Placement[], { perNode }: Options): Pick<Plan, 'warnings' | 'notes'> {
  const over = oversubscribed(hosts, placements)
  const unmeant = over.filter(({ host }) => !host.unnamed && !(host.bare && perNode !== undefined))
  const meant = 'where that is meant, give as many slots as ranks'
  return {
    warnings: unmeant.length > 0 ? [`warning: ${describeOversubscription(unmeant, 'runs')}; ${meant}`] : [],
    notes: over.flatMap(({ host, ranks }) => (host.unnamed ? [`note: ${ranks} ranks share ${counted(host.slots, 'processor')}`] : [])),
  }
}

function hostsForRanks(hosts: readonly string[]): string {
  const text = encodeHosts(hosts)
  if (text.length <= MOST_ENVIRONMENT) return text
  throw new LaunchError(`${hosts.length} ranks are placed too irregularly to tell each where all are: use --map-by slot`)
}

/** Programs are looked for once; how Node runs them depends on how many ranks share a host. */
function commandFinder(options: Options, hosts: readonly JobHost[], here: Here): (placement: Placement) => Command {
  const known = new Map<string, Command>()
  return ({ rank, app, host, localSize }) => {
    const crowded = localSize >= (hosts[host].local ? here.processors : hosts[host].slots)
    const inspect = options.inspectRank === rank
    const key = `${app} ${crowded} ${inspect}`
    const command = known.get(key) ?? resolveProgram(options.apps[app], { inspect, crowded })
    known.set(key, command)
    return command
  }
}

type Placed = Omit<RankSpec, 'file' | 'args'>

function planRank(options: Options, { rank, app: index, localRank, localSize }: Placement, size: number): Placed {
  const app = options.apps[index]
  const place = { [ENV.RANK]: rank, [ENV.LOCAL_RANK]: localRank, [ENV.LOCAL_SIZE]: localSize, [ENV.APP]: index }
  return {
    rank,
    localRank,
    cwd: app.wdir,
    env: { ...app.env, ...Object.fromEntries(Object.entries(place).map(([name, value]) => [name, String(value)])) },
    stdin: options.stdin === 'all' || (options.stdin === '0' && rank === 0),
    ...(options.outputDir !== undefined && { output: outputFiles(options.outputDir, rank, size) }),
  }
}

/** `rank.07.out`: as many digits as the largest rank has, so that names sort. */
function outputFiles(folder: string, rank: number, size: number): { stdout: string; stderr: string } {
  const name = join(folder, `rank.${String(rank).padStart(String(size - 1).length, '0')}`)
  return { stdout: `${name}.out`, stderr: `${name}.err` }
}

function checkFolder(app: App): void {
  if (!statSync(app.wdir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new LaunchError(`--wdir ${app.wdir}: there is no such directory`)
  }
}

/** A word as a shell would need it. */
export const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
