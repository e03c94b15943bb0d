// Linear alltoall: all sends and receives at once, each rank beginning with the one ahead of it.
//
// size 3:  0→1, 1→2, 2→0, 0→2, 1→0, 2→1 in one round
//
// Rounds 1, messages n-1 a rank, bytes (n-1)·m a rank. Best for few ranks: nobody waits for a turn.
// Source: the definition of MPI_Alltoall.
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { INPUT, RESULT, Round } from '../schedule.js'

export function* alltoallLinear({ rank, size }: Shape): Schedule {
  const round = new Round().clear()
  for (let distance = 1; distance < size; distance++) {
    const to = ahead(rank, distance, size)
    const from = behind(rank, distance, size)
    round.recv(from, RESULT, from).send(to, INPUT, to)
  }
  yield round.copy(RESULT, INPUT, rank)
}
