// Reduce on two levels: inside each host to its leader, then from the leaders to the root, each time up a binomial tree.
//
// hosts 0 0 1 1, root 1:  0→1, 2←3    2→1        (x0 x1)(x2 x3)
//
// With k ranks on each of h hosts: steps, bytes and combined vectors ⌈log2 k⌉ inside hosts, ⌈log2 h⌉ between them; every
// host but the root's sends one vector.
// Order: rank order inside hosts, then hosts in the order of their first ranks: rank order where the ranks of each host
// follow one another, else the op must be commutative. The root makes no difference.
// Source: Karonis et al., "Exploiting hierarchy in parallel computer networks …", 2000.
import { among } from '../among.js'
import { levelsOf } from '../patterns/levels.js'
import type { Schedule, Shape } from '../schedule.js'
import { reduceBinomial } from './binomial.js'

export function* reduceTwoLevel({ rank, size, root, blocks, hosts }: Shape): Schedule {
  const { members, leader, leaders } = levelsOf(hosts, rank, size, root)
  yield* among(reduceBinomial, { members, rank, root: leader, each: blocks })
  if (rank === leader) yield* among(reduceBinomial, { members: leaders, rank, root, each: blocks })
}
