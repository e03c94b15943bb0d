// Ring allgather: every rank passes on to the next what it received last, beginning with its own block.
//
// size 3:  0→1 a, 1→2 b, 2→0 c    0→1 c, 1→2 a, 2→0 b
//
// Rounds n-1, bytes (n-1)·m a rank, one block a message: little buffering, nearest neighbours only.
// Source: Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", 2005.
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* allgatherRing({ rank, size }: Shape): Schedule {
  const round = new Round()
  const next = ahead(rank, 1, size)
  const previous = behind(rank, 1, size)
  for (let step = 1; step < size; step++) {
    yield round.clear().send(next, RESULT, behind(rank, step - 1, size))
      .recv(previous, RESULT, behind(rank, step, size))
  }
}
