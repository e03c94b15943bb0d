// All that the tuner knows of the library's inside: the algorithms with their restrictions, and the tables.
import { algorithmNamed } from '../../lib/coll/registry.js'
import type { CollectiveName, Entry } from '../../lib/coll/schedule.js'
import { choicesOf, select } from '../../lib/coll/select.js'
import type { SwitchPoint } from '../../lib/coll/table.js'

export { algorithmsOf, collectives } from '../../lib/coll/registry.js'
export type { CollectiveName } from '../../lib/coll/schedule.js'
export { SWITCH_POINTS } from '../../lib/coll/switchpoints.js'
export type { MeasuredOn, SwitchPoint } from '../../lib/coll/table.js'

/** What of an entry says how it runs and what it costs; all else, where set, restricts the calls it may run. */
const NO_RESTRICTION = new Set<string>([
  'collective', 'name', 'run', 'cut', 'scratch', 'steps', 'volume', 'work', 'cost',
] satisfies (keyof Entry)[])

/** Names of what a call must be for this algorithm to run it; none for one that runs every call. */
export const restrictionsOf = (collective: CollectiveName, algorithm: string): string[] =>
  Object.entries(algorithmNamed(collective, algorithm))
    .filter(([key, value]) => !NO_RESTRICTION.has(key) && value !== undefined && value !== false)
    .map(([key]) => key)

/** What a table chooses for typed arrays and an op that commutes. */
export function chooser(points: readonly SwitchPoint[]): (collective: CollectiveName, size: number, bytes: number, crowded: boolean) => string {
  const policy = { forced: new Map(), choices: choicesOf(points) }
  return (collective, size, bytes, crowded) =>
    select(collective, { size, bytes, typed: true, commutative: true, ranksPerCore: crowded ? 2 : 1 }, policy).name
}
