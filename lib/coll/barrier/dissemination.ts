// Dissemination barrier: in round k a rank tells the one 2^k places ahead that it, and all it has heard of, are here.
//
// size 3:  round 0: 0→1 1→2 2→0    round 1: 0→2 1→0 2→1    now each has heard of all three
//
// Rounds ⌈log2 n⌉, one empty message a round and rank. Best where every rank has a core.
// Source: Hensgen, Finkel, Manber, "Two algorithms for barrier synchronization", 1988.
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* barrierDissemination({ rank, size }: Shape): Schedule {
  const round = new Round()
  for (let distance = 1; distance < size; distance *= 2) {
    yield round.clear().send(ahead(rank, distance, size), RESULT).recv(behind(rank, distance, size), RESULT)
  }
}
