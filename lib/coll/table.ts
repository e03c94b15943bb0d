// What a table of switch points is made of, and how one that a user wrote or measured is read.
import { ENV } from '../env.js'
import { ArgumentError } from '../errors.js'
import { algorithmNamed, collectives, isCollective } from './registry.js'
import type { CollectiveName } from './schedule.js'

/**
 * The first row of a collective that fits the call, and whose algorithm may run it, decides; see select.ts. `maxBytes`
 * counts the vector for bcast, reduce and allreduce, and one block for scatter, gather, allgather and alltoall; but with
 * 'shm' all that a rank publishes. A row of 'shm' decides where no row stands before it that fits a call of no bytes.
 */
export interface SwitchPoint {
  readonly collective: CollectiveName
  readonly algorithm: string
  readonly maxSize?: number
  readonly maxBytes?: number
  /** Only where ranks share cores: messages in all count then, not those on the longest path. */
  readonly crowded?: boolean
  /** Only where the ranks are on several hosts, and more than one on some. */
  readonly severalHosts?: boolean
  /** Only where the size is a power of two. */
  readonly powerOfTwo?: boolean
}

/** Where and when a table was measured. */
export interface MeasuredOn {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  /** 2026-01-31 */
  readonly date: string
  readonly ranks: readonly number[]
}

/** Reads `{ "switchPoints": [rows] }`, which is what `npm run tune -- --json` writes. Throws ArgumentError. */
export function parseSwitchPoints(text: string): SwitchPoint[] {
  let whole: unknown
  try {
    whole = JSON.parse(text)
  } catch (error) {
    throw wrong(`is not JSON (${(error as Error).message}); set it for tsmpirun, which reads the file`)
  }
  const rows = isRecord(whole) ? whole['switchPoints'] : undefined
  if (!Array.isArray(rows)) throw wrong('must hold an object with an array "switchPoints"')
  return rows.map(parseRow)
}

const CHECKS: Record<Exclude<keyof SwitchPoint, 'collective' | 'algorithm'>, { is: (value: unknown) => boolean; what: string }> = {
  maxSize: { is: (value) => Number.isSafeInteger(value) && (value as number) > 0, what: 'a positive integer' },
  maxBytes: { is: (value) => Number.isSafeInteger(value) && (value as number) >= 0, what: 'an integer from 0' },
  crowded: { is: (value) => typeof value === 'boolean', what: 'true or false' },
  severalHosts: { is: (value) => typeof value === 'boolean', what: 'true or false' },
  powerOfTwo: { is: (value) => typeof value === 'boolean', what: 'true or false' },
}

function parseRow(row: unknown, index: number): SwitchPoint {
  const where = `row ${index + 1} of "switchPoints"`
  if (!isRecord(row)) throw wrong(`${where} is not an object`)
  const { collective, algorithm, ...conditions } = row
  if (typeof collective !== 'string' || !isCollective(collective)) {
    throw wrong(`${where}: "collective" is ${JSON.stringify(collective)}, not one of ${collectives().join(', ')}`)
  }
  try {
    algorithmNamed(collective, String(algorithm))
  } catch (error) {
    throw wrong(`${where}: ${(error as Error).message}`)
  }
  for (const [key, value] of Object.entries(conditions)) {
    if (!Object.hasOwn(CHECKS, key)) throw wrong(`${where}: there is no condition "${key}"; there are ${Object.keys(CHECKS).join(', ')}`)
    const { is, what } = CHECKS[key as keyof typeof CHECKS]
    if (!is(value)) throw wrong(`${where}: "${key}" is ${JSON.stringify(value)}, not ${what}`)
  }
  return row as unknown as SwitchPoint
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const wrong = (what: string): ArgumentError => new ArgumentError(`${ENV.SWITCH_POINTS} ${what}`)
