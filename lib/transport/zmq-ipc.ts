// ZeroMQ on one host: ipc, for this user's processes alone. A rank shows who it is by its routing id.
import { lstatSync, mkdirSync, rmSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TransportError } from '../errors.js'
import { crypto } from './zmq-keys.js'
import type { Link } from './zmq-link.js'
import { HEARTBEAT_IVL, IPC_FILTER_UID, RECONNECT_IVL, RECONNECT_IVL_MAX } from './zmq-socket.js'
import type { Setting, SocketLibrary, ZmqSocket } from './zmq-socket.js'

export interface IpcOptions {
  readonly rank: number
  /** A name of the job that is its own on this host. */
  readonly jobId: string
  /** Known to the ranks of the job only. */
  readonly secret: string
}

export class IpcLink implements Link {
  readonly #library: SocketLibrary
  readonly #options: IpcOptions
  readonly #address: Address

  constructor(library: SocketLibrary, options: IpcOptions) {
    this.#library = library
    this.#options = options
    this.#address = addressOf(options, options.rank)
  }

  identity(from: number, to: number): string {
    return `${from}-${proof(this.#options.secret, `identity ${from} to ${to}`)}`
  }

  listen(settings: readonly Setting[]): ZmqSocket {
    const uid = process.platform === 'linux' ? process.getuid?.() : undefined
    const filter: Setting[] = uid === undefined ? [] : [[IPC_FILTER_UID, uid]]
    const router = this.#library.open('router', [...settings, ...filter, [HEARTBEAT_IVL, 0]])
    try {
      router.bind(this.#address.endpoint)
    } catch (error) {
      router.close()
      const why = error instanceof Error ? error.message : String(error)
      throw new TransportError(`rank ${this.#options.rank} cannot listen at ${this.#address.endpoint}: ${why}`)
    }
    return router
  }

  connect(peer: number, settings: readonly Setting[]): Promise<ZmqSocket> {
    const own: Setting[] = [[RECONNECT_IVL, 5], [RECONNECT_IVL_MAX, 100], [HEARTBEAT_IVL, 0]]
    const dealer = this.#library.open('dealer', [...settings, ...own])
    dealer.connect(addressOf(this.#options, peer).endpoint)
    return Promise.resolve(dealer)
  }

  /** The launcher notices when a process of its own host ends. */
  readonly watch = undefined

  probe(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  answers(): Promise<boolean> {
    return Promise.resolve(true)
  }

  hold(): void {}
  release(): void {}
  look(): void {}

  close(): void {
    this.#address.remove()
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
function addressOf({ jobId, secret }: IpcOptions, rank: number): Address {
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
