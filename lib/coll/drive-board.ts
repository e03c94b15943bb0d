// A collective on a board (release and gather): publishes what others need, collects what they publish.
//
// What it publishes and what it does with what it collects is in <collective>/shm.ts; how calls follow each other in
// drive-board-queue.ts.
import { OBJECT, TYPE_NAMES } from '../data/types.js'
import { MismatchError } from '../errors.js'
import type { Board, Publication } from '../p2p/board.js'
import { Operation } from '../p2p/operation.js'
import { SAME_CALLS, contradict, explainSignatures, nameOfSignature, withLap } from '../p2p/signature.js'
import type { Status } from '../p2p/status.js'
import type { CollectiveOperation, RunContext } from './drive.js'
import type { BoardQueue } from './drive-board-queue.js'
import { MOST_UNDER_WAY, lapOf } from './order.js'

/** Work that a call has to do once it has collected. */
export interface Task {
  /** Does a part of it, a millisecond's or so. Returns whether all is done. */
  step(): boolean
}

const COLLECTING = 0
/** Members lend memory for this call. First this rank does its task, then others that copy from it are waited for. */
const COPYING = 1
const FETCHING = 2

/** Members from `row` to `end`. */
interface Members {
  readonly row: number
  readonly end: number
}
export const NOBODY: Members = { row: 0, end: 0 }

export abstract class BoardCall extends Operation implements Publication {
  readonly queue: BoardQueue
  readonly board: Board
  /** Its number on the board, and among all collectives of the communicator. */
  number = 0
  call = 0
  signature = 0
  check = 0
  /** Payload type and bytes that this rank publishes. */
  type = 0
  length = 0
  published = false
  /** The members from `row` to `end` are still to be collected from. */
  row = 0
  end = 0
  /** Something else has a hold of this object: it cannot serve another call. */
  spent = false
  value: unknown = undefined
  /** To be done once the call has collected, where memory is lent. */
  protected task: Task | undefined
  #phase = COLLECTING
  #fetchers: Members = NOBODY
  /** What goes by messages, after what went by the board. */
  #rest: CollectiveOperation | undefined

  constructor(queue: BoardQueue) {
    super()
    this.queue = queue
    this.board = queue.board
  }

  /** Type and length as one number, for collectives to which all ranks must pass the same. */
  get shape(): number {
    return (this.length << 5) + this.type
  }

  /** Writes the payload, of `length` bytes, to the board. */
  abstract write(offset: number): void

  /** All has been collected: sets `value`, or gives an operation that will. */
  protected abstract finish(): CollectiveOperation | undefined

  /** Of the operation that `finish` gave. */
  protected finishRest(rest: CollectiveOperation): void {
    this.value = rest.result()
  }

  /** Members lend memory for this call. It ends when these have copied all that they do, and its task is done. */
  protected awaitFetched(fetchers: Members): void {
    this.#phase = COPYING
    this.#fetchers = fetchers
  }

  /** Those that were waited for have copied, or failed to: may set `value`. */
  protected afterFetched(): void {}

  /** Takes a copy of what may change before it is published. */
  keep(): void {}

  /** Publishes, if there is room. */
  publish(): boolean {
    this.published = this.board.publish(this)
    return this.published
  }

  /** Runs in the caller: polls, then sleeps. A call that ends while it polls leaves nothing behind but its promise. */
  complete<T>(): Promise<T> {
    const { queue } = this
    if (queue.length > 0 || queue.engine.pending > 0 || !this.advance()) return queue.wait<T>(this)
    return this.outcome<T>()
  }

  /** The promise of a call that has ended. */
  outcome<T>(): Promise<T> {
    if (this.error === undefined) return this.settle<T>()
    this.spent = true
    return Promise.reject(this.error)
  }

  protected settle<T>(): Promise<T> {
    const { value } = this
    this.value = undefined
    return this.queue.waiter.completed(value as T)
  }

  /** Starts it; the engine looks after it. */
  start(): this {
    this.queue.post(this)
    return this
  }

  /** Payload type and bytes of what a member has published. */
  protected publishedBy(rank: number): { readonly type: number; readonly bytes: number } {
    return { type: this.board.type(this.number, rank), bytes: this.board.length(this.number, rank) }
  }

  /** Gets on as far as it can. Returns whether it has ended, well or badly. */
  advance(): boolean {
    if (this.#rest !== undefined) return this.#restDone(this.#rest)
    if (this.#phase === COLLECTING && !this.#collect()) return false
    if (this.#phase === COPYING && !this.#copy()) return false
    if (this.#phase === FETCHING && !this.#areFetched()) return false
    this.#phase = COLLECTING
    this.board.pass(this.number)
    return this.#rest === undefined
  }

  #collect(): boolean {
    const { board, number } = this
    if (this.error !== undefined) return true
    if (!this.published && !this.publish()) return false
    this.row = board.collect(number, this.row, this.end, this.check)
    if (this.row === this.end) this.#finish()
    else if (!board.arrived(number, this.row) || board.agrees(number, this.row, this.check)) return false
    else this.error = this.#disagreement(this.row)
    return true
  }

  #finish(): void {
    try {
      const rest = this.finish()
      if (rest === undefined) return
      this.spent = true
      this.#rest = rest
      rest.begin()
    } catch (error) {
      this.error = error as Error
    }
  }

  /** After an error, too, others are told and waited for: they use this rank's memory. */
  #copy(): boolean {
    try {
      if (this.error === undefined && this.task?.step() === false) return false
    } catch (error) {
      this.error = error as Error
    }
    this.task = undefined
    this.board.fetched(this.number, this.error !== undefined)
    this.row = this.#fetchers.row
    this.end = this.#fetchers.end
    this.#phase = FETCHING
    return true
  }

  #areFetched(): boolean {
    this.row = this.board.collectFetched(this.number, this.row, this.end)
    if (this.row < this.end) return false
    try {
      if (this.error === undefined) this.afterFetched()
    } catch (error) {
      this.error = error as Error
    }
    return true
  }

  #restDone(rest: CollectiveOperation): boolean {
    if (!rest.done) return false
    this.error = rest.error
    if (rest.error !== undefined) return true
    try {
      this.finishRest(rest)
    } catch (error) {
      this.error = error as Error
    }
    return true
  }

  /** Where messages of this call go that the board has no room for. */
  contextOfRest(signature: number): RunContext {
    return this.queue.contextOfRest(this.number, signature)
  }

  result(): unknown {
    return this.value
  }

  fillStatus(status: Status): void {
    status.fill(this.board.rank, 0, OBJECT, 0)
  }

  describe(): string {
    if (this.#rest !== undefined) return this.#rest.describe()
    const rank = this.awaited()
    return `${nameOfSignature(this.signature)} on ${this.queue.scope.name}${rank < 0 ? '' : `, waiting for rank ${rank}`}`
  }

  /** The member that this call waits for; -1 where none is known. */
  awaited(): number {
    if (this.#rest !== undefined) return -1
    if (!this.published) return this.board.laggard(this.number, this.length)
    return this.row < this.end ? this.row : -1
  }

  /** The next `linger` of the transport ends when what it waits for is there. */
  watch(): void {
    const { board, number, row, end } = this
    if (!this.published || row === end) return
    if (this.#phase === FETCHING) board.watchFetched(number, row, end)
    else board.watch(number, row, end)
  }

  /** Whether it may sleep: what it waits for is not there, and will wake the process up. */
  sleep(): boolean {
    const { board } = this
    if (this.#rest !== undefined) return !this.#rest.done
    if (this.#phase === COPYING) return false
    if (this.published) {
      board.await(this.row)
      return this.#phase === FETCHING ? !board.hasFetched(this.number, this.row) : !board.arrived(this.number, this.row)
    }
    const laggard = this.awaited()
    if (laggard < 0) return false
    board.await(laggard)
    return this.awaited() === laggard
  }

  /** A message under this call's tag: its sender has called something that does not use the board. */
  override contradicted(): boolean {
    if (this.#rest !== undefined) return this.#rest.contradicted()
    const { scope, engine } = this.queue
    const mine = withLap(this.signature, lapOf(this.call))
    for (let rank = 0; rank < scope.size && this.error === undefined; rank++) {
      const source = scope.worldRankOf(rank)
      const message = engine.peek(scope.context, source, this.call % MOST_UNDER_WAY)
      if (message === undefined || !contradict(mine, message.signature)) continue
      this.error = explainSignatures(this.describe(), scope, source, mine, message.signature)
      return true
    }
    return false
  }

  #disagreement(rank: number): Error {
    const { board, number, signature } = this
    const { scope } = this.queue
    const theirs = board.signature(number, rank)
    if (theirs !== signature) return explainSignatures(this.describe(), scope, scope.worldRankOf(rank), signature, theirs)
    const { type, bytes } = this.publishedBy(rank)
    const mine = this.publishedBy(board.rank)
    const why =
      type === mine.type && bytes === mine.bytes
        ? `rank ${rank} was in another collective before`
        : `rank ${rank} sent ${bytes} bytes of ${TYPE_NAMES[type]} where this rank expects ${mine.bytes} bytes of ` +
          TYPE_NAMES[mine.type]
    return new MismatchError(`${this.describe()}: ${why}: ${SAME_CALLS}`)
  }
}
