// The sockets of one rank: where ranks listen, how a peer is recognized, which options are set. Nothing of frames.
//
// Each rank has a ROUTER that receives from all, and a DEALER for each peer that it sends to. On one host they speak
// ipc. Who is at the other end is shown by the DEALER's routing id, which ROUTER puts before each message: the
// sender's rank and a token that only holders of the job's secret can make, different for each ordered pair.
import type * as Crypto from 'node:crypto'
import { lstatSync, mkdirSync, rmSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as Zmq from 'zeromq'
import { TransportError } from '../errors.js'
import { BATCH_BYTES } from './outbox.js'

export interface SocketOptions {
  readonly rank: number
  readonly size: number
  /** A name of the job that is its own on this host. */
  readonly jobId: string
  /** Known to the ranks of the job only. */
  readonly secret: string
}

/** Options that libzmq has and zeromq.js does not name. */
const ZMQ_ZERO_COPY_RECV = 10
const ZMQ_IPC_FILTER_UID = 59
/** libzmq before this has holes that need no authentication. */
const OLDEST_LIBZMQ = [4, 3, 3] as const
const POKE = 'poke'

/** Loaded at first use as well: it is a tenth of a rank's import. */
const crypto = (): typeof Crypto => process.getBuiltinModule('node:crypto')

let shared: Promise<Sockets> | undefined

/** What this module needs of zeromq, loaded at first use: jobs on shared memory never load it. */
interface Sockets {
  readonly zmq: typeof Zmq
  readonly context: Zmq.Context
}

async function load(): Promise<Sockets> {
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
  const { zmq, context } = await shared
  return new ZmqSockets(zmq, context, options)
}

export class ZmqSockets {
  readonly router: Zmq.Router
  readonly #zmq: typeof Zmq
  readonly #context: Zmq.Context
  readonly #options: SocketOptions
  readonly #address: Address
  readonly #poker: Zmq.Dealer
  readonly #dealers = new Set<Zmq.Dealer>()
  readonly #admitted = new Map<string, number>()

  constructor(zmq: typeof Zmq, context: Zmq.Context, options: SocketOptions) {
    this.#zmq = zmq
    this.#context = context
    this.#options = options
    this.#address = addressOf(options, options.rank)
    this.router = this.#listen()
    const wake = `inproc://tsmpi-${options.jobId}-${options.rank}-${proof(options.secret, 'wake')}`
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
    const expected = Buffer.from(this.#identity(from, this.#options.rank), 'latin1')
    if (identity.length !== expected.length || !crypto().timingSafeEqual(identity, expected)) return -1
    this.#admitted.set(id, from)
    return from
  }

  /** A socket that sends to `peer`; it queues while the peer does not listen yet. */
  connect(peer: number): Zmq.Dealer {
    const dealer = new this.#zmq.Dealer({
      context: this.#context,
      routingId: this.#identity(this.#options.rank, peer),
      linger: 0,
      sendHighWaterMark: 0,
      reconnectInterval: 5,
      reconnectMaxInterval: 100,
      handshakeInterval: 10_000,
      heartbeatInterval: 0,
    })
    this.#dealers.add(dealer)
    dealer.connect(addressOf(this.#options, peer).endpoint)
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
    for (const dealer of this.#dealers) dealer.close()
    this.#poker.close()
    this.router.close()
    this.#address.remove()
  }

  #listen(): Zmq.Router {
    class OwnUserOnly extends this.#zmq.Router {
      filter(): void {
        const uid = process.platform === 'linux' ? process.getuid?.() : undefined
        if (uid !== undefined) this.setUint32Option(ZMQ_IPC_FILTER_UID, uid)
      }
    }
    const router = new OwnUserOnly({
      context: this.#context,
      linger: 0,
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      maxMessageSize: BATCH_BYTES,
      handshakeInterval: 10_000,
      heartbeatInterval: 0,
      backlog: 4096,
    })
    router.filter()
    try {
      router.bindSync(this.#address.endpoint)
    } catch (error) {
      router.close()
      const why = error instanceof Error ? error.message : String(error)
      throw new TransportError(`rank ${this.#options.rank} cannot listen at ${this.#address.endpoint}: ${why}`)
    }
    return router
  }

  #identity(from: number, to: number): string {
    return `${from}-${proof(this.#options.secret, `identity ${from} to ${to}`)}`
  }
}

/** 128 bits that only holders of the secret can make. */
function proof(secret: string, what: string): string {
  return crypto().createHmac('sha256', secret).update(`tsmpi zmq ${what}`).digest('hex').slice(0, 32)
}

interface Address {
  readonly endpoint: string
  /** Removes what the address has left in the file system. */
  remove(): void
}

/** Where `rank` listens. The name has a part that cannot be guessed, so that nobody else can listen there first. */
function addressOf({ jobId, secret }: SocketOptions, rank: number): Address {
  const part = proof(secret, `address ${rank}`).slice(0, 16)
  if (process.platform === 'linux') {
    return { endpoint: `ipc://@tsmpi-${jobId.slice(0, 40)}-${rank}-${part}`, remove: () => {} }
  }
  const folder = join(tmpdir(), `tsmpi-${proof(secret, `folder ${jobId}`).slice(0, 16)}`)
  ownFolder(folder)
  const path = join(folder, String(rank))
  return { endpoint: `ipc://${path}`, remove: () => removeSocket(folder, path) }
}

/** Makes the folder, or takes one that another rank has made; only its owner may look inside. */
function ownFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { mode, uid } = lstatSync(folder)
  if ((mode & 0o170077) !== 0o040000 || uid !== (process.getuid?.() ?? uid)) {
    throw new TransportError(`${folder} is not a folder of this user alone: remove it and start the job again`)
  }
}

function removeSocket(folder: string, path: string): void {
  rmSync(path, { force: true })
  try {
    rmdirSync(folder)
  } catch {
    // other ranks are still there; the last removes it
  }
}
