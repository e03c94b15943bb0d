// Binomial scatter: each rank receives the blocks of its subtree, keeps its own and passes the others on.
//
// size 4, root 0:  0→2 cd    0→1 b, 2→3 d
//
// Blocks keep their places, so that they may differ in size; a subtree that runs past the last rank is sent in two
// messages. Steps ⌈log2 n⌉, bytes (n-1)·m at the root, about n/2·log2 n·m in all. Best for small blocks.
// Source: Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", 2005.
import { firstChild, parent, subtree } from '../patterns/binomial.js'
import { ahead, behind } from '../patterns/ring.js'
import type { BufferName, Schedule, Shape } from '../schedule.js'
import { INPUT, RESULT, Round, SCRATCH } from '../schedule.js'
import { recvWrapped, sendWrapped } from '../wrapped.js'

export function* scatterBinomial({ rank, size, root }: Shape): Schedule {
  const round = new Round()
  const relative = behind(rank, root, size)
  const held = subtree(relative, size)
  if (relative > 0) {
    const from = ahead(parent(relative), root, size)
    if (held === 1) {
      yield round.clear().recv(from, RESULT)
      return
    }
    round.clear()
    recvWrapped(round, from, SCRATCH, rank, held, size)
    yield round
  }
  const source: BufferName = relative === 0 ? INPUT : SCRATCH
  round.clear()
  for (let bit = firstChild(relative, size); bit > 0; bit >>= 1) {
    if (relative + bit >= size) continue
    const child = ahead(rank, bit, size)
    sendWrapped(round, child, source, child, subtree(relative + bit, size), size)
  }
  yield round.copy(RESULT, source, 0, 1, rank)
}
