// Pipelined chain: the ranks stand in a row behind the root; each passes on segment s-1 while it receives segment s.
//
// size 3, root 0, segments a b:  0→1 a    0→1 b, 1→2 a    1→2 b
//
// With S segments: steps S + n - 2, bytes m(S + n - 2)/S on the longest path, (n-1)·m in all.
// Source: Watts and van de Geijn, "A pipelined broadcast for multidimensional meshes", 1995.
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* bcastChain({ rank, size, root, blocks }: Shape): Schedule {
  const round = new Round()
  const relative = behind(rank, root, size)
  const first = relative === 0
  const last = relative === size - 1
  const previous = behind(rank, 1, size)
  const next = ahead(rank, 1, size)
  // The root has no segment to wait for, so it sends segment s where the others send s - 1.
  const lag = first ? 0 : 1
  for (let segment = 0; segment < blocks + lag; segment++) {
    round.clear()
    if (!first && segment < blocks) round.recv(previous, RESULT, segment)
    if (!last && segment >= lag) round.send(next, RESULT, segment - lag)
    if (round.length > 0) yield round
  }
}
