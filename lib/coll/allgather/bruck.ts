// Bruck's allgather: in round k a rank holds the 2^k blocks from its own on, and sends them 2^k places back.
//
// size 3:  round 0: 1→0 b, 2→1 c, 0→2 a    round 1 (one block is missing): 2→0 c, 0→1 a, 1→2 b
//
// Blocks stand where they belong from the start, so there is no rotation at the end and blocks may differ in size; a
// range that runs past the last block goes as two messages. Rounds ⌈log2 n⌉ for any size, bytes (n-1)·m a rank.
// Blocks are numbered from the root (0 in an allgather): a broadcast that has scattered its vector ends with this.
// Source: Bruck, Ho, Kipnis, Upfal, Weathersby, "Efficient algorithms for all-to-all communications in multiport
// message-passing systems", 1997.
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'
import { recvWrapped, sendWrapped } from '../wrapped.js'

export function* allgatherBruck({ rank, size, root }: Shape): Schedule {
  const round = new Round()
  const own = behind(rank, root, size)
  for (let distance = 1; distance < size; distance *= 2) {
    const count = Math.min(distance, size - distance)
    round.clear()
    sendWrapped(round, behind(rank, distance, size), RESULT, own, count, size)
    recvWrapped(round, ahead(rank, distance, size), RESULT, ahead(own, distance, size), count, size)
    yield round
  }
}
