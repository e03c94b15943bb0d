// The sockets of one rank: how a peer is recognized, which options are set. Nothing of frames.
//
// Each rank has a ROUTER that receives from all, and a DEALER for each peer that it sends to. Who is at the other end is
// shown by the routing id that ROUTER puts before each message: the sender's rank and a token that only holders of the
// job's secret can make, different for each ordered pair. How they connect is in zmq-ipc.ts and zmq-tcp.ts.
import type { NativeZmq } from '../../native/load.js'
import { BATCH_BYTES } from './outbox.js'
import { IpcLink } from './zmq-ipc.js'
import { CURVE_BYTES, crypto } from './zmq-keys.js'
import { jsSockets, newContext } from './zmq-js.js'
import type { Link } from './zmq-link.js'
import { nativeSockets } from './zmq-native.js'
import { BACKLOG, HANDSHAKE_IVL, MAXMSGSIZE, ROUTING_ID, UNLIMITED } from './zmq-socket.js'
import type { Setting, SocketLibrary, ZmqSocket } from './zmq-socket.js'
import { TcpLink } from './zmq-tcp.js'
import type { TcpOptions } from './zmq-tcp.js'
import { requireVersion } from './zmq-version.js'

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
  /** The addon, where it is there. */
  readonly native?: NativeZmq | undefined
}

const HANDSHAKE_MS = 10_000

const libraries = new Map<NativeZmq | undefined, Promise<SocketLibrary>>()

/** Loaded at first use: jobs on shared memory never load it. */
async function load(native: NativeZmq | undefined): Promise<SocketLibrary> {
  const zmq = await import('zeromq')
  requireVersion(zmq.version)
  const found = native?.zmqLoad() !== undefined
  return found ? nativeSockets(native) : jsSockets(zmq, newContext(zmq))
}

/** Loads zeromq, binds this rank's ROUTER. */
export async function openSockets(options: SocketOptions): Promise<ZmqSockets> {
  const { native, tcp, epoch = 0 } = options
  const loading = libraries.get(native) ?? load(native)
  libraries.set(native, loading)
  const library = await loading
  return new ZmqSockets(tcp === undefined ? new IpcLink(library, options) : new TcpLink(library, { ...options, ...tcp, epoch }), options)
}

export class ZmqSockets {
  readonly router: ZmqSocket
  readonly link: Link
  readonly #options: SocketOptions
  readonly #dealers = new Set<ZmqSocket>()
  readonly #admitted = new Map<string, number>()
  readonly #common: readonly Setting[]
  #closed = false

  constructor(link: Link, options: SocketOptions) {
    this.link = link
    this.#options = options
    this.#common = [...UNLIMITED, [HANDSHAKE_IVL, options.tcp?.handshakeMilliseconds ?? HANDSHAKE_MS]]
    const most = BATCH_BYTES + (options.tcp === undefined ? 0 : CURVE_BYTES)
    this.router = link.listen([...this.#common, [MAXMSGSIZE, BigInt(most)], [BACKLOG, 4096]])
  }

  /** The rank that sends under this routing id, or -1 where it is not one of the job. */
  sender(id: string): number {
    const known = this.#admitted.get(id)
    if (known !== undefined) return known
    const from = /^\d{1,9}-/.test(id) ? Number.parseInt(id, 10) : this.#options.size
    if (from >= this.#options.size) return -1
    const identity = Buffer.from(id, 'latin1')
    const expected = Buffer.from(this.link.identity(from, this.#options.rank), 'latin1')
    if (identity.length !== expected.length || !crypto().timingSafeEqual(identity, expected)) return -1
    this.#admitted.set(id, from)
    return from
  }

  /** A socket that sends to `peer`; it queues while the peer does not listen yet. */
  async connect(peer: number): Promise<ZmqSocket> {
    const dealer = await this.link.connect(peer, [...this.#common, [ROUTING_ID, this.link.identity(this.#options.rank, peer)]])
    this.#dealers.add(dealer)
    if (this.#closed) this.disconnect(dealer)
    return dealer
  }

  disconnect(dealer: ZmqSocket): void {
    this.#dealers.delete(dealer)
    dealer.close()
  }

  close(): void {
    this.#closed = true
    for (const dealer of this.#dealers) this.disconnect(dealer)
    this.router.close()
    this.link.close()
  }
}
