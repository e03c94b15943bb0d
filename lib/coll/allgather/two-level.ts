// Allgather on two levels: the ranks of a host give their blocks to its leader, the leaders exchange what their hosts have,
// all with all in one round, and pass everything on inside the hosts.
//
// hosts 0 0 1 1:  1→0 b, 3→2 d    0→2 ab, 2→0 cd    0→1 abcd, 2→3 abcd
//
// With k ranks on each of h hosts: k-1 messages of a block inside hosts, then h-1 of k blocks between them, then ⌈log2 k⌉ of
// all blocks inside. Blocks of a host whose ranks do not follow one another travel as a message for each range.
// Source: Traff, "Efficient allgather for regular SMP-clusters", 2006.
import { among } from '../among.js'
import { bcastBinomial } from '../bcast/binomial.js'
import { levelsOf, rangesOf } from '../patterns/levels.js'
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* allgatherTwoLevel({ rank, size, hosts }: Shape): Schedule {
  const { members, leader, leaders } = levelsOf(hosts, rank, size)
  const round = new Round()
  if (rank === leader) {
    for (const peer of members) if (peer !== rank) round.recv(peer, RESULT, peer)
    if (round.length > 0) yield round
    round.clear()
    const own = leaders.indexOf(rank)
    const ranges = leaders.map((_, host) => rangesOf(hosts, size, host))
    for (let distance = 1; distance < leaders.length; distance++) {
      const to = ahead(own, distance, leaders.length)
      const from = behind(own, distance, leaders.length)
      for (const [first, count] of ranges[own]) round.send(leaders[to], RESULT, first, count)
      for (const [first, count] of ranges[from]) round.recv(leaders[from], RESULT, first, count)
    }
    if (round.length > 0) yield round
  } else yield round.send(leader, RESULT, rank)
  yield* among(bcastBinomial, { members, rank, root: leader, each: size })
}
