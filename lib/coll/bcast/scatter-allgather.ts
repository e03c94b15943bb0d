// Van de Geijn's broadcast: the vector is scattered down a binomial tree, a block a rank, then gathered by all.
//
// size 4, root 0, blocks abcd:  0→2 cd    0→1 b, 2→3 d    then allgather
//
// Block v belongs to the rank v places after the root. Any size gathers in ⌈log2 n⌉ steps by Bruck's exchange; the
// textbook's ring for long vectors moves as many bytes in n - 1 steps, and in shared memory no neighbour is nearer.
// Steps 2⌈log2 n⌉, bytes 2m(n-1)/n on the longest path, about (n-1)·m + m/2·log2 n in all.
// Source: Barnett, Gupta, Payne, Shuler, van de Geijn, Watts, "Interprocessor collective communication library", 1994.
import { allgatherBruck } from '../allgather/bruck.js'
import { firstChild, parent, subtree } from '../patterns/binomial.js'
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* bcastScatterAllgather(shape: Shape): Schedule {
  const { rank, size, root } = shape
  const round = new Round()
  const relative = behind(rank, root, size)
  if (relative > 0) {
    yield round.clear().recv(ahead(parent(relative), root, size), RESULT, relative, subtree(relative, size))
  }
  round.clear()
  for (let bit = firstChild(relative, size); bit > 0; bit >>= 1) {
    const child = relative + bit
    if (child < size) round.send(ahead(child, root, size), RESULT, child, subtree(child, size))
  }
  if (round.length > 0) yield round
  yield* allgatherBruck(shape)
}
