// Ring allreduce: partial sums of each block travel once round the ring, then the finished blocks do.
//
// size 3, blocks abc:  0→1 c, 1→2 a, 2→0 b    0→1 b, 1→2 c, 2→0 a    now rank r has block r; then allgather by ring
//
// Rounds 2(n-1), bytes 2m(n-1)/n a rank, m(n-1)/n combined: the least possible, for any size. Best for long vectors.
// Order: block b is ((x[b+1] x[b+2]) x[b+3]) … x[b], ranks modulo n: the op must be commutative. Each block is finished
// on one rank and copied, so all ranks get the same bits.
// Source: Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009.
import { allgatherRing } from '../allgather/ring.js'
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round, SCRATCH } from '../schedule.js'

export function* allreduceRing(shape: Shape): Schedule {
  const { rank, size } = shape
  const round = new Round()
  const next = ahead(rank, 1, size)
  const previous = behind(rank, 1, size)
  for (let step = 1; step < size; step++) {
    const sent = behind(rank, step, size)
    const received = behind(previous, step, size)
    yield round.clear().send(next, RESULT, sent).recv(previous, SCRATCH, received)
      .reduceLeft(RESULT, SCRATCH, received)
  }
  yield* allgatherRing(shape)
}
