// Binomial gather: each rank collects the blocks of its subtree and sends them, with its own, to its parent.
//
// size 4, root 0:  1→0 b, 3→2 d    2→0 cd
//
// Blocks keep their places, so that they may differ in size; a subtree that runs past the last rank is sent in two
// messages. Steps ⌈log2 n⌉, bytes (n-1)·m at the root, about n/2·log2 n·m in all. Best for small blocks.
// Source: Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", 2005.
import { firstChild, parent, subtree } from '../patterns/binomial.js'
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { INPUT, RESULT, Round } from '../schedule.js'
import { recvWrapped, sendWrapped } from '../wrapped.js'

export function* gatherBinomial({ rank, size, root }: Shape): Schedule {
  const round = new Round()
  const relative = behind(rank, root, size)
  const held = subtree(relative, size)
  const to = ahead(parent(relative), root, size)
  if (held === 1 && relative > 0) {
    yield round.clear().send(to, INPUT)
    return
  }
  round.clear()
  const top = firstChild(relative, size)
  for (let bit = 1; bit <= top; bit *= 2) {
    if (relative + bit >= size) break
    const child = ahead(rank, bit, size)
    recvWrapped(round, child, RESULT, child, subtree(relative + bit, size), size)
  }
  yield round.copy(RESULT, INPUT, rank, 1, 0)
  if (relative === 0) return
  round.clear()
  sendWrapped(round, to, RESULT, rank, held, size)
  yield round
}
