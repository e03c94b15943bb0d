// Which processors each rank of a host is bound to.
import type { Binding } from '../lib/wire/agent.js'
import { counted } from './hosts/host.js'
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

/** A line about ranks that do not have what they were to have for themselves: more cores than there are. */
export function describeOverlap(topology: readonly Processor[], { to, cpusPerRank }: Binding, ranks: number): string | undefined {
  const cores = coresOf(topology).length
  if (to !== 'core' || cores === 0 || ranks * cpusPerRank <= cores) return undefined
  const wanted = `${counted(ranks, 'rank')} with ${counted(cpusPerRank, 'core')}${ranks === 1 ? ' does' : ' each do'} not fit on`
  const outcome = ranks === 1 ? 'has them all' : 'some cores run several ranks'
  return `warning: --bind-to core: ${wanted} the ${counted(cores, 'core')} of a host: ${ranks === 1 ? 'it ' : ''}${outcome}`
}

/** The processors of each core. */
export const coresOf = (topology: readonly Processor[]): number[][] => groupBy(topology, 'core')

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
