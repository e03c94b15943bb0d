// Watches over peers on other hosts: who has not acknowledged anything for long is asked to, and looked for.
//
// The question shows a peer that messages to it were lost with a broken connection, even where none follows; the look
// (zmq-probe.ts) shows us that it cannot be reached, or could not be from the beginning. A peer that only is silent is
// waited for: it may be computing.
import type { Peer } from './zmq-peer.js'

export interface VigilOptions {
  readonly peers: readonly Peer[]
  /** How long a peer may be silent before it is looked for. */
  readonly milliseconds: number
  /** Sends the question. */
  ask(peer: Peer): void
  /** What is wrong with the way to a peer, if anything is. */
  look(peer: Peer): Promise<Error | undefined>
  lose(peer: Peer, why: Error): void
}

const TICKS = 4

export class Vigil {
  readonly #options: VigilOptions
  readonly #timer: NodeJS.Timeout
  /** By rank: the last acknowledgement that was seen, since how many ticks, and whether the peer is being looked for. */
  readonly #seen: { acknowledged: number; ticks: number; looking: boolean }[]

  constructor(options: VigilOptions) {
    this.#options = options
    this.#seen = options.peers.map(() => ({ acknowledged: 0, ticks: 0, looking: false }))
    this.#timer = setInterval(() => options.peers.forEach((peer, at) => this.#tick(peer, at)), options.milliseconds / TICKS)
    this.#timer.unref()
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #tick(peer: Peer, at: number): void {
    const seen = this.#seen[at]
    const { acknowledged, empty } = peer.outbox
    if (peer.gone || empty || acknowledged !== seen.acknowledged) {
      seen.acknowledged = acknowledged
      seen.ticks = 0
    } else if (++seen.ticks >= TICKS && !seen.looking) {
      seen.looking = true
      seen.ticks = 0
      this.#options.ask(peer)
      void this.#look(peer).finally(() => (seen.looking = false))
    }
  }

  async #look(peer: Peer): Promise<void> {
    const { acknowledged } = peer.outbox
    const why = await this.#options.look(peer)
    if (why !== undefined && !peer.gone && peer.outbox.acknowledged === acknowledged) this.#options.lose(peer, why)
  }
}
