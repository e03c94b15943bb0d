// What is measured: for each collective its algorithms, and the sizes at which they are compared.
import { collectives } from './library.js'
import type { CollectiveName } from './library.js'

const KIB = 1024
const MIB = 1024 * KIB

const SMALLEST = 8
const LARGEST = 4 * MIB
/** Where one size is a rank's block, all blocks of a rank have as much room as this. */
const MOST_AT_A_RANK = 8 * MIB

/** Collectives whose size is one rank's block. */
const BLOCKWISE: readonly CollectiveName[] = ['scatter', 'gather', 'allgather', 'alltoall']
/** The ranks do not know what the others have: one algorithm by messages must serve all sizes. */
export const SIZE_UNKNOWN: readonly CollectiveName[] = ['barrier', 'scatter', 'gather']

export interface Case {
  readonly collective: CollectiveName
  readonly ranks: number
  readonly bytes: number
}

/** Powers of two, `step` apart, from 8 B up; those asked for by the user replace them. */
export function casesOf(collective: CollectiveName, ranks: number, step: number, chosen?: readonly number[]): Case[] {
  if (collective === 'barrier') return [{ collective, ranks, bytes: 0 }]
  const largest = BLOCKWISE.includes(collective) ? Math.min(LARGEST, MOST_AT_A_RANK / ranks) : LARGEST
  const sizes: number[] = []
  for (let bytes = LARGEST; bytes > SMALLEST; bytes /= step) sizes.unshift(bytes)
  const wanted = chosen ?? [SMALLEST, ...sizes]
  return wanted.filter((bytes) => bytes <= largest).map((bytes) => ({ collective, ranks, bytes }))
}

/** The collectives by these names, all without. Throws where one does not exist. */
export function collectivesNamed(names: readonly string[] | undefined): CollectiveName[] {
  const all = collectives()
  const wanted = names ?? all
  for (const name of wanted) {
    if (!all.some((each) => each === name)) throw new Error(`there is no collective ${name}; there are ${all.join(', ')}`)
  }
  return all.filter((collective) => wanted.includes(collective))
}
