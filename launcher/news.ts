// What an agent tells its ranks of the job: who has finalized or ended, and where ranks of other hosts listen.
import type { LaunchSpec, ToAgent } from '../lib/wire/agent.js'
import type { ToRank } from '../lib/wire/control.js'
import type { Rank } from './rank.js'

type Ended = Extract<ToAgent, { type: 'ended' }>

export class News {
  readonly #ranks: ReadonlyMap<number, Rank>
  #job: LaunchSpec | undefined
  readonly #all: Ended[] = []
  #told = 0
  #complete = false
  readonly #endpoints = new Map<number, string>()
  /** Those who have asked where a rank listens, before that was known. */
  readonly #askers = new Map<number, Rank[]>()

  constructor(ranks: ReadonlyMap<number, Rank>) {
    this.#ranks = ranks
  }

  begin(job: LaunchSpec): void {
    this.#job = job
  }

  /** Told to every rank that uses tsmpi; one that says hello later hears all of it. */
  ended(message: Ended): void {
    // Many come at once, at the end of a job: one write to each rank for all of a turn.
    if (this.#all.push(message) === this.#told + 1) setImmediate(() => this.#tell())
  }

  greet(rank: Rank): void {
    if (this.#job) rank.tell([{ type: 'job', secret: this.#job.secret, hosts: this.#job.hosts }])
    rank.tell(this.#for(rank, this.#all.slice(0, this.#told)))
    if (this.#complete) rank.tell([{ type: 'finalized' }])
  }

  finalized(): void {
    this.#tell()
    this.#complete = true
    this.#tellAll([{ type: 'finalized' }])
  }

  report(): void {
    this.#tellAll([{ type: 'report' }])
  }

  listening(endpoints: readonly [rank: number, endpoint: string][]): void {
    for (const [peer, endpoint] of endpoints) {
      this.#endpoints.set(peer, endpoint)
      for (const asker of this.#askers.get(peer) ?? []) this.where(asker, peer)
      this.#askers.delete(peer)
    }
  }

  /** `asker` wants to know where `peer` listens: now, or as soon as it does. */
  where(asker: Rank, peer: number): void {
    if (this.#job === undefined || peer >= this.#job.size) return
    const endpoint = this.#endpoints.get(peer)
    if (endpoint !== undefined) return asker.tell([{ type: 'endpoint', rank: peer, endpoint, host: this.#job.hosts[peer] }])
    const askers = this.#askers.get(peer)
    if (askers === undefined) this.#askers.set(peer, [asker])
    else if (!askers.includes(asker)) askers.push(asker)
  }

  #tell(): void {
    const fresh = this.#all.slice(this.#told)
    this.#told = this.#all.length
    for (const rank of this.#ranks.values()) if (rank.nodePid !== undefined) rank.tell(this.#for(rank, fresh))
  }

  #tellAll(messages: ToRank[]): void {
    for (const rank of this.#ranks.values()) if (rank.nodePid !== undefined) rank.tell(messages)
  }

  #for(to: Rank, messages: readonly Ended[]): ToRank[] {
    const others = messages.filter((message) => message.rank !== to.spec.rank)
    return others.map(({ sent, ...rest }) => (sent ? { ...rest, sent: sent[to.spec.rank] ?? 0 } : rest))
  }
}
