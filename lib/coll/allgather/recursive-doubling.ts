// Recursive doubling: partners at distance 1, 2, 4, … exchange all they hold, which is an aligned range of blocks.
//
// size 4:  0⇄1 a|b, 2⇄3 c|d    0⇄2 ab|cd, 1⇄3 ab|cd
//
// Powers of two only. Rounds log2 n, bytes (n-1)·m a rank, one message a round.
// Source: Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", 2005.
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* allgatherRecursiveDoubling({ rank, size }: Shape): Schedule {
  const round = new Round()
  for (let bit = 1; bit < size; bit *= 2) {
    const mine = rank & -bit
    yield round.clear().send(rank ^ bit, RESULT, mine, bit).recv(rank ^ bit, RESULT, mine ^ bit, bit)
  }
}
