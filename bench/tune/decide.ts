// From times to preferences: for one collective at one number of ranks, which algorithms are wanted up to which size.
// Pure: no clock, no file.

/** Medians of one size; algorithms that may not run it are absent. */
export interface Timing {
  readonly bytes: number
  /** Microseconds by algorithm. */
  readonly times: Readonly<Record<string, number>>
}

/** Up to this many bytes, the algorithms from the fastest to one that may run every call. */
export interface Interval {
  readonly maxBytes: number
  readonly chain: readonly string[]
}

/** Up to `board` bytes that a rank publishes (-1: never) without messages; else by messages, as the intervals have it. */
export interface Preferences {
  readonly board: number
  readonly intervals: readonly Interval[]
}

/** The names of what calls must be for an algorithm to run them. */
export type Restrictions = (algorithm: string) => readonly string[]

/** By how much an algorithm must be better than that of the neighbouring size, so that noise makes no rows. */
export const MARGIN = 1.05

/** Stands where no algorithm is wanted. */
const NONE = ''

/** @returns nothing where nothing was measured */
export function decide(timings: readonly Timing[], restrictionsOf: Restrictions): Interval[] {
  const sorted = [...timings].filter(({ times }) => Object.keys(times).length > 0).sort((a, b) => a.bytes - b.bytes)
  const chains = chainsOf(sorted, restrictionsOf)
  const intervals: Interval[] = []
  sorted.forEach(({ bytes }, i) => {
    if (i + 1 < sorted.length && chains[i].join() === chains[i + 1].join()) return
    intervals.push({ maxBytes: i + 1 < sorted.length ? between(bytes, sorted[i + 1].bytes) : Infinity, chain: chains[i] })
  })
  return intervals
}

/**
 * For each size the fastest, then the fastest of those that run calls which it does not, and so on. Each place in the
 * chain is decided for all sizes together, by `smoothest`.
 */
function chainsOf(timings: readonly Timing[], restrictionsOf: Restrictions): string[][] {
  const chains = timings.map((): string[] => [])
  const adds = (name: string, chain: readonly string[]): boolean => {
    const own = restrictionsOf(name)
    return chain.every((before) => !restrictionsOf(before).every((restriction) => own.includes(restriction)))
  }
  for (;;) {
    const losses = timings.map(({ times }, i) => lossesOf(Object.entries(times).filter(([name]) => adds(name, chains[i]))))
    if (losses.every((each) => each.has(NONE))) return chains
    smoothest(losses).forEach((name, i) => {
      if (name !== NONE) chains[i].push(name)
    })
  }
}

/** The logarithms of how many times slower than the fastest each is. */
function lossesOf(times: readonly (readonly [string, number])[]): Map<string, number> {
  if (times.length === 0) return new Map([[NONE, 0]])
  const best = Math.min(...times.map(([, time]) => time))
  return new Map(times.map(([name, time]) => [name, Math.log(time / best)]))
}

/** A path that ends in one choice, and what it has lost up to there. */
interface Path {
  readonly loss: number
  readonly choices: readonly string[]
}

/**
 * One choice a size, so that what is lost in all, and a margin for each change between neighbours, is least (Viterbi's
 * algorithm). So an algorithm that wins at a single size has to win twice the margin there, to come and to go.
 */
export function smoothest(losses: readonly ReadonlyMap<string, number>[]): readonly string[] {
  let paths: Path[] = [{ loss: 0, choices: [] }]
  for (const choices of losses) {
    paths = [...choices].map(([name, loss]) => {
      const before = paths.map((path) => ({ path, loss: path.loss + changeLoss(path.choices.at(-1), name) }))
      const best = before.reduce((a, b) => (b.loss < a.loss ? b : a))
      return { loss: best.loss + loss, choices: [...best.path.choices, name] }
    })
  }
  return paths.reduce((a, b) => (b.loss < a.loss ? b : a)).choices
}

const changeLoss = (from: string | undefined, to: string): number =>
  from === undefined || from === NONE || to === NONE || from === to ? 0 : Math.log(MARGIN)

/** Where one size's choice gives way to the next one's: a power of two in the geometric middle. */
export const between = (smaller: number, larger: number): number =>
  Math.max(smaller, 2 ** Math.floor(Math.log2(Math.sqrt(smaller * larger))))

/**
 * One timing for all sizes, for collectives whose ranks do not know the size: how many times slower than the fastest an
 * algorithm is, in the geometric mean over the sizes that it runs.
 */
export function overAllSizes(timings: readonly Timing[]): Timing {
  const logarithms = new Map<string, number[]>()
  for (const { times } of timings) {
    for (const [name, loss] of lossesOf(Object.entries(times))) {
      if (name !== NONE) logarithms.set(name, [...(logarithms.get(name) ?? []), loss])
    }
  }
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length
  return { bytes: 0, times: Object.fromEntries([...logarithms].map(([name, losses]) => [name, Math.exp(mean(losses))])) }
}

/**
 * Up to how many of the bytes that a rank publishes the board is to be used: where least is lost over all sizes, on either
 * side. -1: at no size, Infinity: at all that were measured.
 */
export function boardLimit(timings: readonly Timing[], board: string, published: (bytes: number) => number): number {
  const compared = [...timings].sort((a, b) => a.bytes - b.bytes).flatMap(({ bytes, times }) => {
    const { [board]: own, ...others } = times
    const best = Math.min(...Object.values(others))
    return own === undefined && best === Infinity ? [] : [{ bytes, gain: Math.log(best / (own ?? Infinity)) }]
  })
  const gains = compared.map(({ gain }) => Math.max(-MOST_GAIN, Math.min(MOST_GAIN, gain)))
  let [cut, most] = [0, 0]
  gains.reduce((sum, gain, i) => {
    if (sum + gain > most) [cut, most] = [i + 1, sum + gain]
    return sum + gain
  }, 0)
  if (cut === 0) return -1
  return cut === compared.length ? Infinity : between(published(compared[cut - 1].bytes), published(compared[cut].bytes))
}

/** The logarithm that stands for a time against none: more than all sizes can outweigh. */
const MOST_GAIN = 1000

export const withoutBoard = (timings: readonly Timing[], board: string): Timing[] =>
  timings.map(({ bytes, times }) => ({ bytes, times: Object.fromEntries(Object.entries(times).filter(([name]) => name !== board)) }))

/** The algorithms for a size, in order of preference. */
const chainFor = (intervals: readonly Interval[], bytes: number): readonly string[] =>
  intervals.find(({ maxBytes }) => bytes <= maxBytes)?.chain ?? []

/** How many times slower than by `own` the slowest size is by `other`. */
function worst(timings: readonly Timing[], own: readonly Interval[], other: readonly Interval[]): number {
  const time = ({ bytes, times }: Timing, intervals: readonly Interval[]): number => {
    const name = chainFor(intervals, bytes).find((candidate) => candidate in times)
    return name === undefined ? Infinity : times[name]
  }
  return Math.max(...timings.map((timing) => time(timing, other) / time(timing, own)))
}

/** What was measured with one number of ranks, and what was decided from it. */
export interface Measured {
  readonly ranks: number
  /** By messages. */
  readonly timings: readonly Timing[]
  readonly preferences: Preferences
}

/** Numbers of ranks that are served alike, up to `maxSize`. */
export interface SizeClass {
  readonly ranks: readonly number[]
  readonly maxSize: number
  readonly preferences: Preferences
}

/**
 * Numbers of ranks share a class where the board has the same limit, and the preferences of one of them make no size of the
 * others slower than by the margin. Between two classes the geometric middle decides; the last reaches to the middle before
 * twice its ranks.
 */
export function sizeClasses(measured: readonly Measured[]): SizeClass[] {
  const sorted = [...measured].sort((a, b) => a.ranks - b.ranks)
  const groups: { members: Measured[]; preferences: Preferences }[] = []
  for (const one of sorted) {
    const last = groups.at(-1)
    const shared = last === undefined ? undefined : shareable([...last.members, one], [last.preferences, one.preferences])
    if (last !== undefined && shared !== undefined) {
      last.members.push(one)
      last.preferences = shared
    } else groups.push({ members: [one], preferences: one.preferences })
  }
  return groups.map(({ members, preferences }, i) => {
    const largest = members[members.length - 1].ranks
    const next = groups[i + 1]?.members[0].ranks ?? 2 * largest
    return { ranks: members.map(({ ranks }) => ranks), maxSize: Math.floor(Math.sqrt(largest * next)), preferences }
  })
}

/** The first of the candidates that serves all members. */
const shareable = (members: readonly Measured[], candidates: readonly Preferences[]): Preferences | undefined =>
  candidates.find((candidate) => members.every(({ timings, preferences: own }) =>
    own.board === candidate.board && worst(timings, own.intervals, candidate.intervals) <= MARGIN))
