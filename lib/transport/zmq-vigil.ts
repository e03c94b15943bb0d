// Watches over peers on other hosts. Soon after the first connect to a peer it is looked for (zmq-probe.ts), unless it has
// acknowledged something: ZeroMQ goes on trying without a word where it cannot be reached. Who has not acknowledged anything
// for long is looked for again, and asked to: that shows a peer that messages to it were lost with a broken connection, even
// where none follows.
//
// A peer that only is silent is waited for: it may be computing. The first look is one at its port alone, and asks nothing of
// it: whom nobody answers would need to connect for the acknowledgement only.
import type { Finding, WatchTimes } from './zmq-link.js'
import type { Peer } from './zmq-peer.js'

export interface VigilOptions extends WatchTimes {
  readonly peers: readonly Peer[]
  /** Sends the question. */
  ask(peer: Peer): void
  /** What is wrong with the way to a peer, if anything is; `handshakes`: also with those of its connection. */
  look(peer: Peer, handshakes: boolean): Promise<Finding | undefined>
  /** Whether somebody answers where the peer listens. */
  answers(peer: Peer): Promise<boolean>
  lose(peer: Peer, why: Error): void
}

const TICKS = 4

export class Vigil {
  readonly #options: VigilOptions
  readonly #timer: NodeJS.Timeout
  /** By rank: the last acknowledgement that was seen, since how many ticks, and whether the peer is being looked for. */
  readonly #seen: { acknowledged: number; ticks: number; looking: boolean }[]
  #ended = false

  constructor(options: VigilOptions) {
    this.#options = options
    this.#seen = options.peers.map(() => ({ acknowledged: 0, ticks: 0, looking: false }))
    const tick = (): void => options.peers.forEach((peer, at) => this.#tick(peer, at))
    this.#timer = setInterval(tick, options.silenceMilliseconds / TICKS).unref()
  }

  /** The first connect to `peer` is under way. */
  connecting(peer: Peer): void {
    setTimeout(() => {
      if (!this.#ended && !peer.gone && peer.outbox.acknowledged === 0) void this.#look(peer, false)
    }, this.#options.firstLookMilliseconds).unref()
  }

  end(): void {
    this.#ended = true
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
      void this.#look(peer, true).finally(() => (seen.looking = false))
    }
  }

  async #look(peer: Peer, handshakes: boolean): Promise<void> {
    const options = this.#options
    const { acknowledged } = peer.outbox
    const silent = (): boolean => !this.#ended && !peer.gone && peer.outbox.acknowledged === acknowledged
    const found = await options.look(peer, handshakes)
    if (found === undefined) return
    const lastWord = peer.heard ? options.lastWordOfKnownMilliseconds : options.lastWordMilliseconds
    await new Promise((resolve) => setTimeout(resolve, lastWord).unref())
    // a network that is back has its messages still to come
    if (!silent() || (found.unreachable && (await options.answers(peer)))) return
    if (silent()) options.lose(peer, found.why)
  }
}
