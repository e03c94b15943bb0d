// ZeroMQ between hosts: TCP, where every connection is encrypted and authenticated by CURVE.
//
// A rank has one key pair, by which it listens and connects. It connects to the key that its peer must have, and lets in
// the keys of the job's other ranks alone, each under the routing id that belongs to it (zmq-gate.ts).
import type * as Zmq from 'zeromq'
import { TransportError } from '../errors.js'
import { endpointAt, isEndpoint, withoutScheme } from '../wire/control.js'
import { Gate } from './zmq-gate.js'
import { JobKeys, OwnKeys, toZ85 } from './zmq-keys.js'
import type { Keys, KeysAsMade } from './zmq-keys.js'
import type { Library, Link, WatchTimes } from './zmq-link.js'
import { probe } from './zmq-probe.js'

/** Where a rank listens, and what its host is called in messages. */
export interface Endpoint {
  /** As ZeroMQ writes it: `tcp://10.0.0.7:41234`. */
  readonly endpoint: string
  readonly host: string
}

export interface TcpOptions {
  /** The address to listen at, and no other: that of an interface of this host. */
  readonly address: string
  readonly host: string
  /** The descriptor of a socket that listens there already, which is taken over. Else the system chooses a port. */
  readonly listener?: number
  /** Keys of the ranks' own making; else they are derived from the secret. */
  readonly keys?: KeysAsMade
  /** Told once, as soon as this rank listens. */
  readonly onBound: (endpoint: string) => void
  /** Asked before the first message to a peer. */
  readonly endpointOf: (peer: number) => Endpoint | Promise<Endpoint>
  /** How long after the first connect to a peer it is looked for, unless it has answered. Default: 1 s. */
  readonly firstLookMilliseconds?: number
  /** How long a peer may leave messages unanswered before it is looked for. Default: 30 s. */
  readonly silenceMilliseconds?: number
  /** How long a look may take. Default: 5 s, in which a system asks three times for a connection. */
  readonly lookMilliseconds?: number
  /** How long a handshake may take from its first byte. Default: 10 s. */
  readonly handshakeMilliseconds?: number
}

/** An option that libzmq has and zeromq.js does not name. */
const ZMQ_USE_FD = 89
/** What CURVE adds to a message. */
export const CURVE_BYTES = 64
const FIRST_LOOK_MS = 1_000
const SILENCE_MS = 30_000
const LOOK_MS = 5_000
const HEARTBEAT_INTERVAL_MS = 5_000
/** Long enough for a cable to be put back, or a host to be busy; that a host is gone is for the launcher to notice. */
const HEARTBEAT_TIMEOUT_MS = 60_000

let domains = 0
const gates = new WeakMap<Zmq.Context, Gate>()

export interface TcpLinkOptions extends TcpOptions {
  readonly rank: number
  readonly size: number
  readonly jobId: string
  readonly secret: string
  readonly epoch: number
}

export class TcpLink implements Link {
  readonly #library: Library
  readonly #options: TcpLinkOptions
  readonly #keys: Keys
  readonly #gate: Gate
  /** Sockets of one context: in tests they belong to several ranks. */
  readonly #domain = `tsmpi-${domains++}`
  readonly watch: WatchTimes
  #bound = ''

  constructor(library: Library, options: TcpLinkOptions) {
    this.#library = library
    this.#options = options
    this.#keys = options.keys === undefined ? new JobKeys(options) : new OwnKeys(options, options.keys)
    const { zmq, context } = library
    const gate = gates.get(context) ?? new Gate(zmq, context)
    gates.set(context, gate)
    this.#gate = gate
    this.watch = {
      firstLookMilliseconds: options.firstLookMilliseconds ?? FIRST_LOOK_MS,
      silenceMilliseconds: options.silenceMilliseconds ?? SILENCE_MS,
    }
  }

  identity(from: number, to: number): string {
    return `${from}-${this.#keys.token(from, to)}`
  }

  listen(options: Zmq.SocketOptions<Zmq.Router>): Zmq.Router {
    const { zmq, context } = this.#library
    const { rank, host, address, listener, onBound } = this.#options
    class Router extends zmq.Router {
      adopt(fd: number): void {
        this.setInt32Option(ZMQ_USE_FD, fd)
      }
    }
    const router = new Router({
      context,
      ...options,
      ...this.#common(address),
      maxMessageSize: options.maxMessageSize! + CURVE_BYTES,
      // a rank that connects again, after its connection broke, has the routing id of the connection that broke
      handover: true,
      curveServer: true,
      curveSecretKey: this.#keys.pair(rank).secretKey,
      zapDomain: this.#domain,
      zapEnforceDomain: true,
    })
    this.#gate.open(this.#domain, this.#admission())
    try {
      if (listener !== undefined) router.adopt(listener)
      router.bindSync(endpointAt(address, '*'))
    } catch (error) {
      router.close()
      this.#gate.shut(this.#domain)
      const why = error instanceof Error ? error.message : String(error)
      throw new TransportError(`rank ${rank} on ${host} cannot listen at ${address}: ${why}`)
    }
    this.#bound = router.lastEndpoint!
    onBound(this.#bound)
    return router
  }

  async connect(peer: number, options: Zmq.SocketOptions<Zmq.Dealer>): Promise<Zmq.Dealer> {
    const { zmq, context } = this.#library
    const { rank, endpointOf } = this.#options
    const there = await endpointOf(peer)
    if (!isEndpoint(there.endpoint)) {
      throw new TransportError(`rank ${peer} on ${there.host} listens at '${there.endpoint}', which is not an address`)
    }
    const own = this.#keys.pair(rank)
    const dealer = new zmq.Dealer({
      context,
      ...options,
      ...this.#common(there.endpoint),
      reconnectInterval: 20,
      reconnectMaxInterval: 1_000,
      curvePublicKey: own.publicKey,
      curveSecretKey: own.secretKey,
      curveServerKey: toZ85(this.#keys.publicKey(peer)),
    })
    dealer.connect(there.endpoint)
    return dealer
  }

  async probe(peer: number, dealer: Zmq.Dealer | undefined): Promise<Error | undefined> {
    const { rank, host, lookMilliseconds = LOOK_MS } = this.#options
    const there = await this.#options.endpointOf(peer)
    const why = await probe(there.endpoint, dealer, lookMilliseconds)
    if (why === undefined) return undefined
    const [here, address] = [this.#bound, there.endpoint].map(withoutScheme)
    return new TransportError(
      `rank ${rank} on ${host} (${here}) cannot reach rank ${peer} on ${there.host} (${address}): ${why}`,
    )
  }

  hold(): void {
    this.#gate.hold()
  }

  release(): void {
    this.#gate.release()
  }

  look(): void {
    this.#gate.look()
  }

  close(): void {
    this.#gate.shut(this.#domain)
  }

  #common(address: string): { ipv6: boolean; heartbeatInterval: number; heartbeatTimeout: number } {
    return {
      ipv6: withoutScheme(address).split(':').length > 2,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    }
  }

  /** Public keys are derived once somebody connects: a millisecond for a dozen of them. */
  #admission(): (key: Buffer) => string | undefined {
    const { rank, size } = this.#options
    let ranks: Map<string, number> | undefined
    return (key) => {
      ranks ??= new Map(Array.from({ length: size }, (_, peer) => [this.#keys.publicKey(peer).toString('hex'), peer]))
      const peer = ranks.get(key.toString('hex'))
      return peer === undefined ? undefined : this.identity(peer, rank)
    }
  }
}
