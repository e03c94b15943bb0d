// The longest path through a collective, in the Hockney model with one port each way: a rank sends one message at a
// time and receives one at a time. Messages of a round to the same peer pay the latency once.
import { blockCount } from '../../lib/coll/registry.js'
import { record } from '../../lib/coll/record.js'
import { RECV, REDUCE_LEFT, REDUCE_RIGHT, SEND } from '../../lib/coll/schedule.js'
import type { CostModel, Entry, Step } from '../../lib/coll/schedule.js'

/** As many ranks on each host, one after the other. */
const consecutive = (size: number, hosts: number): number[] =>
  Array.from({ length: size }, (_, rank) => Math.floor((rank * hosts) / size))

interface Rank {
  readonly rounds: Step[][]
  round: number
  issued: boolean
  time: number
  sent: number
}

/** When the last of `size` ranks on `hosts` hosts is done, where a vector, or a block of a gather-like collective, has length 1. */
export function longestPath(entry: Entry, size: number, bytes: number, model: CostModel, hosts = 1): number {
  const vector = /cast|reduce/.test(entry.collective)
  const blocks = blockCount(entry.cut, size, bytes)
  const weight = entry.collective === 'barrier' ? 0 : vector ? 1 / blocks : 1
  const ranks: Rank[] = Array.from({ length: size }, (_, rank) => {
    const rounds = record(entry.run, { rank, size, root: 0, blocks, ...(hosts > 1 && { hosts: consecutive(size, hosts) }) })
    return { rounds, round: 0, issued: false, time: 0, sent: 0 }
  })
  /** By sender and receiver: when each message began. */
  const begun = new Map<string, number[]>()
  const channel = (from: number, to: number): number[] => {
    const key = `${from} ${to}`
    if (!begun.has(key)) begun.set(key, [])
    return begun.get(key)!
  }

  const issue = (rank: Rank, number: number): void => {
    const peers = new Set<number>()
    rank.sent = rank.time
    for (const { kind, peer, count } of rank.rounds[rank.round]) {
      if (kind !== SEND) continue
      channel(number, peer).push(rank.sent)
      rank.sent += (peers.has(peer) ? 0 : model.alpha) + count * weight * model.beta
      peers.add(peer)
    }
    rank.issued = true
  }

  const complete = (rank: Rank, number: number): boolean => {
    const steps = rank.rounds[rank.round]
    const receives = steps.filter((step) => step.kind === RECV)
    const taken = new Map<number, number>()
    const arrivals = receives.map(({ peer, count }) => {
      const nth = taken.get(peer) ?? 0
      taken.set(peer, nth + 1)
      return { at: channel(peer, number)[nth], length: (nth > 0 ? 0 : model.alpha) + count * weight * model.beta }
    })
    if (arrivals.some(({ at }) => at === undefined)) return false
    for (const [peer, count] of taken) channel(peer, number).splice(0, count)
    let received = rank.time
    for (const { at, length } of arrivals.sort((a, b) => a.at - b.at)) received = Math.max(received, at) + length
    rank.time = Math.max(rank.sent, received)
    for (const { kind, count } of steps) {
      if (kind === REDUCE_LEFT || kind === REDUCE_RIGHT) rank.time += count * weight * model.gamma
    }
    rank.issued = false
    rank.round++
    return true
  }

  for (let moved = true; moved;) {
    moved = false
    ranks.forEach((rank, number) => {
      if (rank.round === rank.rounds.length) return
      if (!rank.issued) {
        issue(rank, number)
        moved = true
      }
      if (complete(rank, number)) moved = true
    })
  }
  return Math.max(...ranks.map((rank) => rank.time))
}
