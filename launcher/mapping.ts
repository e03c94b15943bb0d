// Places ranks on hosts: which host runs which rank, by pure arithmetic.
//
// Hosts fill in two steps. First each takes as many ranks as it has slots (or as --ppn says). What is left over goes
// round again, each host taking as many again, until max_slots stops it. `--map-by slot` fills a host before the next,
// `--map-by node` deals ranks out one by one; `--rank-by` numbers what was placed, program by program.
import { LaunchError } from '../lib/errors.js'
import { counted } from './hosts/host.js'
import type { Host } from './hosts/host.js'

export interface MappingOptions {
  mapBy: 'slot' | 'node' | 'core'
  /** By default `node` where ranks are dealt out to nodes, else `slot`. */
  rankBy?: 'slot' | 'node'
  /** Ranks on each host, whatever its slots (--ppn). */
  perNode?: number
  noOversubscribe: boolean
}

export interface Placement {
  rank: number
  /** Which of the programs it runs. */
  app: number
  /** Index into the hosts. */
  host: number
  /** Among the ranks of its host. */
  localRank: number
  localSize: number
}

const MOST_RANKS = 65536

/** What a host takes in each round, and at the most. */
interface Room {
  quota: number
  most: number
  used: number
}

/**
 * `counts`: ranks of each program; undefined, where there is one program only, for as many as there are slots. In rank
 * order. Throws LaunchError where they do not fit.
 */
export function placeRanks(hosts: readonly Host[], counts: readonly (number | undefined)[], options: MappingOptions): Placement[] {
  const { perNode, mapBy } = options
  const rooms = hosts.map(({ slots, maxSlots = Infinity }) => ({
    quota: perNode ?? slots,
    most: Math.min(maxSlots, perNode ?? Infinity),
    used: 0,
  }))
  const sizes = counts.map((count) => count ?? defaultCount(rooms))
  const size = sizes.reduce((sum, count) => sum + count, 0)
  if (size > MOST_RANKS) throw new LaunchError(`${size} ranks are more than the ${MOST_RANKS} of the largest job`, { exitCode: 2 })
  const picks = pickHosts(rooms, mapBy === 'node')
  const rankBy = options.rankBy ?? (mapBy === 'node' ? 'node' : 'slot')
  const placements = sizes.flatMap((count, app) => {
    const taken = Array.from({ length: count }, () => picks.next().value ?? refuse(hosts, rooms, size, options))
    return order(taken, rankBy).map((host) => ({ app, host }))
  })
  const placed = number(placements, rooms)
  if (options.noOversubscribe) refuseOversubscription(oversubscribed(hosts, placed))
  return placed
}

const defaultCount = (rooms: readonly Room[]): number =>
  rooms.reduce((sum, { quota, most }) => sum + Math.min(quota, most), 0)

/** A host for each rank to come, until no host may take one more. */
function* pickHosts(rooms: Room[], byNode: boolean): Generator<number, undefined> {
  for (let round = 1; rooms.some(({ used, most }) => used < most); round++) {
    const open = (room: Room): boolean => room.used < Math.min(round * room.quota, room.most)
    while (rooms.some(open)) {
      for (const [host, room] of rooms.entries()) {
        for (let go = open(room); go; go = !byNode && open(room)) {
          room.used++
          yield host
        }
      }
    }
  }
  return undefined
}

/** The hosts of a program's ranks, in rank order. */
function order(taken: readonly number[], rankBy: 'slot' | 'node'): number[] {
  if (rankBy === 'slot') return taken.toSorted((a, b) => a - b)
  const left = new Map<number, number>()
  for (const host of taken) left.set(host, (left.get(host) ?? 0) + 1)
  const ordered: number[] = []
  while (ordered.length < taken.length) {
    for (const [host, count] of left) {
      if (count === 0) continue
      ordered.push(host)
      left.set(host, count - 1)
    }
  }
  return ordered
}

function number(placed: readonly { app: number; host: number }[], rooms: readonly Room[]): Placement[] {
  const next = rooms.map(() => 0)
  return placed.map(({ app, host }, rank) => ({ rank, app, host, localRank: next[host]++, localSize: rooms[host].used }))
}

function refuse(hosts: readonly Host[], rooms: readonly Room[], size: number, { perNode }: MappingOptions): never {
  const places = hosts.slice(0, 8).map(({ name, maxSlots }, index) => {
    const { most } = rooms[index]
    return `${name} takes ${most} (${most === perNode ? '--ppn or ppr' : `max_slots=${maxSlots}`})`
  })
  if (hosts.length > places.length) places.push(`and ${hosts.length - places.length} more`)
  throw new LaunchError(`${size} ranks do not fit on ${hosts.length === 1 ? 'one host' : `${hosts.length} hosts`}: ${places.join(', ')}`)
}

interface Oversubscribed<T extends Host = Host> {
  host: T
  ranks: number
}

/** The hosts that run more ranks than they have slots. */
export function oversubscribed<T extends Host>(hosts: readonly T[], placements: readonly Placement[]): Oversubscribed<T>[] {
  const ranks = hosts.map(() => 0)
  for (const { host } of placements) ranks[host]++
  return hosts.flatMap((host, index) => (ranks[index] > host.slots ? [{ host, ranks: ranks[index] }] : []))
}

function refuseOversubscription(over: readonly Oversubscribed[]): void {
  if (over.length > 0) throw new LaunchError(`--nooversubscribe: ${describeOversubscription(over, 'would run')}`)
}

/** `host a has 2 slots and runs 3 ranks, and so it is with 1 more host` */
export function describeOversubscription([first, ...others]: readonly Oversubscribed[], runs: 'runs' | 'would run'): string {
  const { host: { name, slots, bare }, ranks } = first
  const more = others.length > 0 ? `, and so it is with ${counted(others.length, 'more host')}` : ''
  return `host ${name} has ${counted(slots, 'slot')}${bare ? ' (no number was given)' : ''} and ${runs} ${counted(ranks, 'rank')}${more}`
}
