// From preferences to the rows of a collective. What was not measured keeps the rows that were there. Pure.
import type { SizeClass } from './decide.js'
import { BOARD } from './library.js'
import type { CollectiveName, SwitchPoint } from './library.js'

/** Rows with one reason. */
export interface Group {
  readonly reason: string
  readonly points: readonly SwitchPoint[]
}

export interface Decided {
  readonly collective: CollectiveName
  /** Measured with more ranks than cores, and with a core for each rank. */
  readonly crowded: readonly SizeClass[]
  readonly roomy: readonly SizeClass[]
}

/**
 * In this order: what was measured with crowded ranks, what served larger numbers of crowded ranks before, what was
 * measured with a core for each rank, what served larger numbers of those before.
 *
 * As only crowded rows have a condition, and a call with a core for each rank passes them by, each of the four means
 * what it meant where it came from. The smallest number of ranks that was measured serves all smaller ones.
 */
export function groupsOf({ collective, crowded, roomy }: Decided, previous: readonly SwitchPoint[], unrestricted: (point: SwitchPoint) => boolean): Group[] {
  const before = previous.filter((point) => point.collective === collective)
  if (crowded.length === 0 && roomy.length === 0) return [{ reason: `${collective}, as before`, points: before }]
  const crowdedReach = reach(crowded)
  const roomyReach = reach(roomy)
  const keptCrowded = served(before.map(inCrowd), crowdedReach, unrestricted)
  const keptRoomy = served(before.filter((point) => point.crowded !== true), roomyReach, unrestricted)
  const falls = roomyReach <= crowdedReach && endsWith(keptCrowded, keptRoomy)
  const groups = [
    ...crowded.map((one) => measuredGroup(collective, one, true)),
    { reason: `${collective}, as before: ranks that share cores`, points: falls ? keptCrowded.slice(0, -keptRoomy.length) : keptCrowded },
    ...roomy.map((one) => measuredGroup(collective, one, false)),
    { reason: `${collective}, as before`, points: keptRoomy },
  ]
  return withoutIdle(groups, unrestricted)
}

const inCrowd = (point: SwitchPoint): SwitchPoint => ({ ...point, crowded: true })

const reach = (classes: readonly SizeClass[]): number => Math.max(0, ...classes.map(({ maxSize }) => maxSize))

/** The row of the board stands first: a row for messages before it would keep it from being used. */
function measuredGroup(collective: CollectiveName, { ranks, maxSize, preferences }: SizeClass, crowded: boolean): Group {
  const row = (maxBytes: number, algorithm: string): SwitchPoint => ({
    collective,
    ...(crowded ? { crowded } : {}),
    maxSize,
    ...(maxBytes === Infinity ? {} : { maxBytes }),
    algorithm,
  })
  const { board, intervals } = preferences
  const points = intervals.flatMap(({ maxBytes, chain }) => chain.map((algorithm) => row(maxBytes, algorithm)))
  const how = crowded ? 'sharing cores' : 'with a core each'
  return {
    reason: `${collective}, measured: ${ranks.join(', ')} ranks ${how}`,
    points: board < 0 ? points : [row(board, BOARD), ...points],
  }
}

/** The rows that can still serve more than `maxSize` ranks, up to the first that serves all of them. */
function served(points: readonly SwitchPoint[], maxSize: number, unrestricted: (point: SwitchPoint) => boolean): SwitchPoint[] {
  const larger = points.filter((point) => (point.maxSize ?? Infinity) > maxSize)
  const last = larger.findIndex(
    (point) => point.maxSize === undefined && point.maxBytes === undefined && point.powerOfTwo !== true && unrestricted(point),
  )
  return last < 0 ? larger : larger.slice(0, last + 1)
}

/** Whether crowded calls may as well fall through to the rows of the others. */
function endsWith(crowded: readonly SwitchPoint[], roomy: readonly SwitchPoint[]): boolean {
  const tail = crowded.slice(-roomy.length)
  return roomy.length > 0 && tail.length === roomy.length && tail.every((point, i) => sameButCrowded(point, roomy[i]))
}

const sameButCrowded = (a: SwitchPoint, b: SwitchPoint): boolean =>
  a.algorithm === b.algorithm && a.maxSize === b.maxSize && a.maxBytes === b.maxBytes && (a.powerOfTwo === true) === (b.powerOfTwo === true)

/** Whether every call that fits `b` fits `a`, for calls of no bytes. */
const coversEmpty = (a: SwitchPoint, b: SwitchPoint): boolean =>
  (a.maxSize ?? Infinity) >= (b.maxSize ?? Infinity) &&
  (a.crowded !== true || b.crowded === true) &&
  (a.powerOfTwo !== true || b.powerOfTwo === true)

const covers = (a: SwitchPoint, b: SwitchPoint): boolean => coversEmpty(a, b) && (a.maxBytes ?? Infinity) >= (b.maxBytes ?? Infinity)

/** Without rows that never decide, then without those whose next row says the same. */
function withoutIdle(groups: readonly Group[], unrestricted: (point: SwitchPoint) => boolean): Group[] {
  const all = groups.flatMap(({ points }) => points)
  const overruled = (earlier: SwitchPoint, point: SwitchPoint): boolean =>
    point.algorithm === BOARD
      ? coversEmpty(earlier, point)
      : covers(earlier, point) && (earlier.algorithm === point.algorithm || unrestricted(earlier))
  const deciding = all.filter((point, i) => !all.slice(0, i).some((earlier) => overruled(earlier, point)))
  const needed = deciding.filter((point, i) => {
    const next = deciding.at(i + 1)
    if (next === undefined || next.algorithm !== point.algorithm) return true
    return !covers(next, point) || (point.algorithm === BOARD && next.maxBytes !== point.maxBytes)
  })
  return groups
    .map(({ reason, points }) => ({ reason, points: points.filter((point) => needed.includes(point)) }))
    .filter(({ points }) => points.length > 0)
}
