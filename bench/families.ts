// What is measured: the families of the OSU micro-benchmarks, their sizes, and who of the peers can do the same.

export interface Family {
  readonly name: string
  readonly kind: 'point-to-point' | 'collective'
  /** Names of objects; else cases are bytes. */
  readonly objects?: readonly string[]
  readonly smallest: number
  readonly largest: number
  /** Elements are doubles, so bytes come in eights. */
  readonly doubles?: true
  /** More than two ranks make sense. */
  readonly scales: boolean
  /** The case whose first thousand operations are timed before anything else has run. */
  readonly cold: number
  /** Cases that the tables ask for, whatever the step between sizes. */
  readonly asked: readonly number[]
}

const KIB = 1024
const MIB = 1024 * KIB

const points = { kind: 'point-to-point', smallest: 1, largest: 4 * MIB, cold: 8, scales: false, asked: [] } as const
const blocks = { kind: 'collective', smallest: 1, largest: 4 * MIB, cold: 64, scales: true, asked: [64, MIB] } as const
const doubles = { ...blocks, smallest: 8, largest: 8 * MIB, doubles: true, cold: 8, asked: [8, 8 * KIB, 8 * MIB] } as const

export const FAMILIES: readonly Family[] = [
  { name: 'latency', ...points, smallest: 0 },
  { name: 'bandwidth', ...points },
  { name: 'bibandwidth', ...points },
  { name: 'message-rate', ...points, largest: 4 * KIB, scales: true, cold: 64, asked: [64] },
  {
    name: 'objects', ...points, cold: 0, largest: 0,
    objects: ['a number', '{a:1, b:[1,2,3]}', '1000 integers', '100 records'],
  },
  { name: 'barrier', ...blocks, smallest: 0, largest: 0, cold: 0, asked: [0] },
  { name: 'bcast', ...blocks },
  { name: 'scatter', ...blocks },
  { name: 'gather', ...blocks },
  { name: 'allgather', ...blocks },
  { name: 'alltoall', ...blocks },
  { name: 'reduce', ...doubles },
  { name: 'allreduce', ...doubles },
]

/** The families whose unit is one message: their time per message gives bytes a second. */
export const STREAMS = ['bandwidth', 'bibandwidth']

/**
 * The cases of a family: all powers of two for messages between two ranks; for collectives, which take their time at
 * every number of ranks, those of four, and the asked ones.
 */
export function casesOf(family: Family, chosen: readonly number[] | undefined, quick: boolean): number[] {
  if (family.objects !== undefined) return family.objects.map((_, i) => i)
  if (family.largest === 0) return [0]
  if (chosen !== undefined) return fitting(family, chosen)
  const step = family.kind === 'point-to-point' ? 1 : 2
  const powers = Array.from({ length: 24 / step }, (_, i) => 2 ** (i * step))
  const sparse = [0, 8, 64, KIB, 4 * KIB, 64 * KIB, MIB, 4 * MIB]
  return fitting(family, [0, ...(quick ? sparse : powers), ...family.asked])
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

export function caseName(family: Family, bytes: number): string {
  if (family.objects !== undefined) return family.objects[bytes]
  if (family.largest === 0) return ''
  return sizeName(bytes)
}
