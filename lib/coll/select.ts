// Which algorithm runs a call. All ranks come to the same one, from what all of them know.
//
// In this order: an algorithm forced by the caller; one forced by TSMPI_ALGORITHM, where it may run the call; the first
// fitting switch point whose algorithm may; the cheapest by formula of those that may.
import { ENV } from '../env.js'
import { ArgumentError } from '../errors.js'
import { isPowerOfTwo } from './patterns/hypercube.js'
import { algorithmsOf, BOARD_ENTRIES, ENTRIES } from './registry.js'
import type { BoardEntry, CollectiveName, CostModel, Entry } from './schedule.js'
import { SWITCH_POINTS } from './switchpoints.js'
import type { SwitchPoint } from './switchpoints.js'

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
  /** The name of the algorithm to run. */
  readonly algorithm?: string
}

/** Shared memory between processes: 1 µs, 20 GB/s, 10 GB/s. */
const SHARED_MEMORY: CostModel = { alpha: 1e-6, beta: 5e-11, gamma: 1e-10 }

interface Choice {
  readonly point: SwitchPoint
  readonly entry: Entry
}

const choices = new Map<CollectiveName, Choice[]>()
for (const { collective } of ENTRIES) choices.set(collective, [])
for (const point of SWITCH_POINTS) {
  const entry = find(point.collective, point.algorithm)
  if (!isBoard(entry)) choices.get(point.collective)?.push({ point, entry })
}

function isBoard(entry: Entry | BoardEntry): entry is BoardEntry {
  return entry.name === 'shm'
}

/**
 * The most bytes that a rank publishes where a collective goes by the communicator's board, of `capacity` bytes; -1 where
 * it does not. The same on all ranks.
 */
export function boardLimit(collective: CollectiveName, call: Call, capacity: number, forced = environment()): number {
  const wanted = call.algorithm ?? forced.get(collective)?.name
  if (wanted !== undefined) return wanted === 'shm' ? capacity : -1
  const fitting = SWITCH_POINTS.find((point) => point.algorithm === 'shm' && point.collective === collective && fits(point, call))
  return fitting === undefined ? -1 : Math.min(capacity, fitting.maxBytes ?? capacity)
}

/** An algorithm by messages. Throws ArgumentError where `call.algorithm`, or one in the environment, does not exist or may not run the call. */
export function select(collective: CollectiveName, call: Call, forced = environment()): Entry {
  if (call.algorithm !== undefined) return selectForced(collective, call, call.algorithm)
  const wanted = forced.get(collective)
  if (wanted !== undefined && !isBoard(wanted) && obstacle(wanted, call) === '') return wanted
  for (const { point, entry } of choices.get(collective)!) {
    if (fits(point, call) && obstacle(entry, call) === '') return entry
  }
  return cheapest(collective, call)
}

function fits({ maxSize = Infinity, maxBytes = Infinity, crowded, powerOfTwo }: SwitchPoint, call: Call): boolean {
  return call.size <= maxSize && call.bytes <= maxBytes
    && (crowded !== true || (call.ranksPerCore ?? 1) > 1)
    && (powerOfTwo !== true || isPowerOfTwo(call.size))
}

/** Why an algorithm may not run a call; empty where it may. */
function obstacle(entry: Entry, call: Call): string {
  if (entry.typedOnly === true && !call.typed) return 'it needs typed arrays whose lengths all ranks know'
  if (entry.commutative === true && call.commutative !== true) return 'it needs a commutative operation'
  if (entry.powerOfTwo === true && !isPowerOfTwo(call.size)) return `${call.size} ranks are no power of two`
  return ''
}

const WITHOUT_BOARD = 'it needs ranks that share memory, numbers or typed arrays to reduce, and not too many of either'

function selectForced(collective: CollectiveName, call: Call, name: string): Entry {
  const entry = find(collective, name)
  const reason = isBoard(entry) ? WITHOUT_BOARD : obstacle(entry, call)
  if (isBoard(entry) || reason !== '') throw new ArgumentError(`${collective} cannot use the algorithm '${name}' here: ${reason}`)
  return entry
}

function cheapest(collective: CollectiveName, call: Call): Entry {
  let best: Entry | undefined
  let bestCost = Infinity
  for (const entry of algorithmsOf(collective)) {
    if (obstacle(entry, call) !== '') continue
    const cost = entry.cost(call.size, call.bytes, SHARED_MEMORY)
    if (cost < bestCost) {
      best = entry
      bestCost = cost
    }
  }
  // Each collective has an algorithm without restrictions; a test holds it.
  return best!
}

function find(collective: CollectiveName, name: string): Entry | BoardEntry {
  const entries = [...algorithmsOf(collective), ...BOARD_ENTRIES.filter((entry) => entry.collective === collective)]
  const entry = entries.find((candidate) => candidate.name === name)
  if (entry !== undefined) return entry
  const names = entries.map((candidate) => candidate.name).join(', ')
  throw new ArgumentError(`${collective} has no algorithm '${name}'; it has: ${names}`)
}

/** Reads `allreduce=ring,bcast=chain`. Throws ArgumentError for names that do not exist. */
export function parseAlgorithms(text: string): ReadonlyMap<CollectiveName, Entry | BoardEntry> {
  const forced = new Map<CollectiveName, Entry | BoardEntry>()
  for (const part of text.split(',').map((piece) => piece.trim()).filter((piece) => piece !== '')) {
    const [collective = '', name = ''] = part.split('=').map((side) => side.trim())
    if (!isCollective(collective)) {
      const known = [...choices.keys()].join(', ')
      throw new ArgumentError(`${ENV.ALGORITHM}: '${part}' should be collective=algorithm, with one of: ${known}`)
    }
    forced.set(collective, find(collective, name))
  }
  return forced
}

function isCollective(name: string): name is CollectiveName {
  return choices.has(name as CollectiveName)
}

let fromEnvironment: ReadonlyMap<CollectiveName, Entry | BoardEntry> | undefined

function environment(): ReadonlyMap<CollectiveName, Entry | BoardEntry> {
  return (fromEnvironment ??= parseAlgorithms(process.env[ENV.ALGORITHM] ?? ''))
}
