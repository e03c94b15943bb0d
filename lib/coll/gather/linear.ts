// Linear gather: every rank sends its block to the root.
//
// size 3, root 0:  1→0 b, 2→0 c
//
// Steps n-1 at the root, bytes (n-1)·m, nothing is sent twice. Best for large blocks and few ranks.
// Source: the definition of MPI_Gather.
import { ahead } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { INPUT, RESULT, Round } from '../schedule.js'

export function* gatherLinear({ rank, size, root }: Shape): Schedule {
  const round = new Round()
  if (rank !== root) {
    yield round.clear().send(root, INPUT)
    return
  }
  round.clear()
  for (let distance = 1; distance < size; distance++) {
    const peer = ahead(rank, distance, size)
    round.recv(peer, RESULT, peer)
  }
  yield round.copy(RESULT, INPUT, rank, 1, 0)
}
