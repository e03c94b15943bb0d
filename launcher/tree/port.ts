// Where the agents of a step reach the root of the tree: a ROUTER over TCP, at one address, where every connection speaks
// CURVE. Who may connect is exactly the agents of the job that are to be there.
//
// Invariants:
// - The gate gives each connection the routing id that belongs to its key, or it has one that nobody can make without the
//   job's secret (zmq-gate.ts); of two with the same the second is refused. So what comes under a number is of that agent.
// - An agent that was there and is gone is told as such at the next send to it, and nothing is queued for it.
import type * as Zmq from 'zeromq'
import { LaunchError } from '../../lib/errors.js'
import { Gate, admitHolders } from '../../lib/transport/zmq-gate.js'
import { jsSockets } from '../../lib/transport/zmq-js.js'
import { endpointAt } from '../../lib/wire/control.js'
import { END, ROOT, agentKeys, commonOptions, messagesOf, routingId } from './messages.js'
import type { Secret } from './messages.js'

export interface PortListener {
  /** A piece of what an agent says. */
  bytes(host: number, chunk: Buffer): void
  /** There is no connection to this agent. */
  unreachable(host: number): void
}

const DOMAIN = 'agents'
/** How long a handshake may take from its first byte, in milliseconds. */
const HANDSHAKE_MS = 10_000
/** All agents connect at once. */
const BACKLOG = 4096

export class Port {
  readonly endpoint: string
  readonly #listener: PortListener
  readonly #gate: Gate
  readonly #router: Zmq.Router
  readonly #ids: ReadonlyMap<number, string>

  /** Listens at `address`, for the agents of `hosts`. @throws LaunchError */
  constructor(zmq: typeof Zmq, address: string, secret: Secret, hosts: readonly number[], listener: PortListener) {
    this.#listener = listener
    const keys = agentKeys(secret)
    this.#ids = new Map(hosts.map((host) => [host, routingId(keys, host)]))
    const context = new zmq.Context({ blocky: false })
    this.#gate = new Gate(jsSockets(zmq, context))
    this.#gate.open(DOMAIN, admitHolders(hosts, (host) => keys.publicKey(host), (host) => routingId(keys, host)))
    this.#gate.hold()
    this.#router = new zmq.Router({
      context,
      ...commonOptions(endpointAt(address, '*')),
      mandatory: true,
      handshakeInterval: HANDSHAKE_MS,
      backlog: BACKLOG,
      curveServer: true,
      curveSecretKey: keys.pair(ROOT).secretKey,
      zapDomain: DOMAIN,
      zapEnforceDomain: true,
    })
    try {
      this.#router.bindSync(endpointAt(address, '*'))
    } catch (error) {
      throw new LaunchError(`cannot listen at ${address} for the agents of other hosts: ${(error as Error).message}`)
    }
    this.endpoint = this.#router.lastEndpoint!
    void this.#read()
  }

  write(host: number, pieces: readonly Buffer[]): void {
    for (const message of messagesOf(pieces)) this.#send(host, message)
  }

  /** Nothing more will be said to this agent. */
  end(host: number): void {
    this.#send(host, END)
  }

  close(): void {
    if (this.#router.closed) return
    this.#router.close()
    this.#gate.shut(DOMAIN)
    this.#gate.release()
  }

  #send(host: number, message: Buffer): void {
    const id = this.#ids.get(host)
    if (id === undefined || this.#router.closed) return
    this.#router.send([id, message]).catch(() => this.#listener.unreachable(host))
  }

  async #read(): Promise<void> {
    const hosts = new Map([...this.#ids].map(([host, id]) => [id, host]))
    for await (const [id, ...pieces] of this.#router) {
      const host = hosts.get(id.toString('latin1'))
      if (host !== undefined) this.#listener.bytes(host, pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))
    }
  }
}
