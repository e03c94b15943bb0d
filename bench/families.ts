// What is measured: the families of the OSU micro-benchmarks, with their sizes, and what else a user pays for.

export type Kind = 'messages' | 'collective' | 'wire' | 'levels' | 'kernel' | 'startup' | 'import' | 'idle' | 'wake' | 'memory'

export interface Family {
  readonly name: string
  readonly kind: Kind
  readonly unit: 'µs' | 'ms' | '%' | 'MB'
  /** What the cases are called where they are not bytes. */
  readonly cases?: readonly string[]
  readonly smallest: number
  readonly largest: number
  /** Elements are doubles, so bytes come in eights. */
  readonly doubles?: true
  /** Ranks, where the user names none: all of the usual ones, or these. */
  readonly ranks: 'usual' | readonly number[]
  /** The case whose first thousand operations are timed before anything else has run. */
  readonly cold: number
  /** Sizes that the tables ask for, whatever the step between sizes. */
  readonly asked: readonly number[]
}

const KIB = 1024
const MIB = 1024 * KIB
/** Samples of one operation of a Monte-Carlo kernel. */
export const SAMPLES = 1_000_000

const messages = { kind: 'messages', unit: 'µs', smallest: 1, largest: 4 * MIB, cold: 8, ranks: [2], asked: [] } as const
const blocks = {
  kind: 'collective', unit: 'µs', smallest: 1, largest: 4 * MIB, cold: 64, ranks: 'usual', asked: [64, MIB],
} as const
const doubles = { ...blocks, smallest: 8, largest: 8 * MIB, doubles: true, cold: 8, asked: [8, 8 * KIB, 8 * MIB] } as const
/** Between two hosts, both of them this machine: measured by `--hosts`, or by name. */
const wire = { kind: 'wire', unit: 'µs', smallest: 0, largest: 4 * MIB, ranks: [2] } as const
const named = { unit: 'µs', smallest: 0, largest: 0, cold: 0, asked: [] } as const

export const FAMILIES: readonly Family[] = [
  { name: 'latency', ...messages, smallest: 0 },
  { name: 'bandwidth', ...messages },
  { name: 'bibandwidth', ...messages },
  { name: 'message-rate', ...messages, largest: 4 * KIB, ranks: 'usual', cold: 64, asked: [64] },
  {
    name: 'objects', ...named, kind: 'messages', ranks: [2],
    cases: ['a number', '{a:1, b:[1,2,3]}', '1000 integers', '100 records'],
  },
  { name: 'barrier', ...named, kind: 'collective', ranks: 'usual', cases: ['a barrier'] },
  { name: 'bcast', ...blocks },
  { name: 'scatter', ...blocks },
  { name: 'gather', ...blocks },
  { name: 'allgather', ...blocks },
  { name: 'alltoall', ...blocks },
  { name: 'reduce', ...doubles },
  { name: 'allreduce', ...doubles },
  { name: 'startup', ...named, kind: 'startup', unit: 'ms', ranks: [8], cases: ['start, barrier, end'] },
  { name: 'import', ...named, kind: 'import', unit: 'ms', ranks: [1], cases: ['alone', 'in a job'] },
  { name: 'idle', ...named, kind: 'idle', unit: '%', ranks: [2, 8], cases: ['recv', 'barrier', 'await request'] },
  { name: 'wake', ...named, kind: 'wake', ranks: [2], cases: ['recv', 'barrier', 'await request'] },
  {
    name: 'memory', ...named, kind: 'memory', unit: 'MB', ranks: [8],
    cases: ['RSS after a barrier', 'PSS after a barrier', 'RSS after every collective', 'PSS after every collective'],
  },
  { name: 'montecarlo', ...named, kind: 'kernel', ranks: [1], cases: ['10^6 samples'] },
  { name: 'wire-latency', ...wire, cold: 8, asked: [8] },
  { name: 'wire-stream', ...wire, cold: 64, asked: [64, MIB] },
  {
    name: 'wire-allreduce', ...named, kind: 'levels', unit: 'ms', ranks: [8],
    cases: ['1 MiB, ranks of a host follow one another', '1 MiB, hosts take turns'],
  },
]

/** Families of several hosts. */
export const isBetweenHosts = ({ kind }: Family): boolean => kind === 'wire' || kind === 'levels'

const ALIASES: Record<string, string> = {
  bw: 'bandwidth', bibw: 'bibandwidth', mbw_mr: 'message-rate', 'start-up': 'startup', kernel: 'montecarlo',
}

/** @throws Error where a name is not one. */
export function familyNamed(name: string): Family {
  const bare = name.replace(/^osu_/, '')
  const family = FAMILIES.find((family) => family.name === (ALIASES[bare] ?? bare))
  if (family !== undefined) return family
  throw new Error(`no family is called ${name}; there are ${FAMILIES.map((family) => family.name).join(', ')}`)
}

/** The numbers of ranks a family runs with; `chosen` are the user's. */
export function ranksOf({ kind, ranks }: Family, chosen: readonly number[] | undefined): readonly number[] {
  if (ranks === 'usual') return chosen ?? [2, 4, 8]
  if (chosen === undefined || ['messages', 'kernel', 'import', 'wake', 'wire', 'levels'].includes(kind)) return ranks
  return chosen
}

/**
 * The cases of a family: all powers of two for messages between two ranks; for collectives, which take their time at
 * each number of ranks, those of four, and the asked ones.
 */
export function casesOf(family: Family, chosen: readonly number[] | undefined, quick: boolean): number[] {
  if (family.cases !== undefined) return family.cases.map((_, i) => i)
  if (chosen !== undefined) return fitting(family, chosen)
  if (family.kind === 'wire') return [...family.asked]
  const step = family.kind === 'messages' && family.ranks !== 'usual' ? 1 : 2
  const powers = Array.from({ length: Math.ceil(24 / step) }, (_, i) => 2 ** (i * step))
  const sparse = [0, 8, 64, KIB, 4 * KIB, 64 * KIB, MIB, 4 * MIB]
  return fitting(family, [0, ...(quick ? sparse : powers), family.cold, ...family.asked])
}

const fitting = ({ smallest, largest, doubles: eights }: Family, sizes: readonly number[]): number[] =>
  [...new Set(sizes)]
    .filter((bytes) => bytes >= smallest && bytes <= largest && !(eights && bytes % 8 !== 0))
    .sort((a, b) => a - b)

const UNITS = ['B', 'KiB', 'MiB', 'GiB']

export function sizeName(bytes: number): string {
  const unit = bytes < KIB ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10))
  return `${Number((bytes / KIB ** unit).toFixed(1))} ${UNITS[unit]}`
}

export const caseName = ({ cases }: Family, bytes: number): string => cases?.[bytes] ?? sizeName(bytes)
