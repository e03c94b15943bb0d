// ZeroMQ between hosts: TCP, where every connection is encrypted and authenticated by CURVE.
//
// A rank has one key pair, by which it listens and connects. It connects to the key that its peer must have, and lets in
// the keys of the job's other ranks alone, each under the routing id that belongs to it (zmq-gate.ts).
import { TransportError } from '../errors.js'
import { endpointAt, isEndpoint, isIPv6, withoutScheme } from '../wire/control.js'
import { Gate, admitHolders } from './zmq-gate.js'
import type { Admit } from './zmq-gate.js'
import { JobKeys, OwnKeys, toZ85 } from './zmq-keys.js'
import type { Keys, KeysAsMade } from './zmq-keys.js'
import type { Finding, Link, WatchTimes } from './zmq-link.js'
import { probe } from './zmq-probe.js'
import * as option from './zmq-socket.js'
import type { Setting, SocketLibrary, ZmqSocket } from './zmq-socket.js'

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
  /** Within which time the launcher notices that a host is lost; absent where only the ranks do. */
  readonly heartbeatMilliseconds?: number
  /** How long after the first connect to a peer it is looked for, unless it has answered. Default: 1 s. */
  readonly firstLookMilliseconds?: number
  /** How long a peer may leave messages unanswered before it is looked for. Default: the heartbeat, or 30 s. */
  readonly silenceMilliseconds?: number
  /** How long a look may take. Default: 5 s, in which a system asks three times for a connection. */
  readonly lookMilliseconds?: number
  /** How long a handshake may take from its first byte. Default: 10 s. */
  readonly handshakeMilliseconds?: number
}

const FIRST_LOOK_MS = 1_000
const SILENCE_MS = 30_000
const LOOK_MS = 5_000
/** Whoever is reached again needs one attempt. */
const SHORT_LOOK_MS = 1_000
/**
 * How long those who know better have to say why nobody is there any more: the rank may have died, and the launcher or the
 * other ranks (OTHERS_PATIENCE of bootstrap/pmi-control.ts) end the job. That is most likely where the peer has been heard
 * of before.
 */
const LAST_WORD_MS = 3_500
const LAST_WORD_OF_KNOWN_MS = 10_000
/** The part of the heartbeat after which the launcher has noticed a loss, but for what it takes to say so. */
const NOTICED = 0.9
const HEARTBEAT_INTERVAL_MS = 5_000
/** Long enough for a cable to be put back, or a host to be busy; that a host is gone is for the launcher to notice. */
const HEARTBEAT_TIMEOUT_MS = 60_000

let domains = 0
const gates = new WeakMap<SocketLibrary, Gate>()

export interface TcpLinkOptions extends TcpOptions {
  readonly rank: number
  readonly size: number
  readonly jobId: string
  readonly secret: string
  readonly epoch: number
}

export class TcpLink implements Link {
  readonly #library: SocketLibrary
  readonly #options: TcpLinkOptions
  readonly #keys: Keys
  readonly #gate: Gate
  /** Sockets of one context: in tests they belong to several ranks. */
  readonly #domain = `tsmpi-${domains++}`
  readonly watch: WatchTimes
  #bound = ''

  constructor(library: SocketLibrary, options: TcpLinkOptions) {
    this.#library = library
    this.#options = options
    this.#keys = options.keys === undefined ? new JobKeys(options) : new OwnKeys(options, options.keys)
    const gate = gates.get(library) ?? new Gate(library)
    gates.set(library, gate)
    this.#gate = gate
    const { heartbeatMilliseconds: heartbeat } = options
    this.watch = {
      firstLookMilliseconds: options.firstLookMilliseconds ?? FIRST_LOOK_MS,
      silenceMilliseconds: options.silenceMilliseconds ?? heartbeat ?? SILENCE_MS,
      lastWordMilliseconds: Math.max(LAST_WORD_MS, NOTICED * (heartbeat ?? 0)),
      lastWordOfKnownMilliseconds: heartbeat === undefined ? LAST_WORD_OF_KNOWN_MS : Math.max(LAST_WORD_MS, heartbeat),
    }
  }

  identity(from: number, to: number): string {
    return `${from}-${this.#keys.token(from, to)}`
  }

  listen(settings: readonly Setting[]): ZmqSocket {
    const { rank, host, address, listener, onBound } = this.#options
    const router = this.#library.open('router', [
      ...settings,
      ...common(endpointAt(address, '*')),
      // a rank that connects again, after its connection broke, has the routing id of the connection that broke
      [option.ROUTER_HANDOVER, 1],
      [option.CURVE_SERVER, 1],
      [option.CURVE_SECRETKEY, this.#keys.pair(rank).secretKey],
      [option.ZAP_DOMAIN, this.#domain],
      [option.ZAP_ENFORCE_DOMAIN, 1],
      ...(listener === undefined ? [] : [[option.USE_FD, listener] as const]),
    ])
    this.#gate.open(this.#domain, this.#admission())
    try {
      this.#bound = router.bind(endpointAt(address, '*'))
    } catch (error) {
      router.close()
      this.#gate.shut(this.#domain)
      const why = error instanceof Error ? error.message : String(error)
      throw new TransportError(`rank ${rank} on ${host} cannot listen at ${address}: ${why}`)
    }
    onBound(this.#bound)
    return router
  }

  async connect(peer: number, settings: readonly Setting[]): Promise<ZmqSocket> {
    const { rank, endpointOf } = this.#options
    const there = await endpointOf(peer)
    if (!isEndpoint(there.endpoint)) {
      throw new TransportError(`rank ${peer} on ${there.host} listens at '${there.endpoint}', which is not an address`)
    }
    const own = this.#keys.pair(rank)
    const dealer = this.#library.open('dealer', [
      ...settings,
      ...common(there.endpoint),
      [option.RECONNECT_IVL, 20],
      [option.RECONNECT_IVL_MAX, 1_000],
      [option.CURVE_PUBLICKEY, own.publicKey],
      [option.CURVE_SECRETKEY, own.secretKey],
      [option.CURVE_SERVERKEY, toZ85(this.#keys.publicKey(peer))],
    ])
    dealer.connect(there.endpoint)
    return dealer
  }

  async answers(peer: number): Promise<boolean> {
    const { endpoint } = await this.#options.endpointOf(peer)
    return (await probe(endpoint, undefined, SHORT_LOOK_MS)) === undefined
  }

  async probe(peer: number, dealer: ZmqSocket | undefined): Promise<Finding | undefined> {
    const { rank, host, lookMilliseconds = LOOK_MS } = this.#options
    const there = await this.#options.endpointOf(peer)
    const fault = await probe(there.endpoint, dealer, lookMilliseconds)
    if (fault === undefined) return undefined
    const [here, address] = [this.#bound, there.endpoint].map(withoutScheme)
    const why = new TransportError(
      `rank ${rank} on ${host} (${here}) cannot reach rank ${peer} on ${there.host} (${address}): ${fault.why}`,
    )
    return { why, unreachable: fault.unreachable }
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

  #admission(): Admit {
    const { rank, size } = this.#options
    const ranks = Array.from({ length: size }, (_, peer) => peer)
    return admitHolders(ranks, (peer) => this.#keys.publicKey(peer), (peer) => this.identity(peer, rank))
  }
}

const common = (endpoint: string): Setting[] => [
  [option.IPV6, isIPv6(endpoint) ? 1 : 0],
  [option.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS],
  [option.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS],
]
