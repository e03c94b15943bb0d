// Point-to-point messages as a communicator offers them: arguments checked, values turned into bytes.
import { StateError } from '../errors.js'
import type { TypedArray } from '../data/types.js'
import { EMPTY, NUMBER, OBJECT } from '../data/types.js'
import { copyOut } from '../wire/bytes.js'
import { BUFFERED, INTO, RecvOp, STANDARD, SYNCHRONOUS, SendOp } from '../p2p/operation.js'
import type { Operation, Scope } from '../p2p/operation.js'
import { ProbeOp } from '../p2p/probe.js'
import { Request } from '../p2p/request.js'
import type { Progress } from '../p2p/request.js'
import { ANY_SOURCE, ANY_TAG, PROC_NULL, Status } from '../p2p/status.js'
import { bufferHasRoom, reserveBuffer } from './buffered.js'
import type { Group } from './group.js'
import { checkRank, checkRecvTag, checkSource, checkTag } from './group.js'
import { lastReceived, lastSent, noteSent, receiveInto } from './last-memory.js'
import type { IntoBuffer, RecvIntoOptions, RecvOptions, SendrecvOptions } from './message-options.js'
import { completedOperation, statusOfNobody } from './nobody.js'

/** What a send to nobody gives. */
const SENT: Promise<void> = Promise.resolve()
const NOTHING = new Uint8Array(0)

export abstract class PointToPoint implements Scope {
  /** @internal */
  readonly progress: Progress
  /** @internal Context id of point-to-point messages; collectives have the next one. */
  readonly context: number
  /** @internal */
  readonly group: Group
  /** A name for messages: 'COMM_WORLD'. */
  readonly name: string
  /** This process's rank in the communicator. */
  readonly rank: number
  /** How many ranks it has. */
  readonly size: number
  protected freed = false
  #spare: RecvOp | undefined
  #spareSend: SendOp | undefined

  protected constructor(progress: Progress, context: number, group: Group, name: string) {
    this.progress = progress
    this.context = context
    this.group = group
    this.name = name
    this.rank = group.rank
    this.size = group.size
  }

  /** @internal */
  rankOf(worldRank: number): number {
    return this.group.rankOf(worldRank)
  }

  /** @internal */
  worldRankOf(rank: number): number {
    return this.group.worldRankOf(rank)
  }

  protected checkAlive(): void {
    if (this.freed) throw new StateError(`${this.name} has been freed`)
    this.progress.waiter.checkOpen()
  }

  // ---- sending ----

  /**
   * Sends `value` to rank `dest`. Resolves when `value` may be changed again, which says nothing about the receiver
   * (MPI_Send). Raw memory (typed arrays, ArrayBuffer, Buffer, DataView) travels as it is, any other value as a copy.
   * @throws ArgumentError, DataError for a value that cannot travel, PeerError
   */
  send(value: unknown, dest: number, tag = 0): Promise<void> {
    try {
      this.checkAlive()
      const to = this.worldRankOf(checkRank('dest', dest, this.size, this.name))
      checkTag(tag)
      if (to === PROC_NULL) return SENT
      if (!lastSent.is(value)) noteSent(value)
      const { type, bytes } = lastSent
      const { waiter } = this.progress
      if (this.#trySend(to, tag, type, bytes)) return waiter.completed(undefined)
      const op = this.#startSend(STANDARD, to, tag, type, bytes)
      if (op.lent) this.progress.engine.expected.awaitAnswer(op, waiter.patience)
      if (!waiter.poll(op) || op.error !== undefined) return waiter.wait(op)
      op.payload = NOTHING
      this.#spareSend = op
      waiter.polled()
      return waiter.completed(undefined)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  /** Like `send`, but resolves only when the receiver has begun to receive (MPI_Ssend). */
  ssend(value: unknown, dest: number, tag = 0): Promise<void> {
    return this.#blocking(() => this.#send(SYNCHRONOUS, value, dest, tag))
  }

  /**
   * Copies `value` and resolves at once (MPI_Bsend).
   * @throws BufferError when the copies that are under way exceed what `attachBuffer` allows
   */
  bsend(value: unknown, dest: number, tag = 0): Promise<void> {
    return this.#blocking(() => {
      const op = this.#send(BUFFERED, value, dest, tag)
      if (op === undefined || op.done) return op
      this.progress.waiter.schedule()
      return undefined
    })
  }

  /** A send whose receive is known to be posted (MPI_Rsend). Here it is a standard send. */
  rsend(value: unknown, dest: number, tag = 0): Promise<void> {
    return this.send(value, dest, tag)
  }

  /** Starts a send. Raw memory must not change until the request is complete. */
  isend(value: unknown, dest: number, tag = 0): Request<void> {
    return this.#request(this.#send(STANDARD, value, dest, tag))
  }

  /** Starts a synchronous send: complete when the receiver has begun to receive. */
  issend(value: unknown, dest: number, tag = 0): Request<void> {
    return this.#request(this.#send(SYNCHRONOUS, value, dest, tag))
  }

  #send(mode: number, value: unknown, dest: number, tag: number): SendOp | undefined {
    this.checkAlive()
    const to = this.worldRankOf(checkRank('dest', dest, this.size, this.name))
    checkTag(tag)
    if (to === PROC_NULL) return undefined
    if (!lastSent.is(value)) noteSent(value)
    const { type, bytes } = lastSent
    if (mode !== STANDARD || !this.#trySend(to, tag, type, bytes)) return this.#startSend(mode, to, tag, type, bytes)
    const sent = new SendOp(this, to, tag, type, bytes)
    sent.done = true
    return sent
  }

  /** A small message leaves within the call. */
  #trySend(to: number, tag: number, type: number, bytes: Uint8Array): boolean {
    return this.progress.engine.outgoing.trySend(this.context, to, tag, type, 0, bytes, 0, bytes.length)
  }

  /** The codec's memory is used again by the next value: an operation needs its own, if it outlives this call. */
  #startSend(mode: number, to: number, tag: number, type: number, payload: Uint8Array): SendOp {
    const op = this.#takeSpareSend(to, tag, type, payload)
    op.mode = mode
    if (mode === BUFFERED) {
      // What has arrived may say that earlier ones are done.
      if (!bufferHasRoom(op.length)) this.progress.engine.progress()
      op.owner = reserveBuffer(op)
    }
    if (mode === BUFFERED || type === OBJECT || type === NUMBER) op.payload = copyOut(payload, 0, payload.length)
    this.progress.engine.startSend(op)
    return op
  }

  /** A send that was done within its call serves the next one. */
  #takeSpareSend(to: number, tag: number, type: number, payload: Uint8Array): SendOp {
    const op = this.#spareSend
    if (op === undefined) return new SendOp(this, to, tag, type, payload)
    this.#spareSend = undefined
    op.reset(to, tag, type, payload)
    return op
  }

  // ---- receiving ----

  /**
   * Receives a message from `source` with `tag`; both may be wildcards. Resolves with the value, or with `into`.
   * @throws ArgumentError, TruncateError, MismatchError, PeerError
   */
  recv<B extends IntoBuffer>(source: number, tag: number, options: RecvIntoOptions<B>): Promise<B>
  recv<T = unknown>(source?: number, tag?: number, options?: RecvOptions): Promise<T>
  recv(source: number = ANY_SOURCE, tag: number = ANY_TAG, options?: Partial<RecvIntoOptions>): Promise<unknown> {
    try {
      const from = this.#checkRecv(source, tag)
      const into = options?.into
      const status = options?.status
      if (from >= 0 && this.#takeExpected(from, tag, into)) return this.#expected(source, into, status)
      const op = this.#post(from, tag, into)
      if (op === undefined) return this.#fromNobody(status)
      const { waiter } = this.progress
      if (!waiter.poll(op) || op.error !== undefined) return withStatus(waiter.wait(op), op, status)
      if (status !== undefined) op.fillStatus(status)
      this.#spare = op
      waiter.polled()
      return waiter.turnDue() ? waiter.turn(op.result()) : op.mode === INTO ? lastReceived.promiseOf(op.into) : Promise.resolve(op.value)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  /** Starts a receive. `into`, if given, belongs to tsmpi until the request is complete. */
  irecv<B extends IntoBuffer>(source: number, tag: number, options: { into: B }): Request<B>
  irecv<T = unknown>(source?: number, tag?: number): Request<T>
  irecv(source: number = ANY_SOURCE, tag: number = ANY_TAG, options?: { into?: IntoBuffer }): Request<unknown> {
    return this.#request(this.#post(this.#checkRecv(source, tag), tag, options?.into))
  }

  /** The rank of COMM_WORLD that a receive is from, or a wildcard, or PROC_NULL. */
  #checkRecv(source: number, tag: number): number {
    this.checkAlive()
    checkRecvTag(tag)
    return this.worldRankOf(checkSource(source, this.size, this.name))
  }

  /** See p2p/expected.ts. Only memory that was checked before goes this way: that is, the same as last time. */
  #takeExpected(from: number, tag: number, into: IntoBuffer | undefined): boolean {
    const { engine, waiter } = this.progress
    if (into !== undefined && !lastReceived.is(into)) return false
    return engine.expected.take(this.context, from, tag, into === undefined ? undefined : lastReceived, waiter.patience)
  }

  #expected(source: number, into: IntoBuffer | undefined, status: Status | undefined): Promise<unknown> {
    const { engine, waiter } = this.progress
    const { expected } = engine
    if (status !== undefined) status.fill(source, expected.tag, expected.type, expected.bytes)
    waiter.polled()
    if (into !== undefined) return waiter.turnDue() ? waiter.turn(into) : lastReceived.promiseOf(into)
    const { value } = expected
    expected.value = undefined
    return waiter.completed(value)
  }

  #post(from: number, tag: number, into: IntoBuffer | undefined): RecvOp | undefined {
    if (from === PROC_NULL) return undefined
    const op = this.#takeSpare(from, tag)
    if (into !== undefined) receiveInto(op, into)
    this.progress.engine.postRecv(op)
    return op
  }

  /** A receive that completed within its call has left no trace: its operation serves the next one. */
  #takeSpare(from: number, tag: number): RecvOp {
    const op = this.#spare
    if (op === undefined) return new RecvOp(this, from, tag)
    this.#spare = undefined
    op.reset(from, tag)
    return op
  }

  #fromNobody(status: Status | undefined): Promise<undefined> {
    status?.fill(PROC_NULL, ANY_TAG, EMPTY, 0)
    return this.progress.waiter.completed(undefined)
  }

  /**
   * Sends and receives at once, without deadlock (MPI_Sendrecv): sends `value` to `dest` and receives from `source`, by
   * default `dest`. Resolves with what was received.
   */
  sendrecv<B extends IntoBuffer>(value: unknown, dest: number, options: SendrecvOptions & { into: B }): Promise<B>
  sendrecv<T = unknown>(value: unknown, dest: number, options?: SendrecvOptions): Promise<T>
  sendrecv(value: unknown, dest: number, options: SendrecvOptions = {}): Promise<unknown> {
    return this.#exchange(value, dest, options)
  }

  /** Sends `buffer` and receives a message of the same type into it (MPI_Sendrecv_replace). */
  sendrecvReplace<B extends TypedArray>(buffer: B, dest: number, options: Omit<SendrecvOptions, 'into'> = {}): Promise<B> {
    // The slice of a Buffer is a view.
    const copy = Buffer.isBuffer(buffer) ? Buffer.from(buffer) : buffer.slice()
    return this.#exchange(copy, dest, { ...options, into: buffer }) as Promise<B>
  }

  async #exchange(value: unknown, dest: number, options: SendrecvOptions): Promise<unknown> {
    const { sendTag = 0, source = dest, recvTag = ANY_TAG, into, status } = options
    const recvOp = this.#post(this.#checkRecv(source, recvTag), recvTag, into)
    try {
      const sendOp = this.#send(STANDARD, value, dest, sendTag)
      if (sendOp !== undefined) await this.progress.waiter.wait(sendOp)
    } catch (error) {
      if (recvOp !== undefined) this.progress.engine.cancel(recvOp)
      throw error
    }
    if (recvOp === undefined) return await this.#fromNobody(status)
    return await withStatus(this.progress.waiter.wait(recvOp), recvOp, status)
  }

  // ---- probing ----

  /** Waits until a message from `source` with `tag` could be received, and says what it is; it stays where it is. */
  probe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Promise<Status> {
    try {
      this.checkAlive()
      const from = this.worldRankOf(checkSource(source, this.size, this.name))
      const op = new ProbeOp(this, from, checkRecvTag(tag))
      if (from === PROC_NULL) return Promise.resolve(statusOfNobody())
      this.progress.engine.startProbe(op)
      return this.progress.waiter.wait(op)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  /** What a receive from `source` with `tag` would get now; undefined where there is nothing yet. */
  iprobe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Promise<Status | undefined> {
    try {
      this.checkAlive()
      const from = this.worldRankOf(checkSource(source, this.size, this.name))
      checkRecvTag(tag)
      if (from === PROC_NULL) return Promise.resolve(statusOfNobody())
      const { engine, waiter } = this.progress
      engine.progress()
      const message = engine.peek(this.context, from, tag)
      if (message === undefined) return waiter.notYet(undefined)
      const status = new Status()
      status.fill(this.rankOf(message.source), message.tag, message.type, message.bytes)
      return waiter.completed(status)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  // ---- helpers ----

  #blocking(start: () => SendOp | undefined): Promise<void> {
    try {
      const op = start()
      return op === undefined ? SENT : this.progress.waiter.wait(op)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  #request<T>(op: Operation | undefined): Request<T> {
    return new Request<T>(this.progress, op ?? completedOperation(this))
  }
}

async function withStatus<T>(waited: Promise<T>, op: RecvOp, status: Status | undefined): Promise<T> {
  if (status === undefined) return await waited
  try {
    return await waited
  } finally {
    op.fillStatus(status)
  }
}
