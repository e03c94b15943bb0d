// Linear reduce: every rank sends to the root, which combines one operand after the other.
//
// size 4, root 1:  all→1, combined as 0, 2, 3        ((x0 x1) x2) x3
//
// Steps n-1 at the root, bytes (n-1)·m there. Every other rank is done with one send.
// Order: rank order: from the root leftwards x0 (x1 (… x[root])), then rightwards.
// Source: the definition of MPI_Reduce.
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round, SCRATCH } from '../schedule.js'

export function* reduceLinear({ rank, size, root }: Shape): Schedule {
  const round = new Round()
  if (rank !== root) {
    yield round.clear().send(root, RESULT)
    return
  }
  for (let lower = root - 1; lower >= 0; lower--) yield round.clear().recv(lower, SCRATCH).reduceLeft(RESULT, SCRATCH)
  for (let higher = root + 1; higher < size; higher++) {
    yield round.clear().recv(higher, SCRATCH).reduceRight(RESULT, SCRATCH)
  }
}
