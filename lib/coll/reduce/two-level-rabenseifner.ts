// Reduce on two levels for long vectors: inside each host to its leader, then by Rabenseifner's reduce among the leaders.
//
// hosts 0 0 1 1, root 0:  1→0, 3→2    0⇄2 half each    2→0 half
//
// With k ranks on each of h hosts: ⌈log2 k⌉ steps inside hosts; between them those of reduce/rabenseifner for h.
// Order: that of reduce/two-level where h is a power of two; always that of allreduce/two-level-rabenseifner.
// Source: Karonis et al., "Exploiting hierarchy in parallel computer networks …", 2000; Rabenseifner, 2004.
import { among } from '../among.js'
import { levelsOf } from '../patterns/levels.js'
import type { Schedule, Shape } from '../schedule.js'
import { reduceBinomial } from './binomial.js'
import { reduceRabenseifner } from './rabenseifner.js'

export function* reduceTwoLevelRabenseifner({ rank, size, root, blocks, hosts }: Shape): Schedule {
  const { members, leader, leaders } = levelsOf(hosts, rank, size, root)
  yield* among(reduceBinomial, { members, rank, root: leader, each: blocks })
  if (rank === leader) yield* among(reduceRabenseifner, { members: leaders, rank, root, blocks })
}
