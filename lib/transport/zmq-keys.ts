// The keys of a job: by what its ranks know each other between hosts. All are derived from the job's secret, so that
// every rank knows every other's public key, and no key is ever sent.
import type * as Crypto from 'node:crypto'
import { TransportError } from '../errors.js'

/** Loaded at first use: it is a tenth of a rank's import. */
export const crypto = (): typeof Crypto => process.getBuiltinModule('node:crypto')

/** What PKCS #8 puts before the 32 bytes of an X25519 key. */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const KEY_BYTES = 32

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
}

export class JobKeys {
  readonly #secret: Buffer
  readonly #jobId: string
  readonly #epoch: number

  /** @throws TransportError where the secret is not one; it does not say what it is instead */
  constructor({ jobId, epoch, secret }: KeyOptions) {
    if (!/^[0-9a-f]{64}$/i.test(secret)) throw new TransportError('the secret of the job is not 32 bytes in hex')
    this.#secret = Buffer.from(secret, 'hex')
    this.#jobId = jobId
    this.#epoch = epoch
  }

  pair(rank: number): KeyPair {
    const scalar = this.#derive(`curve key of rank ${rank}`)
    return { publicKey: toZ85(publicOf(scalar)), secretKey: toZ85(clamped(scalar)) }
  }

  /** The 32 bytes of a rank's public key. */
  publicKey(rank: number): Buffer {
    return publicOf(this.#derive(`curve key of rank ${rank}`))
  }

  /** What `from` calls itself towards `to`: 128 bits that only holders of the secret can make, in hex. */
  token(from: number, to: number): string {
    return this.#derive(`routing id of rank ${from} to rank ${to}`).toString('hex').slice(0, 32)
  }

  #derive(purpose: string): Buffer {
    const info = `tsmpi ${purpose}, epoch ${this.#epoch}`
    return Buffer.from(crypto().hkdfSync('sha256', this.#secret, this.#jobId, info, KEY_BYTES))
  }
}

/** X25519 ignores these bits; libraries that do not would give another public key. */
function clamped(scalar: Buffer): Buffer {
  const key = Buffer.from(scalar)
  key[0] &= 0xf8
  key[31] = (key[31] & 0x7f) | 0x40
  return key
}

function publicOf(scalar: Buffer): Buffer {
  const { createPrivateKey, createPublicKey } = crypto()
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8_X25519, clamped(scalar)]), format: 'der', type: 'pkcs8' })
  return createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES)
}

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
