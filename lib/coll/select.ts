// Which algorithm runs a call. All ranks come to the same one, from what all of them know.
//
// In this order: an algorithm forced by the caller; one forced by TSMPI_ALGORITHM, where it may run the call; the first
// fitting switch point (the user's of TSMPI_SWITCH_POINTS, or the shipped ones) whose algorithm may; the cheapest by
// formula of those that may.
import { ENV } from '../env.js'
import { ArgumentError } from '../errors.js'
import { isPowerOfTwo } from './patterns/hypercube.js'
import { areBlocks } from './patterns/levels.js'
import { algorithmNamed, algorithmsOf, collectives, isBoard, isCollective } from './registry.js'
import type { BoardEntry, CollectiveName, CostModel, Entry } from './schedule.js'
import { SEVERAL_HOSTS } from './switchpoints-hosts.js'
import { SWITCH_POINTS } from './switchpoints.js'
import { parseSwitchPoints } from './table.js'
import type { SwitchPoint } from './table.js'

/** What all ranks know of a call. */
export interface Call {
  readonly size: number
  /** The vector for bcast, reduce, allreduce; one block for scatter, gather, allgather, alltoall; 0 where not known. */
  readonly bytes: number
  /** Typed arrays whose lengths all ranks know; false for values. */
  readonly typed: boolean
  /** Whether the op commutes; of no matter where there is no op. */
  readonly commutative?: boolean
  /** Ranks a core on the fullest host; 1 where absent. Must be the same on all ranks. */
  readonly ranksPerCore?: number
  /** The host of each rank, where they are on several and more than one on some; see Shape. */
  readonly hosts?: readonly number[]
  /** The name of the algorithm to run. */
  readonly algorithm?: string
}

/** Shared memory between processes: 1 µs, 20 GB/s, 10 GB/s. */
const SHARED_MEMORY: CostModel = { alpha: 1e-6, beta: 5e-11, gamma: 1e-10 }
/** Encrypted TCP between hosts: 100 µs, 0.5 GB/s. */
const NETWORK: CostModel = { alpha: 1e-4, beta: 2e-9, gamma: 1e-10 }

interface Choice {
  readonly point: SwitchPoint
  readonly entry: Entry | BoardEntry
}

/** A table of switch points, by collective. */
export type Choices = ReadonlyMap<CollectiveName, readonly Choice[]>
export type Forced = ReadonlyMap<CollectiveName, Entry | BoardEntry>

/** What decides where the caller does not. */
export interface Policy {
  readonly forced: Forced
  readonly choices: Choices
}

export function choicesOf(points: readonly SwitchPoint[]): Choices {
  const choices = new Map<CollectiveName, Choice[]>()
  for (const collective of collectives()) choices.set(collective, [])
  for (const point of points) {
    choices.get(point.collective)?.push({ point, entry: algorithmNamed(point.collective, point.algorithm) })
  }
  return choices
}

/**
 * The most bytes that a rank publishes or lends where a collective goes by the communicator's board; -1 where it does not,
 * as a row for messages stands before that of the board. The same on all ranks.
 */
export function boardLimit(collective: CollectiveName, call: Call, policy = environment()): number {
  const wanted = call.algorithm ?? policy.forced.get(collective)?.name
  if (wanted !== undefined) return wanted === 'shm' ? Infinity : -1
  const first = policy.choices.get(collective)!.find(({ point }) => fits(point, call))
  return first === undefined || !isBoard(first.entry) ? -1 : (first.point.maxBytes ?? Infinity)
}

/**
 * An algorithm by messages. Throws ArgumentError where `call.algorithm`, or something in the environment, does not exist or
 * may not run the call.
 */
export function select(collective: CollectiveName, call: Call, policy = environment()): Entry {
  if (call.algorithm !== undefined) return selectForced(collective, call, call.algorithm)
  const wanted = policy.forced.get(collective)
  if (wanted !== undefined && !isBoard(wanted) && obstacle(wanted, call) === '') return wanted
  for (const { point, entry } of policy.choices.get(collective)!) {
    if (!isBoard(entry) && fits(point, call) && obstacle(entry, call) === '') return entry
  }
  return cheapest(collective, call)
}

function fits({ maxSize = Infinity, maxBytes = Infinity, crowded, powerOfTwo, severalHosts }: SwitchPoint, call: Call): boolean {
  return call.size <= maxSize && call.bytes <= maxBytes
    && (crowded !== true || (call.ranksPerCore ?? 1) > 1)
    && (severalHosts !== true || call.hosts !== undefined)
    && (powerOfTwo !== true || isPowerOfTwo(call.size))
}

/** Why an algorithm may not run a call; empty where it may. */
function obstacle(entry: Entry, call: Call): string {
  if (entry.typedOnly === true && !call.typed) return 'it needs typed arrays whose lengths all ranks know'
  if (entry.commutative === true && call.commutative !== true) return 'it needs a commutative operation'
  if (entry.twoLevel === true && call.hosts === undefined) return 'it needs ranks on several hosts, and more than one on some'
  if (entry.twoLevel === true && call.commutative === false && !areBlocks(call.hosts!)) {
    return 'it needs a commutative operation, or hosts whose ranks follow one another'
  }
  if (entry.powerOfTwo === true && !isPowerOfTwo(call.size)) return `${call.size} ranks are no power of two`
  return ''
}

const WITHOUT_BOARD = 'it needs ranks that share memory, numbers or typed arrays to reduce, and not too many of either'

function selectForced(collective: CollectiveName, call: Call, name: string): Entry {
  const entry = algorithmNamed(collective, name)
  const reason = isBoard(entry) ? WITHOUT_BOARD : obstacle(entry, call)
  if (isBoard(entry) || reason !== '') throw new ArgumentError(`${collective} cannot use the algorithm '${name}' here: ${reason}`)
  return entry
}

function cheapest(collective: CollectiveName, call: Call): Entry {
  let best: Entry | undefined
  let bestCost = Infinity
  for (const entry of algorithmsOf(collective)) {
    if (obstacle(entry, call) !== '') continue
    const cost = call.hosts === undefined
      ? entry.cost(call.size, call.bytes, SHARED_MEMORY)
      : entry.cost(call.size, call.bytes, NETWORK, Math.max(...call.hosts) + 1, SHARED_MEMORY)
    if (cost < bestCost) {
      best = entry
      bestCost = cost
    }
  }
  // Each collective has an algorithm without restrictions; a test holds it.
  return best!
}

/** Reads `allreduce=ring,bcast=chain`. Throws ArgumentError for names that do not exist. */
export function parseAlgorithms(text: string): Forced {
  const forced = new Map<CollectiveName, Entry | BoardEntry>()
  for (const part of text.split(',').map((piece) => piece.trim()).filter((piece) => piece !== '')) {
    const [collective = '', name = ''] = part.split('=').map((side) => side.trim())
    if (!isCollective(collective)) {
      const known = collectives().join(', ')
      throw new ArgumentError(`${ENV.ALGORITHM}: '${part}' should be collective=algorithm, with one of: ${known}`)
    }
    forced.set(collective, algorithmNamed(collective, name))
  }
  return forced
}

/**
 * The user's switch points, and the shipped ones of collectives that those leave out; of rows for several hosts and of all
 * others each by itself.
 */
export function mergeSwitchPoints(own: readonly SwitchPoint[]): SwitchPoint[] {
  const namedBy = (points: readonly SwitchPoint[]): Set<CollectiveName> => new Set(points.map(({ collective }) => collective))
  const named = namedBy(own.filter(({ severalHosts }) => severalHosts !== true))
  const between = namedBy(own.filter(({ severalHosts }) => severalHosts === true))
  return [
    ...SEVERAL_HOSTS.filter(({ collective }) => !between.has(collective)),
    ...own,
    ...SWITCH_POINTS.filter(({ collective }) => !named.has(collective)),
  ]
}

let fromEnvironment: Policy | undefined

function environment(): Policy {
  return (fromEnvironment ??= readEnvironment())
}

function readEnvironment(): Policy {
  const own = process.env[ENV.SWITCH_POINTS] ?? ''
  return {
    forced: parseAlgorithms(process.env[ENV.ALGORITHM] ?? ''),
    choices: choicesOf(mergeSwitchPoints(own === '' ? [] : parseSwitchPoints(own))),
  }
}
