// What ranks on several hosts need of each other where another launcher started them: addresses, keys, endpoints.
//
// No secret travels through the launcher's key-value space: each rank makes a key pair of its own and puts the public key
// on its card. Who reads all of it still cannot join, listen or speak for a rank; who can change it could.
import { addressOn, listed, outwardAddress, ownAddresses } from '../addresses.js'
import { ENV } from '../env.js'
import { ArgumentError } from '../errors.js'
import { isEndpoint, withoutScheme } from '../wire/control.js'
import type { ToRank } from '../wire/control.js'
import { crypto } from './pmi-cards.js'
import { Watch } from './pmi-watch.js'
import type { Pmi } from './pmi-wire.js'

export interface OwnKeys {
  /** 32 bytes in hex: of X25519. */
  readonly secretKey: string
  readonly publicKey: string
}

export function makeKeys(): OwnKeys {
  const { d, x } = crypto().generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  const hex = (text = ''): string => Buffer.from(text, 'base64url').toString('hex')
  return { secretKey: hex(d), publicKey: hex(x) }
}

/** The address of this host to listen at: the one that TSMPI_INTERFACE means, else the first that is not loopback. */
export function ownAddress(wanted = process.env[ENV.INTERFACE] ?? '', own = ownAddresses()): string {
  if (wanted === '') return outwardAddress(own)
  const found = addressOn(wanted, own)
  if (found !== undefined) return found
  throw new ArgumentError(`${ENV.INTERFACE}=${wanted}: this host has no such address, but ${listed(own)}`)
}

/** Said by a rank that listens nowhere. */
const NOWHERE = 'nowhere'
/** How long a rank that has come to its end may still take until it listens, in milliseconds. */
const LISTEN_PATIENCE = 2000

const keyOf = (rank: number): string => `tsmpi-endpoint-${rank}`

export interface EndpointsOptions {
  readonly pmi: Pmi
  readonly rank: number
  readonly hosts: readonly string[]
  /** By rank, as far as they are known. */
  readonly endpoints: readonly (string | undefined)[]
  readonly deliver: (message: ToRank) => void
  /** The others' endpoints cannot be had. */
  readonly fail: (what: string) => void
  /** The rank that this one watches has died, or its host is gone. */
  readonly onGone: (what: string) => void
}

/**
 * Where the ranks listen. Their cards say it, unless one of them has no addon; then they know it once their event loops have
 * turned: each puts it into the key-value space and joins a fence; when that is through, all are read at once, as later
 * there may be another request under way.
 * From then on each rank watches the next one. So every host has a rank that another host watches, and of any that die
 * together one is watched by a survivor.
 */
export class Endpoints {
  readonly #options: EndpointsOptions
  readonly #asked: number[] = []
  #published = false
  #known: readonly string[] | undefined
  #settled: (() => void) | undefined
  #late: NodeJS.Timeout | undefined
  #watch: Watch | undefined

  constructor(options: EndpointsOptions) {
    this.#options = options
    const known = options.endpoints.filter((endpoint) => endpoint !== undefined)
    if (known.length === options.hosts.length) this.#learn(known)
  }

  publish(endpoint: string): void {
    if (this.#published || this.#known !== undefined) return
    this.#published = true
    clearTimeout(this.#late)
    const { pmi, rank, fail } = this.#options
    try {
      pmi.put(keyOf(rank), Buffer.from(endpoint).toString('base64url'))
    } catch (error) {
      return fail((error as Error).message)
    }
    pmi.fenceLater((error) => {
      if (error) fail(error.message)
      else this.#read()
    })
  }

  where(rank: number): void {
    if (this.#known === undefined) this.#asked.push(rank)
    else this.#answer(rank, this.#known)
  }

  /** Calls back once PMI is free for another fence. */
  settle(done: () => void): void {
    if (this.#known !== undefined) return done()
    this.#settled = done
    this.#late = setTimeout(() => this.publish(NOWHERE), LISTEN_PATIENCE)
  }

  close(): void {
    this.#watch?.close()
  }

  #read(): void {
    const { pmi, hosts, fail } = this.#options
    try {
      this.#learn(hosts.map((_, rank) => Buffer.from(pmi.get(keyOf(rank)), 'base64url').toString()))
    } catch (error) {
      return fail((error as Error).message)
    }
    this.#settled?.()
  }

  #learn(known: readonly string[]): void {
    this.#known = known
    this.#watchNext(known)
    for (const rank of this.#asked.splice(0)) this.#answer(rank, known)
  }

  #watchNext(known: readonly string[]): void {
    const { rank, hosts, onGone } = this.#options
    const next = (rank + 1) % hosts.length
    if (!isEndpoint(known[next])) return
    const where = `rank ${next} on ${hosts[next]} (${withoutScheme(known[next])})`
    this.#watch = new Watch(known[next], (why) => onGone(`${where} is gone: it was killed, or crashed, or its host is cut off: ${why}`))
  }

  #answer(rank: number, known: readonly string[]): void {
    const { deliver, hosts } = this.#options
    deliver({ type: 'endpoint', rank, endpoint: known[rank], host: hosts[rank] })
  }
}
