// What a run found: the JSON that it writes, and that the README's tables are made from.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** The values of one case by contender, one of each round, in the unit of the family; times are of one operation. */
export interface Measured {
  readonly family: string
  readonly ranks: number
  /** Bytes, or the index of a named case. */
  readonly bytes: number
  readonly values: Record<string, number[]>
}

/** Microseconds an operation over the first thousand, of one case, by contender. */
export interface Cold {
  readonly family: string
  readonly ranks: number
  readonly bytes: number
  readonly values: Record<string, number>
}

export interface Results {
  /** Processor, number of processors, versions. */
  machine: string
  measured: Measured[]
  cold: Cold[]
  /** Peers that are not there, and what kept others from taking part. */
  missing: string[]
  failures: string[]
  /** What makes figures doubtful. */
  notes: string[]
}

export const emptyResults = (machine: string): Results => ({ machine, measured: [], cold: [], missing: [], failures: [], notes: [] })

export const readResults = (path: string): Results => JSON.parse(readFileSync(path, 'utf8')) as Results

export function writeResults(path: string, results: Results): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(results)}\n`)
}

/** What is new replaces the same family at the same number of ranks. */
export function merged(old: Results, fresh: Results): Results {
  const again = ({ family, ranks }: Measured | Cold): boolean =>
    [...fresh.measured, ...fresh.cold].some((other) => other.family === family && other.ranks === ranks)
  return {
    ...fresh,
    measured: [...old.measured.filter((one) => !again(one)), ...fresh.measured],
    cold: [...old.cold.filter((one) => !again(one)), ...fresh.cold],
  }
}

export const readOrEmpty = (path: string, machine: string): Results =>
  existsSync(path) ? readResults(path) : emptyResults(machine)
