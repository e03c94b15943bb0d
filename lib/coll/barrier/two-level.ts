// Barrier on two levels: the ranks of a host tell their leader, the leaders agree, the leaders release their hosts.
//
// hosts 0 0 1 1:  1→0, 3→2    0⇄2    0→1, 2→3
//
// With k ranks on each of h hosts: steps 2(k-1) inside hosts, ⌈log2 h⌉ between them; of every host one rank alone sends to
// others.
// Source: Mellor-Crummey and Scott, "Algorithms for scalable synchronization on shared-memory multiprocessors", 1991.
import { among } from '../among.js'
import { levelsOf } from '../patterns/levels.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'
import { barrierDissemination } from './dissemination.js'

export function* barrierTwoLevel({ rank, size, hosts }: Shape): Schedule {
  const { members, leader, leaders } = levelsOf(hosts, rank, size)
  const round = new Round()
  if (rank !== leader) {
    yield round.clear().send(leader, RESULT).recv(leader, RESULT)
    return
  }
  for (const peer of members) if (peer !== leader) round.recv(peer, RESULT)
  if (round.length > 0) yield round
  yield* among(barrierDissemination, { members: leaders, rank })
  round.clear()
  for (const peer of members) if (peer !== leader) round.send(peer, RESULT)
  if (round.length > 0) yield round
}
