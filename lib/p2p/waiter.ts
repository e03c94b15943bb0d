// How a rank waits: polls inside the call for a short while, then sleeps in the event loop until a doorbell rings.
//
// Invariants:
// - While an operation is pending and no call is polling, the transport is asleep, so that arrivals call back, or a
//   `settle` is scheduled that will put it to sleep. So no arrival goes unnoticed.
// - The keep-alive timer is referenced only while operations are pending, or a `settle` is scheduled that will see that
//   none is: a pending operation keeps the process alive, nothing else of tsmpi does.
import { clock } from '../clock.js'
import { StateError } from '../errors.js'
import type { Engine } from './engine.js'
import type { Operation, Owner } from './operation.js'
import { DOZE_AWAKE_NANOSECONDS, DOZE_NANOSECONDS, LINGER_NANOSECONDS, PATIENCE } from './patience.js'
import type { Patience, Polling } from './patience.js'

/** After this many milliseconds of operations that all completed at once, the event loop turns. */
const TURN_MILLISECONDS = 1
const OPERATIONS_PER_LOOK = 32
/** How many milliseconds longer than others a call polls whose message is being copied. */
const COPY_MILLISECONDS = 2

/** What most calls return that give nothing. */
const NOTHING: Promise<unknown> = Promise.resolve(undefined)

export class Waiter implements Owner {
  readonly #engine: Engine
  readonly #polling: Polling
  readonly #brief: boolean
  readonly patience: Patience
  /** Blocking calls that sleep: how to wake each, and since when it waits. */
  readonly #sleepers = new Map<Operation, { resolve: (value: unknown) => void; reject: (error: Error) => void; since: number }>()
  readonly #keepAlive: NodeJS.Timeout
  #asleep = false
  /** The keep-alive timer is referenced, and no `settle` is about to look at it. */
  #holding = false
  /** No operation may be started any more. */
  #closed = false
  #scheduled = false
  #operations = 0
  #lastTurn = clock()

  constructor(engine: Engine, polling: Polling) {
    this.#engine = engine
    this.#polling = polling
    this.#brief = polling.endsWith('briefly')
    this.patience = PATIENCE[polling]
    this.#keepAlive = setInterval(() => undefined, 0x7fffffff)
    this.#keepAlive.unref()
    engine.onProgress = () => {
      this.#lastTurn = clock()
      this.#settle()
    }
    engine.onIdle = () => {
      if (this.#holding) this.schedule()
    }
  }

  /** From now on no operation may be started. */
  forbid(): void {
    this.#closed = true
  }

  /** @throws StateError after `forbid`. */
  checkOpen(): void {
    if (this.#closed) throw new StateError('tsmpi has been finalized: no further operation is possible')
  }

  /** Polls until `op` is done, for a short while at most. Returns whether it is done. */
  poll(op: Operation): boolean {
    if (op.done) return true
    const engine = this.#engine
    if (this.#polling === 'never') {
      engine.progress()
      return op.done
    }
    if (this.#asleep) this.#awake()
    if (this.#polling === 'doze' || (this.#brief && engine.needsTurns(op))) return this.#doze(op)
    return this.#pollForAWhile(op) || (this.#brief && this.#doze(op))
  }

  /** Waits for what the network brings. */
  #doze(op: Operation): boolean {
    const engine = this.#engine
    for (let end = 0; ; ) {
      engine.progress()
      if (op.done) return true
      const now = clock()
      if (end === 0) end = now + DOZE_NANOSECONDS / 1e6
      if (now >= end || engine.busy) return false
      if (now - this.#lastTurn > TURN_MILLISECONDS) this.#operations = OPERATIONS_PER_LOOK - 1
      if (!engine.doze(DOZE_AWAKE_NANOSECONDS, DOZE_NANOSECONDS)) return false
    }
  }

  #pollForAWhile(op: Operation): boolean {
    const { milliseconds, polls, looks } = this.patience
    const engine = this.#engine
    for (let end = 0; ; ) {
      let frames = 0
      for (let poll = 0; poll < polls; poll++) {
        frames += engine.progress()
        if (op.done) return true
      }
      const now = clock()
      if (end === 0) end = now + milliseconds
      else if (now > end && !engine.busy) return false
      else if (now > end + COPY_MILLISECONDS) return false
      // Who copies, or may help to, has more to look at than arrivals: it yields once at the most.
      if (this.#brief && engine.needsTurns(op)) return false
      if (frames === 0) engine.linger(looks, engine.copying ? 1 : LINGER_NANOSECONDS)
    }
  }

  /** The result of a blocking call: polls, then sleeps. */
  wait<T>(op: Operation): Promise<T> {
    if (!this.poll(op)) return this.#sleep<T>(op)
    this.polled()
    return op.error === undefined ? this.completed(op.result() as T) : Promise.reject(op.error)
  }

  /** To be called where a call's operation was done within it: whatever else is pending must still make progress. */
  polled(): void {
    if (this.#engine.pending > 0) this.schedule()
  }

  /** A resolved promise, or one that resolves after a turn of the event loop where one is due. */
  completed<T>(value: T): Promise<T> {
    if (this.turnDue()) return this.turn(value)
    return value === undefined ? (NOTHING as Promise<T>) : Promise.resolve(value)
  }

  /** Counts an operation that completed at once, and says whether it is time for the event loop to turn. */
  turnDue(): boolean {
    return ++this.#operations % OPERATIONS_PER_LOOK === 0 && clock() - this.#lastTurn > TURN_MILLISECONDS
  }

  /** Lets the event loop turn once. */
  turn<T>(value: T): Promise<T> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#lastTurn = clock()
        resolve(value)
      })
    })
  }

  /** For tests of completion that found nothing: those who ask again and again must not starve the event loop. */
  notYet<T>(value: T): Promise<T> {
    if (this.#engine.pending > 0) this.schedule()
    return this.#polling === 'never' || this.#polling === 'doze' ? this.turn(value) : this.completed(value)
  }

  #sleep<T>(op: Operation): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      this.#sleepers.set(op, { resolve: resolve as (value: unknown) => void, reject, since: clock() })
    })
    op.owner = this
    this.#settle()
    return promise
  }

  onDone(op: Operation): void {
    const sleeper = this.#sleepers.get(op)
    if (sleeper === undefined) return
    this.#sleepers.delete(op)
    if (op.error === undefined) sleeper.resolve(op.result())
    else sleeper.reject(op.error)
  }

  /** Sees to it that pending operations make progress, and the last one lets go, once the present call stack has ended. */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#lastTurn = clock()
      this.#settle()
    })
  }

  /** Handles what is there; then sleeps if something is pending. */
  #settle(): void {
    const engine = this.#engine
    if (this.#asleep) this.#awake()
    this.#holding = false
    for (let rounds = 0; rounds < OPERATIONS_PER_LOOK; rounds++) {
      engine.progress()
      if (engine.pending === 0) {
        this.#keepAlive.unref()
        return
      }
      if (engine.busy) break
      if (this.#contradicted()) continue
      if (engine.sleep()) {
        this.#asleep = true
        this.#holding = true
        this.#keepAlive.ref()
        return
      }
    }
    this.schedule()
  }

  #contradicted(): boolean {
    for (const op of this.#sleepers.keys()) if (op.contradicted()) return true
    return false
  }

  #awake(): void {
    this.#asleep = false
    this.#engine.transport.awake()
  }

  /** Whoever ends something outside the engine holds the process alive by this. */
  hold(): void {
    this.#engine.pending++
    this.schedule()
  }

  release(): void {
    this.#engine.pending--
    this.schedule()
  }

  /** What blocking calls wait for, and for how long, in words. */
  describe(): string[] {
    const now = clock()
    return [...this.#sleepers].map(([op, { since }]) => `${op.describe()} for ${((now - since) / 1000).toFixed(1)} s`)
  }

  close(): void {
    clearInterval(this.#keepAlive)
    if (this.#asleep) this.#awake()
  }
}
