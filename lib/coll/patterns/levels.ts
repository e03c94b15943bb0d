// Ranks on several hosts: who shares a host with whom, and who speaks for a host to others.
//
// hosts 0 0 0 1 2 2:  ranks 0 1 2 | 3 | 4 5, led by 0, 3 and 4; where 5 is the root by 0, 3 and 5

/** How a rank sees the two levels. */
export interface Levels {
  /** The ranks of its host, in order. */
  readonly members: readonly number[]
  /** Who leads its host: the root where it is there, else the first. */
  readonly leader: number
  /** The leaders of all hosts, in the order of the hosts. */
  readonly leaders: readonly number[]
}

/**
 * `hosts`: the host of each rank, numbered from 0 in the order of their first ranks; undefined: all are on one. `root`: -1
 * where there is none.
 */
export function levelsOf(hosts: readonly number[] | undefined, rank: number, size: number, root = -1): Levels {
  const members: number[] = []
  const leaders: number[] = []
  const hostOf = (peer: number): number => hosts?.[peer] ?? 0
  const own = hostOf(rank)
  for (let peer = 0; peer < size; peer++) {
    const host = hostOf(peer)
    if (host === own) members.push(peer)
    if (host === leaders.length) leaders.push(peer)
    else if (peer === root) leaders[host] = root
  }
  return { members, leader: leaders[own], leaders }
}

/** Whether the ranks of each host follow one another. */
export function areBlocks(hosts: readonly number[]): boolean {
  for (let rank = 1; rank < hosts.length; rank++) if (hosts[rank] < hosts[rank - 1]) return false
  return true
}

/** The ranks of host `host` as ranges of consecutive ranks: the first of each, and how many. */
export function rangesOf(hosts: readonly number[] | undefined, size: number, host: number): [first: number, count: number][] {
  const ranges: [number, number][] = []
  for (let rank = 0; rank < size; rank++) {
    if ((hosts?.[rank] ?? 0) !== host) continue
    const last = ranges.at(-1)
    if (last !== undefined && last[0] + last[1] === rank) last[1]++
    else ranges.push([rank, 1])
  }
  return ranges
}
