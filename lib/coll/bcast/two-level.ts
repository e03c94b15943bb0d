// Broadcast on two levels: from the root to a leader of each host, then inside the hosts, each time down a binomial tree.
//
// hosts 0 0 1 1, root 1:  1→2    1→0, 2→3
//
// With k ranks on each of h hosts: steps and bytes ⌈log2 h⌉ between hosts, ⌈log2 k⌉ inside; every host receives the data once.
// Source: Karonis, de Supinski, Foster, Gropp, Lusk, Bresnahan, "Exploiting hierarchy in parallel computer networks to
// optimize collective operation performance", 2000.
import { among } from '../among.js'
import { levelsOf } from '../patterns/levels.js'
import type { Schedule, Shape } from '../schedule.js'
import { bcastBinomial } from './binomial.js'

export function* bcastTwoLevel({ rank, size, root, hosts }: Shape): Schedule {
  const { members, leader, leaders } = levelsOf(hosts, rank, size, root)
  if (rank === leader) yield* among(bcastBinomial, { members: leaders, rank, root })
  yield* among(bcastBinomial, { members, rank, root: leader })
}
