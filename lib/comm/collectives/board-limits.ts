// What all ranks must agree on before a collective goes by the board: whether it does, up to how many bytes, and its
// signature.
import type { CollectiveName } from '../../coll/schedule.js'
import { boardLimit } from '../../coll/select.js'
import { COLLECTIVES, signatureOf } from '../../p2p/signature.js'
import type { CollectiveOptions, CollectiveScope } from './call.js'

/** The algorithm's number in signatures: no schedule has it. */
const SHM = 31

export const boardSignature = (collective: CollectiveName, op: number, typed: boolean): number =>
  signatureOf(COLLECTIVES.indexOf(collective), op, SHM, typed, 0)

export const withRoot = (signature: number, root: number): number => signature | (root << 15)

export class BoardLimits {
  readonly #comm: CollectiveScope
  /** By default. */
  readonly #most: Readonly<Record<CollectiveName, number>>

  constructor(comm: CollectiveScope) {
    this.#comm = comm
    this.#most = Object.fromEntries(COLLECTIVES.map((name) => [name, this.#limitOf(name)])) as Record<CollectiveName, number>
  }

  /** The most bytes that a rank publishes or lends; -1 where the collective goes by messages. */
  of(collective: CollectiveName, options: CollectiveOptions | undefined): number {
    if (options?.algorithm === undefined) return this.#most[collective]
    return this.#limitOf(collective, options.algorithm)
  }

  #limitOf(collective: CollectiveName, algorithm?: string): number {
    const { size, ranksPerCore } = this.#comm
    const forced = algorithm === undefined ? {} : { algorithm }
    return boardLimit(collective, { size, bytes: 0, typed: true, ranksPerCore, ...forced })
  }
}
