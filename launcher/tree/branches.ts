// The tree of agents: who starts whom.
import type { Branch } from '../../lib/wire/agent.js'

/**
 * Hosts as the branches of one agent: each by itself as long as there are no more than `width`, else in `width` groups of
 * neighbours, of which the first starts the others in the same way.
 */
export function branches(hosts: readonly Omit<Branch, 'branches'>[], width: number): Branch[] {
  const groups = Math.min(width, hosts.length)
  return Array.from({ length: groups }, (_, index) => {
    const [first, ...rest] = hosts.slice(cut(index, groups, hosts.length), cut(index + 1, groups, hosts.length))
    return { ...first, branches: branches(rest, width) }
  })
}

const cut = (index: number, groups: number, length: number): number => Math.floor((index * length) / groups)

/** The numbers of the hosts of a branch. */
export const hostsOf = ({ host, branches }: Branch): number[] => [host, ...branches.flatMap(hostsOf)]

export function* allBranches(some: readonly Branch[]): Generator<Branch> {
  for (const branch of some) {
    yield branch
    yield* allBranches(branch.branches)
  }
}
