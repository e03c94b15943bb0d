// The operations that the engine carries out: one send, one receive. They are reused where they never leave tsmpi.
import { CancelledError } from '../errors.js'
import type { TypedArray } from '../data/types.js'
import type { Binned } from './matching.js'
import { nameOfSignature } from './signature.js'
import { ANY_SOURCE, ANY_TAG } from './status.js'
import type { Status } from './status.js'

/** The communicator as an operation sees it: a matching context, and names for people. */
export interface Scope {
  readonly context: number
  readonly name: string
  readonly rank: number
  readonly size: number
  /** Rank in the communicator of a rank of COMM_WORLD; wildcards and PROC_NULL are kept. */
  rankOf(worldRank: number): number
  /** Rank in COMM_WORLD. */
  worldRankOf(rank: number): number
}

/** Who wants to know that an operation has completed. Called once, from inside the engine: it must not start operations. */
export interface Owner {
  onDone(operation: Operation): void
}

export abstract class Operation {
  done = false
  error: Error | undefined = undefined
  owner: Owner | undefined = undefined
  /** Others who want to know: the waits for one of several operations. */
  watchers: AnyOf[] | undefined = undefined

  /** What a wait for this operation gives. Only once `done` and without `error`. */
  abstract result(): unknown
  abstract describe(): string
  /** Fills in what is known of the message. */
  abstract fillStatus(status: Status): void

  /**
   * Looks whether a message that nobody receives shows that this operation can never end. Then its error is set and the
   * engine will end it.
   */
  contradicted(): boolean {
    return false
  }

  /** The operations that this one waits for at present, where it is made of others. */
  parts?(): readonly Operation[]

  markCancelled(): void {
    this.error = new CancelledError(`${this.describe()} was cancelled`)
  }
}

/** Done as soon as one of several operations is. It is never started: the engine does not count it. */
export class AnyOf extends Operation {
  readonly #operations: readonly Operation[]

  constructor(operations: readonly Operation[]) {
    super()
    this.#operations = operations
    for (const operation of operations) (operation.watchers ??= []).push(this)
  }

  wake(): void {
    if (this.done) return
    this.done = true
    this.owner?.onDone(this)
  }

  release(): void {
    for (const operation of this.#operations) {
      const rest = operation.watchers?.filter((watcher) => watcher !== this)
      operation.watchers = rest === undefined || rest.length === 0 ? undefined : rest
    }
  }

  result(): undefined {
    return undefined
  }

  fillStatus(): void {}

  describe(): string {
    const [first, ...rest] = this.#operations
    return `${first?.describe() ?? 'nothing'}${rest.length > 0 ? ` or ${rest.length} more` : ''}`
  }
}

/** How a receive wants its payload. */
export const AS_VALUE = 0 // a fresh value
export const INTO = 1 // into the caller's memory; may be shorter
export const AS_BLOCK = 2 // into a collective's buffer: type, length and signature must be right
export const AS_PAYLOAD = 3 // type and bytes, undecoded; the signature must be right

export class RecvOp extends Operation implements Binned<RecvOp> {
  readonly scope: Scope
  /** Ranks of COMM_WORLD. */
  source: number
  tag: number
  mode = AS_VALUE
  /** INTO: the caller's array. */
  into: TypedArray | ArrayBuffer | DataView | undefined = undefined
  /** INTO, AS_BLOCK: where the payload goes. */
  target: Uint8Array | undefined = undefined
  offset = 0
  capacity = 0
  /** AS_BLOCK: the payload type required. INTO: the type of `into`. AS_PAYLOAD: the type that came. */
  type = 0
  signature = 0
  value: unknown = undefined
  /** Of the message, once matched. */
  matchedSource = ANY_SOURCE
  matchedTag = ANY_TAG
  matchedType = 0
  bytes = 0
  /** Rendezvous: where DATA goes, how much has come (or is being copied), and under which id. */
  received = 0
  assembly: Uint8Array | undefined = undefined
  assemblyOffset = 0
  id = 0
  /** Copied by the receiver: the sender's id, and where the message is in its memory. */
  remoteId = 0
  address = 0
  // what matching.ts notes
  posted = false
  order = 0
  bin: Binned<RecvOp>['bin'] = undefined
  previous: RecvOp | undefined = undefined
  next: RecvOp | undefined = undefined

  constructor(scope: Scope, source: number, tag: number) {
    super()
    this.scope = scope
    this.source = source
    this.tag = tag
  }

  /** Makes it a new receive of a value. */
  reset(source: number, tag: number): void {
    this.done = false
    this.owner = undefined
    this.source = source
    this.tag = tag
    this.mode = AS_VALUE
    this.into = undefined
    this.target = undefined
    this.offset = 0
    this.value = undefined
  }

  result(): unknown {
    return this.mode === INTO ? this.into : this.value
  }

  fillStatus(status: Status): void {
    status.fill(this.scope.rankOf(this.matchedSource), this.matchedTag, this.matchedType, this.bytes)
    status.cancelled = this.error instanceof CancelledError
  }

  describe(): string {
    if (this.signature !== 0) {
      return `${nameOfSignature(this.signature)} on ${this.scope.name}, waiting for rank ${this.scope.rankOf(this.source)}`
    }
    const source = this.source === ANY_SOURCE ? 'ANY_SOURCE' : `source ${this.scope.rankOf(this.source)}`
    const tag = this.tag === ANY_TAG ? 'ANY_TAG' : `tag ${this.tag}`
    return `recv(${source}, ${tag}) on ${this.scope.name}`
  }
}

/** Send modes of MPI. */
export const STANDARD = 0
export const SYNCHRONOUS = 1
export const BUFFERED = 2

export class SendOp extends Operation {
  readonly scope: Scope
  /** Rank of COMM_WORLD. */
  dest: number
  tag: number
  mode = STANDARD
  type = 0
  signature = 0
  payload: Uint8Array
  offset = 0
  length = 0
  /** Rendezvous: how much has been handed to the transport, and the ids on both sides. */
  sent = 0
  id = 0
  remoteId = 0
  /** Whether the envelope has been handed to the transport. */
  started = false
  /** Whether the peer may copy the payload from our memory. */
  lent = false
  /** The kind of frame that the peer owes, ACK or CTS; 0: none. */
  owed = 0

  constructor(scope: Scope, dest: number, tag: number, type: number, payload: Uint8Array) {
    super()
    this.scope = scope
    this.dest = dest
    this.tag = tag
    this.type = type
    this.payload = payload
    this.length = payload.length
  }

  /** Makes it a new send; one that is done has left no trace but these. */
  reset(dest: number, tag: number, type: number, payload: Uint8Array): void {
    this.done = false
    this.started = false
    this.dest = dest
    this.tag = tag
    this.type = type
    this.payload = payload
    this.length = payload.length
    this.sent = 0
  }

  result(): undefined {
    return undefined
  }

  fillStatus(status: Status): void {
    status.fill(this.scope.rank, this.tag, this.type, this.length)
    status.cancelled = this.error instanceof CancelledError
  }

  describe(): string {
    const to = `rank ${this.scope.rankOf(this.dest)}`
    if (this.signature !== 0) return `${nameOfSignature(this.signature)} on ${this.scope.name}, sending to ${to}`
    const name = this.mode === SYNCHRONOUS ? 'ssend' : this.mode === BUFFERED ? 'bsend' : 'send'
    return `${name}(dest ${this.scope.rankOf(this.dest)}, tag ${this.tag}, ${this.length} bytes) on ${this.scope.name}`
  }
}
