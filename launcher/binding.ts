// Which processors each rank of a host is bound to.
import type { Binding } from '../lib/wire/agent.js'
import type { Processor } from './topology.js'

/**
 * The processors of each local rank. Cores are given out one after the other, so many to a rank, and once more from the
 * first when there are too few. Sockets and NUMA nodes get blocks of ranks, all alike as far as they go.
 */
export function bindRanks(topology: readonly Processor[], { to, cpusPerRank }: Binding, ranks: number): number[][] {
  const groups = groupBy(topology, to)
  if (groups.length === 0) return []
  return Array.from({ length: ranks }, (_, local) => {
    if (to !== 'core') return groups[Math.floor((local * groups.length) / ranks)]
    const cores = Array.from({ length: Math.min(cpusPerRank, groups.length) }, (_, n) => groups[(local * cpusPerRank + n) % groups.length])
    return cores.flat()
  })
}

/** The processors of each core, socket or node, in the order of the topology. */
function groupBy(topology: readonly Processor[], what: 'core' | 'socket' | 'numa'): number[][] {
  const groups = new Map<number, number[]>()
  for (const processor of topology) {
    const group = groups.get(processor[what])
    if (group) group.push(processor.cpu)
    else groups.set(processor[what], [processor.cpu])
  }
  return [...groups.values()]
}
