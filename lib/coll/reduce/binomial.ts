// Binomial reduce: neighbouring groups of ranks merge, two by two, into one holder; the last holder is the root.
//
// size 4, root 0:  1→0, 3→2    2→0        root 3:  1→0, 2→3    0→3        both (x0 x1)(x2 x3)
//
// A group's partial result is held by the root where the group has it, else by its first rank: so any root is reached
// without a further hop, in rank order. Steps ⌈log2 n⌉, bytes ⌈log2 n⌉·m on the longest path, (n-1)·m in all.
// Order: rank order, a balanced tree over aligned groups of 2, 4, 8, … ranks; the same for every root.
// Source: Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", 2005.
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round, SCRATCH } from '../schedule.js'

export function* reduceBinomial({ rank, size, root }: Shape): Schedule {
  const round = new Round()
  for (let half = 1; half < size; half *= 2) {
    const low = rank & -(2 * half)
    const high = low + half
    if (high >= size) continue
    const lowHolder = holder(low, half, root)
    const highHolder = holder(high, half, root)
    const rootIsHigh = highHolder === root
    if (rank === (rootIsHigh ? lowHolder : highHolder)) {
      yield round.clear().send(rootIsHigh ? highHolder : lowHolder, RESULT)
      return
    }
    round.clear().recv(rootIsHigh ? lowHolder : highHolder, SCRATCH)
    yield rootIsHigh ? round.reduceLeft(RESULT, SCRATCH) : round.reduceRight(RESULT, SCRATCH)
  }
}

function holder(first: number, count: number, root: number): number {
  return root >= first && root < first + count ? root : first
}
