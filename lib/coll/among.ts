// Runs an algorithm among some of the ranks, as if there were no others: a level of an algorithm on two levels.
import type { Algorithm, Schedule } from './schedule.js'

export interface Level {
  /** The ranks that take part, in order; the caller is one of them. */
  readonly members: readonly number[]
  readonly rank: number
  /** One of the members, where the algorithm has a root. */
  readonly root?: number
  /** Blocks as the algorithm is to see them; each of them is `each` blocks of the whole. Default: 1. */
  readonly blocks?: number
  readonly each?: number
}

export function* among(algorithm: Algorithm, { members, rank, root, blocks = 1, each = 1 }: Level): Schedule {
  const index = members.indexOf(rank)
  const shape = { rank: index, size: members.length, root: root === undefined ? 0 : members.indexOf(root), blocks }
  for (const round of algorithm(shape)) {
    for (let i = 0; i < round.length; i++) {
      const step = round.steps[i]
      if (step.peer >= 0) step.peer = members[step.peer]
      step.first *= each
      step.count *= each
      step.fromFirst *= each
    }
    yield round
  }
}
