// All that the tuner knows of the library's inside: the algorithms with their restrictions, and the tables.
import { algorithmNamed, algorithmsOf, BOARD_ENTRIES } from '../../lib/coll/registry.js'
import type { CollectiveName, Entry } from '../../lib/coll/schedule.js'
import { boardLimit, choicesOf, select } from '../../lib/coll/select.js'
import type { SwitchPoint } from '../../lib/coll/table.js'

export { collectives } from '../../lib/coll/registry.js'
export type { CollectiveName } from '../../lib/coll/schedule.js'
export { SWITCH_POINTS } from '../../lib/coll/switchpoints.js'
export type { MeasuredOn, SwitchPoint } from '../../lib/coll/table.js'

/** The algorithm without messages. Each rank publishes; one limit of what it publishes parts it from all others. */
export const BOARD = 'shm'

/** Those of one host. */
export const algorithmNames = (collective: CollectiveName): string[] => {
  const entries = algorithmsOf(collective).filter(({ twoLevel }) => twoLevel !== true)
  return [...BOARD_ENTRIES.filter((entry) => entry.collective === collective), ...entries].map(({ name }) => name)
}

/** The most bytes that a rank publishes on a board, where `bytes` is a vector or one block. */
export const published = (collective: CollectiveName, ranks: number, bytes: number): number =>
  collective === 'scatter' || collective === 'alltoall' ? ranks * bytes : bytes

/** What of an entry says how it runs and what it costs; all else, where set, restricts the calls it may run. */
const NO_RESTRICTION = new Set<string>([
  'collective', 'name', 'run', 'cut', 'scratch', 'steps', 'volume', 'work', 'inside', 'cost',
] satisfies (keyof Entry)[])

/** Names of what a call must be for this algorithm to run it; none for one that runs every call. */
export function restrictionsOf(collective: CollectiveName, algorithm: string): string[] {
  const restrictions = Object.entries(algorithmNamed(collective, algorithm))
    .filter(([key, value]) => !NO_RESTRICTION.has(key) && value !== undefined && value !== false)
    .map(([key]) => key)
  return algorithm === BOARD ? ['board', ...restrictions] : restrictions
}

/** What a table chooses for typed arrays and an op that commutes, by messages; and up to how many bytes the board, or -1. */
export interface Chooser {
  byMessages(collective: CollectiveName, size: number, bytes: number, crowded: boolean): string
  boardLimit(collective: CollectiveName, size: number, crowded: boolean): number
}

export function chooser(points: readonly SwitchPoint[]): Chooser {
  const policy = { forced: new Map(), choices: choicesOf(points) }
  const call = (size: number, bytes: number, crowded: boolean): Parameters<typeof select>[1] =>
    ({ size, bytes, typed: true, commutative: true, ranksPerCore: crowded ? 2 : 1 })
  return {
    byMessages: (collective, size, bytes, crowded) => select(collective, call(size, bytes, crowded), policy).name,
    boardLimit: (collective, size, crowded) => boardLimit(collective, call(size, 0, crowded), policy),
  }
}
