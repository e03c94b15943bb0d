// Pairwise alltoall: in round k a rank exchanges blocks with one other: rank xor k, or, where the size is no power of
// two, it sends k places ahead and receives from k places back.
//
// size 4:  0⇄1, 2⇄3    0⇄2, 1⇄3    0⇄3, 1⇄2
//
// Rounds n-1, bytes (n-1)·m a rank, one message each way at a time: bounded buffering. Best for large blocks.
// Source: Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", 2005.
import { isPowerOfTwo } from '../patterns/hypercube.js'
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { INPUT, RESULT, Round } from '../schedule.js'

export function* alltoallPairwise({ rank, size }: Shape): Schedule {
  const round = new Round()
  const exchange = isPowerOfTwo(size)
  yield round.clear().copy(RESULT, INPUT, rank)
  for (let step = 1; step < size; step++) {
    const to = exchange ? rank ^ step : ahead(rank, step, size)
    const from = exchange ? to : behind(rank, step, size)
    yield round.clear().send(to, INPUT, to).recv(from, RESULT, from)
  }
}
