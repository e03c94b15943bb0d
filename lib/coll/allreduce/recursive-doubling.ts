// Recursive doubling: partners at distance 1, 2, 4, … exchange their whole partial results, and both combine them.
//
// size 3 folds first:  1→0    0⇄2    0→1      (x0 x1) x2
// size 4:              0⇄1, 2⇄3    0⇄2, 1⇄3   (x0 x1)(x2 x3)
//
// Rounds log2 n, and two more where n is no power of two; bytes m a round. Best for short vectors.
// Order: the lower group stands left, at every level and on both partners, so operands keep rank order and all ranks
// evaluate the same expression: a balanced tree over the pairs of the fold and the single ranks behind them.
// Source: Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", 2005.
import { floorPowerOfTwo, foldedIndex, survivor } from '../patterns/hypercube.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round, SCRATCH } from '../schedule.js'

export function* allreduceRecursiveDoubling({ rank, size }: Shape): Schedule {
  const round = new Round()
  const cube = floorPowerOfTwo(size)
  const rest = size - cube
  const folds = rank < 2 * rest
  if (folds && (rank & 1) === 1) {
    yield round.clear().send(rank - 1, RESULT)
    yield round.clear().recv(rank - 1, RESULT)
    return
  }
  if (folds) yield round.clear().recv(rank + 1, SCRATCH).reduceRight(RESULT, SCRATCH)
  const index = foldedIndex(rank, rest)
  for (let bit = 1; bit < cube; bit *= 2) {
    const other = index ^ bit
    const peer = survivor(other, rest, 0)
    round.clear().send(peer, RESULT).recv(peer, SCRATCH)
    yield other < index ? round.reduceLeft(RESULT, SCRATCH) : round.reduceRight(RESULT, SCRATCH)
  }
  if (folds) yield round.clear().send(rank + 1, RESULT)
}
