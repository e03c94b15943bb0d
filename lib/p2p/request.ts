// A nonblocking operation in the caller's hands: MPI_Request. Awaiting it waits; test looks.
import { ArgumentError } from '../errors.js'
import type { Engine } from './engine.js'
import { AnyOf } from './operation.js'
import type { Operation } from './operation.js'
import { Status } from './status.js'
import type { Waiter } from './waiter.js'

/** What a Request needs of its process. */
export interface Progress {
  readonly engine: Engine
  readonly waiter: Waiter
}

/** A completed request of a list: its index and its value. */
export interface Completion<T> {
  readonly index: number
  readonly value: T
}

type Values<R extends readonly Request<unknown>[]> = { -readonly [K in keyof R]: R[K] extends Request<infer T> ? T : never }

/**
 * A send, receive or collective under way. `await request` waits for it and gives its value: what was received, or
 * undefined for a send. A request is active until a wait or a test has returned its completion; the functions over lists
 * pass over inactive ones, so they can be called again with the same list (MPI 4.0, section 3.7).
 */
export class Request<T = unknown> implements PromiseLike<T> {
  readonly #progress: Progress
  readonly #operation: Operation
  #promise: Promise<T> | undefined
  #active = true

  /** @internal */
  constructor(progress: Progress, operation: Operation) {
    this.#progress = progress
    this.#operation = operation
    if (!operation.done) progress.waiter.schedule()
  }

  /** Whether a wait or a test has yet to return this request's completion. */
  get active(): boolean {
    return this.#active
  }

  /** Source, tag and sizes of the message, once the request is complete; undefined before. */
  get status(): Status | undefined {
    if (!this.#operation.done) return undefined
    const status = new Status()
    this.#operation.fillStatus(status)
    return status
  }

  /** Waits for completion: polls for a short while, then sleeps. Throws what went wrong with the operation. */
  wait(): Promise<T> {
    this.#active = false
    return (this.#promise ??= this.#progress.waiter.wait<T>(this.#operation))
  }

  then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.wait().then(onfulfilled, onrejected)
  }

  /** Makes progress, and says whether the request is complete. Throws what went wrong with the operation. */
  async test(): Promise<boolean> {
    if (!(await this.#look())) return false
    await this.wait()
    return true
  }

  #look(): Promise<boolean> {
    const { engine, waiter } = this.#progress
    if (!this.#operation.done) engine.progress()
    return this.#operation.done ? waiter.completed(true) : waiter.notYet(false)
  }

  /**
   * Cancels a receive that no message has matched, or a send that has not left this process. Returns whether it could:
   * then the request is complete, waiting for it throws a CancelledError, and `status.cancelled` is true.
   */
  cancel(): boolean {
    return this.#progress.engine.cancel(this.#operation)
  }

  /** What the request does, in words. */
  toString(): string {
    return `Request: ${this.#operation.describe()}, ${this.#operation.done ? 'complete' : 'pending'}`
  }

  /** Waits for all requests; their values in order. Throws the first error in list order, once all have ended. */
  static async waitAll<const R extends readonly Request<unknown>[]>(requests: R): Promise<Values<R>> {
    checkList('waitAll', requests)
    const values = new Array<unknown>(requests.length)
    let failure: { error: unknown } | undefined
    for (let i = 0; i < requests.length; i++) {
      try {
        values[i] = requests[i].#arrive() ? requests[i].#operation.result() : await requests[i].wait()
      } catch (error) {
        failure ??= { error }
      }
    }
    const turn = requests.length > 0 ? requests[0].#arrived() : undefined
    if (failure !== undefined) throw failure.error
    if (turn !== undefined) await turn
    return values as Values<R>
  }

  /** What follows calls of `#arrive`: others must make progress; a turn of the event loop, where one is due. */
  #arrived(): Promise<void> | undefined {
    const { waiter } = this.#progress
    waiter.polled()
    return waiter.turnDue() ? waiter.turn(undefined) : undefined
  }

  /** Waits without a promise, for a short while: true where that was enough and nothing went wrong. */
  #arrive(): boolean {
    const { waiter } = this.#progress
    if (this.#promise !== undefined) {
      waiter.polled()
      return false
    }
    if (!waiter.poll(this.#operation)) return false
    this.#active = false
    return this.#operation.error === undefined
  }

  /** Waits for one active request and gives its index and value; undefined where none is active. */
  static async waitAny<T>(requests: readonly Request<T>[]): Promise<Completion<T> | undefined> {
    checkList('waitAny', requests)
    // Another wait for the same list may have taken the request that ended.
    while (requests.some((request) => request.#active)) {
      await anyDone(requests)
      const index = requests.findIndex((request) => request.#active && request.#operation.done)
      if (index >= 0) return { index, value: await (requests[index]).wait() }
    }
    return undefined
  }

  /** Waits until at least one active request is complete; all that are, in list order. Empty where none is active. */
  static async waitSome<T>(requests: readonly Request<T>[]): Promise<Completion<T>[]> {
    checkList('waitSome', requests)
    let done: Completion<T>[] = []
    while (done.length === 0 && requests.some((request) => request.#active)) {
      await anyDone(requests)
      done = await completions(requests)
    }
    return done
  }

  /** The values of all requests where all are complete, else undefined, and nothing has changed. */
  static async testAll<const R extends readonly Request<unknown>[]>(requests: R): Promise<Values<R> | undefined> {
    checkList('testAll', requests)
    for (const request of requests) if (!(await request.#look())) return undefined
    return await Request.waitAll(requests)
  }

  /** The first active request that is complete, if there is one. */
  static async testAny<T>(requests: readonly Request<T>[]): Promise<Completion<T> | undefined> {
    checkList('testAny', requests)
    await lookAny(requests)
    const index = requests.findIndex((request) => request.#active && request.#operation.done)
    return index < 0 ? undefined : { index, value: await (requests[index]).wait() }
  }

  /** All active requests that are complete now, in list order. */
  static async testSome<T>(requests: readonly Request<T>[]): Promise<Completion<T>[]> {
    checkList('testSome', requests)
    await lookAny(requests)
    return await completions(requests)
  }

  /** @internal */
  static look(requests: readonly Request<unknown>[]): Promise<boolean> {
    const pending = requests.find((request) => request.#active && !request.#operation.done)
    const ready = requests.some((request) => request.#active && request.#operation.done)
    return ready || pending === undefined ? Promise.resolve(true) : pending.#look()
  }

  /** @internal Resolves when one of the active requests is done, well or badly. */
  static async sleepAny(requests: readonly Request<unknown>[]): Promise<void> {
    const active = requests.filter((request) => request.#active)
    const first = active[0]
    if (first === undefined || active.some((request) => request.#operation.done)) return
    const any = new AnyOf(active.map((request) => request.#operation))
    await first.#progress.waiter.wait(any)
    any.release()
  }

  /** @internal */
  static async complete<T>(requests: readonly Request<T>[]): Promise<Completion<T>[]> {
    const done: Completion<T>[] = []
    for (const [index, request] of requests.entries()) {
      if (request.#active && request.#operation.done) done.push({ index, value: await request.wait() })
    }
    return done
  }
}

const lookAny = (requests: readonly Request<unknown>[]): Promise<boolean> => Request.look(requests)
const anyDone = (requests: readonly Request<unknown>[]): Promise<void> => Request.sleepAny(requests)
const completions = <T>(requests: readonly Request<T>[]): Promise<Completion<T>[]> => Request.complete(requests)

function checkList(name: string, requests: readonly unknown[]): void {
  if (Array.isArray(requests) && requests.every((request) => request instanceof Request)) return
  throw new ArgumentError(`Request.${name} takes an array of requests`)
}
