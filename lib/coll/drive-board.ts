// Runs collectives on a board (release and gather): publish what others need, collect what they publish.
//
// Every member of a communicator has a BoardQueue, with the calls that are under way in call order; on a board they also
// end in call order, so that PASSED of transport/board.ts is one number. A call that ends while it polls never enters the
// queue, and its object serves the next call. One that must sleep is an operation of the engine like any other: the
// engine looks after the queue when it makes progress, and has it wake the process up while it sleeps.
import type { Board } from '../p2p/board.js'
import type { Engine, Poller } from '../p2p/engine.js'
import { Operation } from '../p2p/operation.js'
import type { Scope } from '../p2p/operation.js'
import type { Progress } from '../p2p/request.js'
import { contradict, explainSignatures, nameOfSignature, withLap } from '../p2p/signature.js'
import type { Status } from '../p2p/status.js'
import type { Waiter } from '../p2p/waiter.js'
import { MismatchError } from '../errors.js'
import { OBJECT, TYPE_NAMES } from '../data/types.js'
import { MIX, MOST_UNDER_WAY } from './order.js'
import type { CallOrder } from './order.js'

/** A collective on a board. What it publishes and what it does with what it collects is in <collective>/shm.ts. */
export abstract class BoardCall extends Operation {
  readonly queue: BoardQueue
  readonly board: Board
  /** Its number on the board, and among all collectives of the communicator. */
  number = 0
  call = 0
  signature = 0
  check = 0
  published = false
  /** The members from `row` to `end` are still to be collected from. */
  row = 0
  end = 0
  /** Payload type and bytes that this rank publishes. */
  type = 0
  length = 0
  queued = false
  value: unknown = undefined

  constructor(queue: BoardQueue) {
    super()
    this.queue = queue
    this.board = queue.board
  }

  /** Writes the payload, of `length` bytes, to the board. */
  protected abstract write(offset: number): void
  /** All has been collected: sets `value`. */
  abstract finish(): void

  /** Publishes, where there is room. */
  publish(): boolean {
    const { board, number, length } = this
    const offset = board.place(number, length)
    if (offset < 0) return false
    if (length > 0) this.write(offset)
    board.publish(number, this.signature, this.check, this.type, length)
    this.published = true
    return true
  }

  /** Runs in the caller: polls, then sleeps. A call that ends while it polls leaves nothing behind but its promise. */
  complete<T>(): Promise<T> {
    const { queue, board, number, end } = this
    if (queue.length > 0 || queue.engine.pending > 0 || !this.publish()) return queue.wait<T>(this)
    this.row = board.collect(number, this.row, end, this.check)
    if (this.row < end) return queue.wait<T>(this)
    try {
      this.finish()
      return queue.waiter.completed(this.value as T)
    } finally {
      board.pass(number)
      this.value = undefined
    }
  }

  /** Gets on as far as it can. Returns whether it has ended, well or badly. */
  advance(): boolean {
    const { board, number } = this
    if (this.error === undefined) {
      if (!this.published && !this.publish()) return false
      this.row = board.collect(number, this.row, this.end, this.check)
      if (this.row === this.end) this.#finish()
      else if (!board.arrived(number, this.row) || board.agrees(number, this.row, this.check)) return false
      else this.error = this.#disagreement(this.row)
    }
    board.pass(number)
    return true
  }

  #finish(): void {
    try {
      this.finish()
    } catch (error) {
      this.error = error as Error
    }
  }

  result(): unknown {
    return this.value
  }

  fillStatus(status: Status): void {
    status.fill(this.board.rank, 0, OBJECT, 0)
  }

  describe(): string {
    const { scope } = this.queue
    const laggard = this.published ? this.row : this.board.laggard(this.number, this.length)
    const waiting = laggard < 0 || laggard >= this.board.size ? '' : `, waiting for rank ${laggard}`
    return `${nameOfSignature(this.signature)} on ${scope.name}${waiting}`
  }

  /** A message under this call's tag: its sender has called something that does not use the board. */
  override contradicted(): boolean {
    const { scope, engine } = this.queue
    const mine = withLap(this.signature, Math.floor(this.call / MOST_UNDER_WAY))
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
    const type = board.type(number, rank)
    const length = board.length(number, rank)
    if (type === this.type && length === this.length) {
      return new MismatchError(`${this.describe()}: rank ${rank} has been in another collective before: all ranks of a ` +
        'communicator must call the same collectives in the same order, with the same root, operation, type and length')
    }
    return new MismatchError(
      `${this.describe()}: rank ${rank} sent ${length} bytes of ${TYPE_NAMES[type]} where this rank expects ` +
        `${this.length} bytes of ${TYPE_NAMES[this.type]}: all ranks must pass the same type and length`,
    )
  }
}

export class BoardQueue implements Poller {
  readonly board: Board
  readonly engine: Engine
  readonly waiter: Waiter
  readonly scope: Scope
  readonly #order: CallOrder
  readonly #calls: BoardCall[] = []
  /** How many calls are under way. */
  length = 0
  #next = 0
  readonly #pollMilliseconds = 1

  constructor(board: Board, progress: Progress, scope: Scope, order: CallOrder) {
    this.board = board
    this.engine = progress.engine
    this.waiter = progress.waiter
    this.scope = scope
    this.#order = order
  }

  /** `call` begins: it collects from the members from `row` to `end`. `agreed`: type and length are all ranks'. */
  enter(call: BoardCall, signature: number, row: number, end: number, agreed: boolean): void {
    const order = this.#order
    order.history = (Math.imul(order.history ^ signature, MIX) + (agreed ? (call.length << 5) + call.type : 0)) | 0
    call.call = order.next++
    call.signature = signature
    call.check = order.history
    call.number = this.#next
    this.#next = (this.#next + 1) | 0
    call.published = false
    call.row = row
    call.end = end
  }

  /** `call` has not ended at once. */
  wait<T>(call: BoardCall): Promise<T> {
    if (!this.#idle || !this.#poll(call)) {
      this.post(call)
      return this.waiter.wait<T>(call)
    }
    const { value, error } = call
    call.value = call.error = undefined
    return error === undefined ? this.waiter.completed(value as T) : Promise.reject(error)
  }

  get #idle(): boolean {
    return this.length === 0 && this.engine.pending === 0
  }

  #poll(call: BoardCall): boolean {
    const until = performance.now() + this.#pollMilliseconds
    do {
      this.engine.progress()
      if (call.advance()) return true
    } while (performance.now() < until)
    return false
  }

  /** From now on the engine looks after the call. */
  post(call: BoardCall): void {
    const { engine } = this
    call.queued = true
    engine.pending++
    this.length = this.#calls.push(call)
    if (this.length === 1) engine.addPoller(this)
    this.poll()
  }

  poll(): void {
    const calls = this.#calls
    const { engine } = this
    while (calls.length > 0) {
      const call = calls[0]
      const lost = engine.someGone ? this.#lost(call) : -1
      if (!call.advance()) {
        if (lost < 0) break
        engine.failWithout(lost, call)
        this.board.pass(call.number)
      } else engine.finish(call)
      calls.shift()
    }
    this.length = calls.length
    for (let i = 1; i < calls.length; i++) if (!calls[i].published && !calls[i].publish()) break
    if (calls.length === 0) engine.removePoller(this)
  }

  /** The rank of COMM_WORLD that the call cannot do without and that has left; -1 for none. */
  #lost(call: BoardCall): number {
    const rank = this.#awaited(call)
    if (rank < 0) return -1
    const worldRank = this.scope.worldRankOf(rank)
    return this.engine.isGone(worldRank) ? worldRank : -1
  }

  /** The member that the call waits for. */
  #awaited(call: BoardCall): number {
    if (!call.published) return this.board.laggard(call.number, call.length)
    return call.row < call.end ? call.row : -1
  }

  sleep(): boolean {
    const { board } = this
    const first = this.#calls[0]
    if (first.published) {
      board.await(first.row)
      if (board.arrived(first.number, first.row)) return false
    }
    const waiting = this.#calls.find((call) => !call.published)
    if (waiting === undefined) return true
    const laggard = board.laggard(waiting.number, waiting.length)
    if (laggard < 0) return false
    board.await(laggard)
    return board.laggard(waiting.number, waiting.length) === laggard
  }

  *pending(): Iterable<Operation> {
    yield* this.#calls
  }
}
