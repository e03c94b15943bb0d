// Binomial broadcast: whoever has the data sends it to the heads of ever smaller subtrees.
//
// size 4, root 0:  0→2    0→1, 2→3
//
// Steps ⌈log2 n⌉, bytes ⌈log2 n⌉·m on the longest path, (n-1)·m in all.
// Source: Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", 2005.
import { firstChild, parent } from '../patterns/binomial.js'
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* bcastBinomial({ rank, size, root }: Shape): Schedule {
  const round = new Round()
  const relative = behind(rank, root, size)
  if (relative > 0) yield round.clear().recv(ahead(parent(relative), root, size), RESULT)
  round.clear()
  for (let bit = firstChild(relative, size); bit > 0; bit >>= 1) {
    if (relative + bit < size) round.send(ahead(relative + bit, root, size), RESULT)
  }
  if (round.length > 0) yield round
}
