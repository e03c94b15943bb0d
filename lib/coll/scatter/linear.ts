// Linear scatter: the root sends each rank its block.
//
// size 3, root 0:  0→1 b, 0→2 c
//
// Steps n-1 at the root, bytes (n-1)·m, nothing is sent twice. Best for large blocks and few ranks.
// Source: the definition of MPI_Scatter.
import { ahead } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { INPUT, RESULT, Round } from '../schedule.js'

export function* scatterLinear({ rank, size, root }: Shape): Schedule {
  const round = new Round()
  if (rank !== root) {
    yield round.clear().recv(root, RESULT)
    return
  }
  round.clear()
  for (let distance = 1; distance < size; distance++) {
    const peer = ahead(rank, distance, size)
    round.send(peer, INPUT, peer)
  }
  yield round.copy(RESULT, INPUT, 0, 1, rank)
}
