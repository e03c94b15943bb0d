// Allreduce on two levels: reduced inside each host to its leader, among the leaders by recursive doubling, and broadcast
// inside the hosts.
//
// hosts 0 0 1 1:  1→0, 3→2    0⇄2    0→1, 2→3        (x0 x1)(x2 x3)
//
// With k ranks on each of h hosts: 2⌈log2 k⌉ steps inside hosts, those of allreduce/recursive-doubling for h between them.
// Best for short vectors; of every host one rank alone sends to others.
// Order: that of reduce/binomial inside hosts, then hosts, in the order of their first ranks, as recursive doubling has
// ranks: rank order where the ranks of each host follow one another, else the op must be commutative.
// Source: Karonis et al., "Exploiting hierarchy in parallel computer networks …", 2000.
import { among } from '../among.js'
import { bcastBinomial } from '../bcast/binomial.js'
import { levelsOf } from '../patterns/levels.js'
import { reduceBinomial } from '../reduce/binomial.js'
import type { Schedule, Shape } from '../schedule.js'
import { allreduceRecursiveDoubling } from './recursive-doubling.js'

export function* allreduceTwoLevel({ rank, size, blocks, hosts }: Shape): Schedule {
  const { members, leader, leaders } = levelsOf(hosts, rank, size)
  const inside = { members, rank, root: leader, each: blocks }
  yield* among(reduceBinomial, inside)
  if (rank === leader) yield* among(allreduceRecursiveDoubling, { members: leaders, rank, each: blocks })
  yield* among(bcastBinomial, inside)
}
