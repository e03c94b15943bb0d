// MPI's matching: posted receives and unexpected messages of one communicator context.
//
// Invariant: a message is in `unexpected` only if no posted receive matches it, and the other way round. Both queues are
// ordered; of several candidates the oldest wins, so messages of one sender never overtake each other.
//
// Entries hang in bins by (source, tag), where a posted receive's wildcards are values like any other. A message looks
// into at most four bins of posted receives; a receive without wildcards into one bin of messages. Receives with
// wildcards walk the messages in order of arrival. A posted receive that is the only one stays out of the bins: a rank
// that waits for one message at a time, which most do, pays for two comparisons.
import type { RecvOp } from './operation.js'
import { ANY_SOURCE, ANY_TAG } from './status.js'

/** An entry of a bin: an intrusive doubly linked list, so that cancelling is cheap. */
export interface Binned<T> {
  source: number
  tag: number
  bin: Bin<T> | undefined
  previous: T | undefined
  next: T | undefined
}

class Bin<T> {
  first: T | undefined
  last: T | undefined
}

/** Past this many tags of a source, empty bins are dropped instead of kept for the next message. */
const KEPT_BINS = 64

class Bins<T extends Binned<T>> {
  /** By source + 2, so that ANY_SOURCE has a place; then by tag. */
  readonly #bySource: (Map<number, Bin<T>> | undefined)[] = []
  /** The bin of the last look, which the next one mostly is for. */
  #last: Bin<T> | undefined
  #lastSource = 0
  #lastTag = 0

  #find(source: number, tag: number): Bin<T> | undefined {
    if (source === this.#lastSource && tag === this.#lastTag && this.#last !== undefined) return this.#last
    this.#lastSource = source
    this.#lastTag = tag
    this.#last = this.#bySource[source + 2]?.get(tag)
    return this.#last
  }

  #make(source: number, tag: number): Bin<T> {
    const tags = (this.#bySource[source + 2] ??= new Map<number, Bin<T>>())
    this.#last = new Bin<T>()
    tags.set(tag, this.#last)
    return this.#last
  }

  add(entry: T): void {
    const bin = this.#find(entry.source, entry.tag) ?? this.#make(entry.source, entry.tag)
    entry.bin = bin
    entry.previous = bin.last
    if (bin.last === undefined) bin.first = entry
    else bin.last.next = entry
    bin.last = entry
  }

  first(source: number, tag: number): T | undefined {
    return this.#find(source, tag)?.first
  }

  remove(entry: T): void {
    const bin = entry.bin as Bin<T>
    if (entry.previous === undefined) bin.first = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) bin.last = entry.previous
    else entry.next.previous = entry.previous
    entry.bin = entry.previous = entry.next = undefined
    if (bin.first !== undefined) return
    const tags = this.#bySource[entry.source + 2] as Map<number, Bin<T>>
    if (tags.size <= KEPT_BINS) return
    tags.delete(entry.tag)
    this.#last = undefined
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const tags of this.#bySource) {
      if (tags === undefined) continue
      for (const bin of tags.values()) for (let entry = bin.first; entry !== undefined; entry = entry.next) yield entry
    }
  }
}

/** A message that came before its receive: an eager one with its payload, or the announcement of a rendezvous. */
export class Unexpected implements Binned<Unexpected> {
  readonly source: number
  readonly tag: number
  readonly type: number
  /** Bytes of the whole message. */
  readonly bytes: number
  readonly signature: number
  /** The sender's request id where it waits for an answer, else 0. */
  readonly requestId: number
  /** Undefined for a rendezvous. */
  readonly payload: Uint8Array | undefined
  /** Of a rendezvous: where it is in the sender's memory; 0 where that is not known. */
  readonly address: number
  bin: Bin<Unexpected> | undefined = undefined
  previous: Unexpected | undefined = undefined
  next: Unexpected | undefined = undefined
  /** Neighbours in order of arrival. */
  before: Unexpected | undefined = undefined
  after: Unexpected | undefined = undefined

  constructor(
    source: number,
    tag: number,
    type: number,
    bytes: number,
    signature: number,
    requestId: number,
    payload: Uint8Array | undefined,
    address = 0,
  ) {
    this.source = source
    this.tag = tag
    this.type = type
    this.bytes = bytes
    this.signature = signature
    this.requestId = requestId
    this.payload = payload
    this.address = address
  }
}

export class Matching {
  /** The only posted receive, or undefined: then all of them are in #posted. */
  #only: RecvOp | undefined
  readonly #posted = new Bins<RecvOp>()
  /** Posted receives in the bins. */
  #binned = 0
  readonly #unexpected = new Bins<Unexpected>()
  #firstArrived: Unexpected | undefined
  #lastArrived: Unexpected | undefined
  /** Posted receives with a wildcard: without any, only the exact bin is looked into. */
  #wild = 0
  #order = 0

  /** Whether nothing is posted and no message waits. */
  get idle(): boolean {
    return this.#firstArrived === undefined && this.#only === undefined && this.#binned === 0
  }

  /** The oldest message that a receive for (source, tag) would get. It stays where it is. */
  peek(source: number, tag: number): Unexpected | undefined {
    if (this.#firstArrived === undefined) return undefined
    if (source !== ANY_SOURCE && tag !== ANY_TAG) return this.#unexpected.first(source, tag)
    for (let message: Unexpected | undefined = this.#firstArrived; message !== undefined; message = message.after) {
      if ((source === ANY_SOURCE || source === message.source) && (tag === ANY_TAG || tag === message.tag)) return message
    }
    return undefined
  }

  /** Takes a message out of the queue. */
  take(message: Unexpected): void {
    this.#unexpected.remove(message)
    if (message.before === undefined) this.#firstArrived = message.after
    else message.before.after = message.after
    if (message.after === undefined) this.#lastArrived = message.before
    else message.after.before = message.before
    message.before = message.after = undefined
  }

  /** Queues a message that `match` found no receive for. */
  store(message: Unexpected): void {
    this.#unexpected.add(message)
    message.before = this.#lastArrived
    if (this.#lastArrived === undefined) this.#firstArrived = message
    else this.#lastArrived.after = message
    this.#lastArrived = message
  }

  /** Posts a receive for which `peek` found nothing. */
  post(receive: RecvOp): void {
    receive.posted = true
    if (this.#binned === 0 && this.#only === undefined) this.#only = receive
    else this.#postAmongOthers(receive)
  }

  #postAmongOthers(receive: RecvOp): void {
    const first = this.#only
    this.#only = undefined
    if (first !== undefined) this.#bin(first)
    this.#bin(receive)
  }

  #bin(receive: RecvOp): void {
    receive.order = this.#order++
    this.#binned++
    if (receive.source === ANY_SOURCE || receive.tag === ANY_TAG) this.#wild++
    this.#posted.add(receive)
  }

  /** Takes the oldest posted receive that matches a message from (source, tag) out of the queue. */
  match(source: number, tag: number): RecvOp | undefined {
    const only = this.#only
    if (only === undefined) return this.#binned === 0 ? undefined : this.#matchOldest(source, tag)
    const matches =
      (only.source === source || only.source === ANY_SOURCE) && (only.tag === tag || only.tag === ANY_TAG)
    if (!matches) return undefined
    this.#only = undefined
    only.posted = false
    return only
  }

  #matchOldest(source: number, tag: number): RecvOp | undefined {
    let oldest = this.#posted.first(source, tag)
    if (this.#wild > 0) {
      oldest = older(oldest, this.#posted.first(source, ANY_TAG))
      oldest = older(oldest, this.#posted.first(ANY_SOURCE, tag))
      oldest = older(oldest, this.#posted.first(ANY_SOURCE, ANY_TAG))
    }
    if (oldest !== undefined) this.withdraw(oldest)
    return oldest
  }

  /** Takes a posted receive back. */
  withdraw(receive: RecvOp): void {
    receive.posted = false
    if (this.#only === receive) {
      this.#only = undefined
      return
    }
    this.#binned--
    if (receive.source === ANY_SOURCE || receive.tag === ANY_TAG) this.#wild--
    this.#posted.remove(receive)
  }

  /** The posted receives, in no particular order. */
  *posted(): Iterable<RecvOp> {
    if (this.#only !== undefined) yield this.#only
    yield* this.#posted
  }
}

const older = (a: RecvOp | undefined, b: RecvOp | undefined): RecvOp | undefined =>
  a === undefined || (b !== undefined && b.order < a.order) ? b : a
