// The calls of a communicator on its board, in call order.
//
// On a board calls also end in call order, so that PASSED of transport/board.ts is one number. A call that ends while it
// polls never enters the queue, and its object serves the next call of its kind. One that does not is an operation of the
// engine like any other: the engine looks after the queue when it makes progress, and has it see to being woken before
// it sleeps.
import { clock } from '../clock.js'
import type { Board } from '../p2p/board.js'
import type { Engine, Poller } from '../p2p/engine.js'
import type { Operation, Scope } from '../p2p/operation.js'
import type { Progress } from '../p2p/request.js'
import { explainSignatures, withLap, withoutLap } from '../p2p/signature.js'
import type { Waiter } from '../p2p/waiter.js'
import type { Beside, RunContext } from './drive.js'
import type { BoardCall } from './drive-board.js'
import { MOST_UNDER_WAY, historyAfter, lapOf } from './order.js'
import type { CallOrder } from './order.js'

/**
 * How long a call polls in all before it sleeps, in milliseconds; each look at the board has a patience of its own. Longer
 * than collectives of a few MiB take: where one rank falls asleep others wait for it until they do, too.
 */
const POLL_MILLISECONDS = 2

export class BoardQueue implements Poller {
  readonly board: Board
  readonly engine: Engine
  readonly waiter: Waiter
  readonly scope: Scope
  /** How many calls are under way. */
  length = 0
  readonly #progress: Progress
  readonly #order: CallOrder
  readonly #calls: BoardCall[] = []
  /** Calls by messages that sleep. */
  readonly #besides = new Set<BesideBoard>()
  #next = 0

  constructor(board: Board, progress: Progress, scope: Scope, order: CallOrder) {
    this.board = board
    this.engine = progress.engine
    this.waiter = progress.waiter
    this.scope = scope
    this.#progress = progress
    this.#order = order
  }

  /**
   * `call` begins: it collects from the members from `row` to `end`, and publishes unless `published`. `shape`: what all
   * ranks must pass alike.
   */
  enter(call: BoardCall, signature: number, shape: number, published: boolean, row: number, end: number): void {
    const order = this.#order
    call.call = order.take(signature, shape)
    call.signature = signature
    call.check = order.history
    call.number = this.#next
    call.published = published
    call.row = row
    call.end = end
    this.#next = (this.#next + 1) | 0
  }

  /** The result of a call that has not ended at once. */
  wait<T>(call: BoardCall): Promise<T> {
    const { engine } = this
    if (this.length === 0 && engine.pending === 0) {
      const until = clock() + POLL_MILLISECONDS
      do {
        engine.progress()
        if (call.advance()) return call.outcome<T>()
        if (!call.published) this.board.awaitRoom(call.awaited())
      } while (engine.pending === 0 && clock() < until)
    }
    this.post(call)
    return this.waiter.wait<T>(call)
  }

  /** From now on the engine looks after the call. */
  post(call: BoardCall): void {
    const { engine } = this
    call.spent = true
    call.keep()
    engine.pending++
    if (!this.#busy) engine.addPoller(this)
    this.length = this.#calls.push(call)
    this.poll()
  }

  poll(): void {
    const calls = this.#calls
    if (calls.length === 0) return
    while (calls.length > 0 && this.#step(calls[0])) calls.shift()
    this.length = calls.length
    for (let i = 1; i < calls.length; i++) if (!calls[i].published && !calls[i].publish()) break
    if (!this.#busy) this.engine.removePoller(this)
  }

  get #busy(): boolean {
    return this.#calls.length > 0 || this.#besides.size > 0
  }

  /** Returns whether the call has ended. One that waits for a rank that had left before the last look fails. */
  #step(call: BoardCall): boolean {
    const { engine } = this
    for (let before = this.#lost(call); !call.advance(); ) {
      const lost = this.#lost(call)
      if (lost < 0) return false
      if (lost === before) {
        engine.failWithout(lost, call)
        this.board.pass(call.number)
        return true
      }
      before = lost
    }
    engine.finish(call)
    return true
  }

  /** The rank of COMM_WORLD that the call cannot do without and that has left; -1 for none. */
  #lost(call: BoardCall): number {
    if (!this.engine.someGone) return -1
    const rank = call.awaited()
    if (rank < 0) return -1
    const worldRank = this.scope.worldRankOf(rank)
    return this.engine.isGone(worldRank) ? worldRank : -1
  }

  watch(): void {
    this.#calls.at(0)?.watch()
  }

  sleep(): boolean {
    for (const beside of this.#besides) if (!beside.sleep()) return false
    const unpublished = this.#calls.find((call) => !call.published)
    return (this.#calls.at(0)?.sleep() ?? true) && (unpublished === undefined || unpublished.sleep())
  }

  // ---- calls by messages ----

  /** For a call by messages that is about to take its number. */
  beside(): Beside {
    return new BesideBoard(this, this.#next, this.#order.history)
  }

  watchBeside(beside: BesideBoard): void {
    if (!this.#busy) this.engine.addPoller(this)
    this.#besides.add(beside)
  }

  leaveBeside(beside: BesideBoard): void {
    if (this.#besides.delete(beside) && !this.#busy) this.engine.removePoller(this)
  }

  *pending(): Iterable<Operation> {
    yield* this.#calls
  }

  /**
   * For messages of a call that the board has no room for. Tags behind those of calls that go by messages alone; a
   * rank is never so far ahead of another on the board that one is used twice at a time.
   */
  contextOfRest(number: number, signature: number): RunContext {
    const place = number >>> 0
    const tag = MOST_UNDER_WAY + (place % MOST_UNDER_WAY)
    return { progress: this.#progress, scope: this.scope, tag, signature: withLap(signature, lapOf(place)) }
  }
}

/** See Beside. The board's next number, and the history before the call, tell whether a member is at the same call. */
class BesideBoard implements Beside {
  readonly #queue: BoardQueue
  readonly #number: number
  readonly #history: number

  constructor(queue: BoardQueue, number: number, history: number) {
    this.#queue = queue
    this.#number = number
    this.#history = history
  }

  contradiction(doing: string, signature: number): Error | undefined {
    const { board, scope } = this.#queue
    const rank = this.#find()
    this.#queue.watchBeside(this)
    if (rank < 0) return undefined
    const theirs = board.signature(this.#number, rank)
    return explainSignatures(doing, scope, scope.worldRankOf(rank), withoutLap(signature), theirs)
  }

  /** A member that has published for the board's next number what would follow this call's history in its place. */
  #find(): number {
    const { board } = this.#queue
    const number = this.#number
    for (let rank = 0; rank < board.size; rank++) {
      if (rank === board.rank || !board.arrived(number, rank)) continue
      const signature = board.signature(number, rank)
      const shape = (board.length(number, rank) << 5) + board.type(number, rank)
      for (const agreed of [0, shape]) {
        if (board.agrees(number, rank, historyAfter(this.#history, signature, agreed))) return rank
      }
    }
    return -1
  }

  sleep(): boolean {
    const { board } = this.#queue
    for (let rank = 0; rank < board.size; rank++) if (rank !== board.rank) board.await(rank)
    return this.#find() < 0
  }

  leave(): void {
    this.#queue.leaveBeside(this)
  }
}
