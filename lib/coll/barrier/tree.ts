// Tree barrier: arrivals are gathered up a binomial tree to rank 0, and the release goes down the same tree.
//
// size 4:  3→2    1→0, 2→0    then    0→2, 0→1    2→3
//
// Steps 2⌈log2 n⌉, but only 2(n-1) messages in all (dissemination: n⌈log2 n⌉): best where ranks share cores.
// Source: Mellor-Crummey and Scott, "Algorithms for scalable synchronization on shared-memory multiprocessors", 1991.
import { firstChild, parent } from '../patterns/binomial.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* barrierTree({ rank, size }: Shape): Schedule {
  const round = new Round()
  const top = firstChild(rank, size)
  const inner = top > 0 && rank + 1 < size
  if (inner) {
    round.clear()
    for (let bit = 1; bit <= top; bit *= 2) if (rank + bit < size) round.recv(rank + bit, RESULT)
    yield round
  }
  if (rank > 0) yield round.clear().send(parent(rank), RESULT).recv(parent(rank), RESULT)
  if (inner) {
    round.clear()
    for (let bit = top; bit > 0; bit >>= 1) if (rank + bit < size) round.send(rank + bit, RESULT)
    yield round
  }
}
