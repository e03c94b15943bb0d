// The keys of a job: by what its ranks know each other between hosts, and its agents. All are derived from the job's
// secret, so that every rank knows every other's public key, and no key is ever sent; or, where ranks share no secret,
// each has made its own, and they know each other's public keys.
import type * as Crypto from 'node:crypto'
import { TransportError } from '../errors.js'

/** Loaded at first use: it is a tenth of a rank's import. */
export const crypto = (): typeof Crypto => process.getBuiltinModule('node:crypto')

/** What PKCS #8 puts before the 32 bytes of an X25519 key. */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex')
/** What SPKI puts before them. */
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex')
const KEY_BYTES = 32
/** What CURVE adds to a message. */
export const CURVE_BYTES = 64

/** As ZeroMQ wants them: in Z85. */
export interface KeyPair {
  readonly publicKey: string
  readonly secretKey: string
}

export interface KeyOptions {
  readonly jobId: string
  /** Counts the worlds of a job, from 0: a rank of an earlier one has other keys. */
  readonly epoch: number
  /** 32 bytes in hex, known to the ranks of the job only. */
  readonly secret: string
  /** Whose keys, by number. Default: those of ranks. */
  readonly of?: 'rank' | 'agent'
}

/** What a rank has of the job's keys. */
export interface Keys {
  /** Its own pair. */
  pair(rank: number): KeyPair
  /** The 32 bytes of a rank's public key. */
  publicKey(rank: number): Buffer
  /** What `from` calls itself towards `to`, one of which is this rank: 128 bits that only they can make, in hex. */
  token(from: number, to: number): string
}

export class JobKeys implements Keys {
  readonly #secret: Buffer
  readonly #jobId: string
  readonly #epoch: number
  readonly #of: 'rank' | 'agent'

  /** @throws TransportError where the secret is not one; it does not say what it is instead */
  constructor({ jobId, epoch, secret, of = 'rank' }: KeyOptions) {
    if (!/^[0-9a-f]{64}$/i.test(secret)) throw new TransportError('the secret of the job is not 32 bytes in hex')
    this.#secret = Buffer.from(secret, 'hex')
    this.#jobId = jobId
    this.#epoch = epoch
    this.#of = of
  }

  pair(rank: number): KeyPair {
    const scalar = this.#derive(`curve key of ${this.#of} ${rank}`)
    return { publicKey: toZ85(publicOf(scalar)), secretKey: toZ85(clamped(scalar)) }
  }

  /** The 32 bytes of a rank's public key. */
  publicKey(rank: number): Buffer {
    return publicOf(this.#derive(`curve key of ${this.#of} ${rank}`))
  }

  /** What `from` calls itself towards `to`: 128 bits that only holders of the secret can make, in hex. */
  token(from: number, to: number): string {
    return this.#derive(`routing id of ${this.#of} ${from} to ${this.#of} ${to}`).toString('hex').slice(0, 32)
  }

  #derive(purpose: string): Buffer {
    const info = `tsmpi ${purpose}, epoch ${this.#epoch}`
    return Buffer.from(crypto().hkdfSync('sha256', this.#secret, this.#jobId, info, KEY_BYTES))
  }
}

/** In hex: this rank's secret key, and by rank the public keys. */
export interface KeysAsMade {
  readonly secretKey: string
  readonly publicKeys: readonly string[]
}

export class OwnKeys implements Keys {
  readonly #options: Omit<KeyOptions, 'secret'> & { readonly rank: number }
  readonly #scalar: Buffer
  readonly #publicKeys: readonly string[]

  /** @throws TransportError where a key is not one */
  constructor(options: Omit<KeyOptions, 'secret'> & { readonly rank: number }, { secretKey, publicKeys }: KeysAsMade) {
    for (const key of [secretKey, ...publicKeys]) {
      if (!/^[0-9a-f]{64}$/i.test(key)) throw new TransportError('a key of the job is not 32 bytes in hex')
    }
    this.#options = options
    this.#scalar = clamped(Buffer.from(secretKey, 'hex'))
    this.#publicKeys = publicKeys
  }

  pair(): KeyPair {
    return { publicKey: toZ85(publicOf(this.#scalar)), secretKey: toZ85(this.#scalar) }
  }

  publicKey(rank: number): Buffer {
    return Buffer.from(this.#publicKeys[rank], 'hex')
  }

  /** By the secret that two key pairs have in common. */
  token(from: number, to: number): string {
    const { rank, jobId, epoch } = this.#options
    const { createPublicKey, diffieHellman, hkdfSync } = crypto()
    const der = Buffer.concat([SPKI_X25519, this.publicKey(from === rank ? to : from)])
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
    const shared = diffieHellman({ privateKey: privateKey(this.#scalar), publicKey })
    return Buffer.from(hkdfSync('sha256', shared, jobId, purposeOfToken(from, to, epoch), KEY_BYTES)).toString('hex').slice(0, 32)
  }
}

const purposeOfToken = (from: number, to: number, epoch: number): string =>
  `tsmpi routing id of rank ${from} to rank ${to}, epoch ${epoch}`

/** X25519 ignores these bits; libraries that do not would give another public key. */
function clamped(scalar: Buffer): Buffer {
  const key = Buffer.from(scalar)
  key[0] &= 0xf8
  key[31] = (key[31] & 0x7f) | 0x40
  return key
}

function publicOf(scalar: Buffer): Buffer {
  return crypto().createPublicKey(privateKey(scalar)).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES)
}

const privateKey = (scalar: Buffer): Crypto.KeyObject =>
  crypto().createPrivateKey({ key: Buffer.concat([PKCS8_X25519, clamped(scalar)]), format: 'der', type: 'pkcs8' })

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'

/** ZeroMQ's Base85 (RFC 32) of a multiple of 4 bytes. */
export function toZ85(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.readUInt32BE(at)
    for (let power = 85 ** 4; power >= 1; power /= 85) text += Z85[Math.floor(word / power) % 85]
  }
  return text
}
