// Allreduce on two levels for long vectors: reduced inside each host to its leader, among the leaders by Rabenseifner's
// allreduce, and broadcast inside the hosts.
//
// hosts 0 0 1 1:  1→0, 3→2    0⇄2 half each    0⇄2 half each    0→1, 2→3
//
// With k ranks on each of h hosts: 2⌈log2 k⌉ steps inside hosts, those of allreduce/rabenseifner for h between them, where
// every host sends 2m(h-1)/h bytes: the least possible.
// Order: that of allreduce/two-level; the two give the same bits.
// Source: Karonis et al., "Exploiting hierarchy in parallel computer networks …", 2000; Rabenseifner, 2004.
import { among } from '../among.js'
import { bcastBinomial } from '../bcast/binomial.js'
import { levelsOf } from '../patterns/levels.js'
import { reduceBinomial } from '../reduce/binomial.js'
import type { Schedule, Shape } from '../schedule.js'
import { allreduceRabenseifner } from './rabenseifner.js'

export function* allreduceTwoLevelRabenseifner({ rank, size, blocks, hosts }: Shape): Schedule {
  const { members, leader, leaders } = levelsOf(hosts, rank, size)
  const inside = { members, rank, root: leader, each: blocks }
  yield* among(reduceBinomial, inside)
  if (rank === leader) yield* among(allreduceRabenseifner, { members: leaders, rank, blocks })
  yield* among(bcastBinomial, inside)
}
