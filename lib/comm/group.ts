// The members of a communicator: which ranks of COMM_WORLD they are, in rank order.
import { ArgumentError } from '../errors.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL, TAG_MAX } from '../p2p/status.js'

export class Group {
  readonly size: number
  /** This process's rank. */
  readonly rank: number
  readonly #worldRanks: readonly number[]
  readonly #ranks: Map<number, number>

  constructor(worldRanks: readonly number[], self: number) {
    this.#worldRanks = worldRanks
    this.#ranks = new Map(worldRanks.map((worldRank, rank) => [worldRank, rank]))
    this.size = worldRanks.length
    this.rank = this.rankOf(self)
  }

  rankOf(worldRank: number): number {
    return worldRank < 0 ? worldRank : (this.#ranks.get(worldRank) ?? PROC_NULL)
  }

  worldRankOf(rank: number): number {
    return rank < 0 ? rank : (this.#worldRanks[rank])
  }
}

/** A rank that exists, or PROC_NULL. */
export function checkRank(what: string, rank: unknown, size: number, name: string): number {
  if (Number.isInteger(rank) && (rank as number) < size && ((rank as number) >= 0 || rank === PROC_NULL)) return rank as number
  throw new ArgumentError(`${what} ${String(rank)} is not a rank of ${name}: it has ranks 0 to ${size - 1} (and PROC_NULL)`)
}

export function checkRoot(root: unknown, size: number, name: string): number {
  if (Number.isInteger(root) && (root as number) >= 0 && (root as number) < size) return root as number
  throw new ArgumentError(`root ${String(root)} is not a rank of ${name}: it has ranks 0 to ${size - 1}`)
}

export const checkSource = (source: unknown, size: number, name: string): number =>
  source === ANY_SOURCE ? ANY_SOURCE : checkRank('source', source, size, name)

export function checkTag(tag: unknown): number {
  if (Number.isInteger(tag) && (tag as number) >= 0 && (tag as number) <= TAG_MAX) return tag as number
  throw new ArgumentError(`tag ${String(tag)} is not an integer from 0 to ${TAG_MAX}`)
}

export const checkRecvTag = (tag: unknown): number => (tag === ANY_TAG ? ANY_TAG : checkTag(tag))
