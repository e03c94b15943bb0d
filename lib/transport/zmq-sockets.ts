// The sockets of one rank: how a peer is recognized, which options are set. Nothing of frames.
//
// Each rank has a ROUTER that receives from all, and a DEALER for each peer that it sends to. Who is at the other end is
// shown by the routing id that ROUTER puts before each message: the sender's rank and a token that only holders of the
// job's secret can make, different for each ordered pair. How they connect is in zmq-ipc.ts and zmq-tcp.ts.
import type * as Zmq from 'zeromq'
import { TransportError } from '../errors.js'
import { BATCH_BYTES } from './outbox.js'
import { IpcLink } from './zmq-ipc.js'
import { crypto } from './zmq-keys.js'
import type { Library, Link } from './zmq-link.js'
import { TcpLink, type TcpOptions } from './zmq-tcp.js'

export interface SocketOptions {
  readonly rank: number
  readonly size: number
  /** A name of the job that is its own on its hosts. */
  readonly jobId: string
  /** Known to the ranks of the job only; 32 bytes in hex where it has several hosts. */
  readonly secret: string
  /** Counts the worlds of a job: what comes from a rank of another is refused. Default: 0. */
  readonly epoch?: number
  /** Where the job has several hosts. */
  readonly tcp?: TcpOptions
}

/** An option that libzmq has and zeromq.js does not name. */
const ZMQ_ZERO_COPY_RECV = 10
/** libzmq before this has holes that need no authentication. */
const OLDEST_LIBZMQ = [4, 3, 3] as const
const HANDSHAKE_MS = 10_000
const POKE = 'poke'

let shared: Promise<Library> | undefined
/** Sockets of this process, one after the other. */
let opened = 0

/** Loaded at first use: jobs on shared memory never load it. */
async function load(): Promise<Library> {
  const zmq = await import('zeromq')
  requireVersion(zmq.version)
  class Context extends zmq.Context {
    constructor() {
      super({ blocky: false, maxSockets: 16384 })
      // else a message of 200 bytes keeps a receive buffer of 8 KiB until it is collected, and lies at odd addresses
      this.setBoolOption(ZMQ_ZERO_COPY_RECV, false)
    }
  }
  return { zmq, context: new Context() }
}

function requireVersion(version: string): void {
  const parts = version.split('.').map(Number)
  const at = OLDEST_LIBZMQ.findIndex((least, i) => parts[i] !== least)
  if (at >= 0 && !(parts[at] > OLDEST_LIBZMQ[at])) {
    throw new TransportError(`libzmq is ${version}; tsmpi needs ${OLDEST_LIBZMQ.join('.')} or later: update zeromq`)
  }
}

/** Loads zeromq, binds this rank's ROUTER. */
export async function openSockets(options: SocketOptions): Promise<ZmqSockets> {
  shared ??= load()
  const library = await shared
  const link = options.tcp === undefined ? new IpcLink(library, options) : new TcpLink(library, { ...options, ...options.tcp, epoch: options.epoch ?? 0 })
  return new ZmqSockets(library, link, options)
}

export class ZmqSockets {
  readonly router: Zmq.Router
  readonly link: Link
  readonly #options: SocketOptions
  readonly #poker: Zmq.Dealer
  readonly #dealers = new Set<Zmq.Dealer>()
  readonly #admitted = new Map<string, number>()
  #closed = false

  constructor({ zmq, context }: Library, link: Link, options: SocketOptions) {
    this.link = link
    this.#options = options
    this.router = link.listen({
      linger: 0,
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      maxMessageSize: BATCH_BYTES,
      handshakeInterval: options.tcp?.handshakeMilliseconds ?? HANDSHAKE_MS,
      backlog: 4096,
    })
    const wake = `inproc://tsmpi-${opened++}`
    this.router.bindSync(wake)
    this.#poker = new zmq.Dealer({ context, linger: 0, routingId: POKE })
    this.#poker.connect(wake)
  }

  /** The rank that sends under this routing id, or -1 where it is not one of the job. */
  sender(identity: Buffer): number {
    const id = identity.toString('latin1')
    const known = this.#admitted.get(id)
    if (known !== undefined) return known
    const from = /^\d{1,9}-/.test(id) ? Number.parseInt(id, 10) : this.#options.size
    if (from >= this.#options.size) return -1
    const expected = Buffer.from(this.link.identity(from, this.#options.rank), 'latin1')
    if (identity.length !== expected.length || !crypto().timingSafeEqual(identity, expected)) return -1
    this.#admitted.set(id, from)
    return from
  }

  /** A socket that sends to `peer`; it queues while the peer does not listen yet. */
  async connect(peer: number): Promise<Zmq.Dealer> {
    const dealer = await this.link.connect(peer, {
      routingId: this.link.identity(this.#options.rank, peer),
      linger: 0,
      sendHighWaterMark: 0,
      handshakeInterval: this.#options.tcp?.handshakeMilliseconds ?? HANDSHAKE_MS,
    })
    this.#dealers.add(dealer)
    if (this.#closed) this.disconnect(dealer)
    return dealer
  }

  disconnect(dealer: Zmq.Dealer): void {
    this.#dealers.delete(dealer)
    dealer.close()
  }

  /** Ends a `router.receive` that is under way, with a message that `isPoke` knows. */
  async poke(): Promise<void> {
    await this.#poker.send('')
  }

  isPoke(identity: Buffer): boolean {
    return identity.length === POKE.length && identity.toString('latin1') === POKE
  }

  close(): void {
    this.#closed = true
    for (const dealer of this.#dealers) this.disconnect(dealer)
    this.#poker.close()
    this.router.close()
    this.link.close()
  }
}
