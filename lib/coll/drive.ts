// Runs a schedule: turns its rounds into messages and local steps. drive-typed.ts and drive-values.ts say what blocks are.
//
// A Run is an operation like a send: awaited (poll, then sleep) or held as a Request. Its sends and receives report to
// it; when the last of a round is done, the engine continues it once the frames at hand have been handled.
import { OBJECT } from '../data/types.js'
import type { Continuation } from '../p2p/engine.js'
import { Operation, RecvOp, SendOp } from '../p2p/operation.js'
import type { Owner, Scope } from '../p2p/operation.js'
import type { Progress } from '../p2p/request.js'
import { contradict, explainSignatures, nameOfSignature } from '../p2p/signature.js'
import type { Status } from '../p2p/status.js'
import { COPY, RECV, REDUCE_LEFT, REDUCE_RIGHT, SEND } from './schedule.js'
import type { Round, Schedule, Step } from './schedule.js'

/** What every run of a collective has. */
export interface RunContext {
  readonly progress: Progress
  /** The communicator's context for collectives. */
  readonly scope: Scope
  readonly tag: number
  readonly signature: number
  /** Where the communicator has a board, too. */
  readonly beside?: Beside
}

/** The board beside the messages of a call: a rank that disagrees may have gone there in its place. */
export interface Beside {
  /** What is wrong if one has. If not, the process will be woken when one does, until `leave`. */
  contradiction(doing: string, signature: number): Error | undefined
  leave(): void
}

/** A collective under way. */
export abstract class CollectiveOperation extends Operation implements Owner, Continuation {
  readonly context: RunContext
  /** Those under way on the communicator, by tag. */
  #underWay: (CollectiveOperation | undefined)[] | undefined
  #next: CollectiveOperation | undefined

  constructor(context: RunContext) {
    super()
    this.context = context
  }

  /** Takes its place among those under way. Begins now, or when the one that has its tag has ended. */
  enter(underWay: (CollectiveOperation | undefined)[]): void {
    const { tag } = this.context
    const before = underWay[tag]
    underWay[tag] = this
    this.#underWay = underWay
    if (before === undefined) this.begin()
    else {
      this.context.progress.engine.pending++
      before.#next = this
    }
  }

  begin(): void {
    this.context.progress.engine.pending++
    this.advance()
  }

  /** Leaves its place, so that its memory can be collected. */
  protected end(): void {
    const { progress, tag, beside } = this.context
    beside?.leave()
    if (this.#underWay?.[tag] === this) this.#underWay[tag] = undefined
    progress.engine.finish(this)
    if (this.#next !== undefined) progress.engine.later(this.#next)
    this.#next = undefined
  }

  abstract advance(): void
  abstract onDone(op: Operation): void

  fillStatus(status: Status): void {
    status.fill(this.context.scope.rank, 0, OBJECT, 0)
  }
}

export abstract class Run extends CollectiveOperation {
  readonly #schedule: Schedule
  #round: Round | undefined
  /** Sends and receives of the round that are not done; one more while the round is being issued. */
  #outstanding = 0
  readonly #recvOps: RecvOp[] = []
  readonly #awaited: RecvOp[] = []
  readonly #finish: () => unknown
  #value: unknown = undefined

  constructor(context: RunContext, schedule: Schedule, finish: () => unknown) {
    super(context)
    this.#schedule = schedule
    this.#finish = finish
  }

  advance(): void {
    if (this.done) return
    try {
      while (this.error === undefined) {
        if (this.#round !== undefined) this.#complete(this.#round)
        const next = this.#schedule.next()
        this.#round = next.value ?? undefined
        if (next.done === true) {
          this.#value = this.#finish()
          break
        }
        if (!this.#issue(next.value)) return
      }
    } catch (error) {
      this.error = error as Error
    }
    if (this.error !== undefined) for (const op of this.#awaited) this.context.progress.engine.cancel(op)
    this.end()
  }

  /** Sends and receives of a round; receives first, so that messages find them. Returns whether all are done. */
  #issue(round: Round): boolean {
    this.#outstanding = 1
    this.#awaited.length = 0
    for (let i = 0; i < round.length; i++) {
      const step = round.steps[i]
      if (step.kind === RECV) this.#post(step)
    }
    for (let i = 0; i < round.length; i++) {
      const step = round.steps[i]
      if (step.kind === SEND) this.send(step)
    }
    return --this.#outstanding === 0
  }

  #post(step: Step): void {
    const { scope, tag, signature } = this.context
    const op = (this.#recvOps[this.#awaited.length] ??= new RecvOp(scope, 0, tag))
    op.source = scope.worldRankOf(step.peer)
    op.signature = signature
    op.done = false
    op.owner = this
    this.prepare(op, step)
    this.#awaited.push(op)
    this.#outstanding++
    this.context.progress.engine.postRecv(op)
  }

  protected sendBytes(peer: number, type: number, bytes: Uint8Array, offset: number, length: number): void {
    const { progress, scope, tag, signature } = this.context
    const dest = scope.worldRankOf(peer)
    if (progress.engine.outgoing.trySend(scope.context, dest, tag, type, signature, bytes, offset, length)) return
    const op = new SendOp(scope, dest, tag, type, bytes)
    op.offset = offset
    op.length = length
    op.signature = signature
    op.owner = this
    this.#outstanding++
    progress.engine.startSend(op)
  }

  /** The first error ends the run: what else the round waits for may never come. */
  onDone(op: Operation): void {
    this.#outstanding--
    if (this.error !== undefined) return
    this.error = op.error
    if (this.#outstanding === 0 || op.error !== undefined) this.context.progress.engine.later(this)
  }

  /** A message under our tag that no round has asked for: its sender is in another collective, or has another root. */
  override contradicted(): boolean {
    const { progress, scope, tag, signature } = this.context
    for (let rank = 0; rank < scope.size && this.error === undefined; rank++) {
      const source = scope.worldRankOf(rank)
      const message = progress.engine.peek(scope.context, source, tag)
      if (message === undefined || !contradict(signature, message.signature)) continue
      this.error = explainSignatures(this.describe(), scope, source, signature, message.signature)
      progress.engine.later(this)
      return true
    }
    return this.#contradictedBeside()
  }

  #contradictedBeside(): boolean {
    if (this.error !== undefined) return false
    this.error = this.context.beside?.contradiction(this.describe(), this.context.signature)
    if (this.error !== undefined) this.context.progress.engine.later(this)
    return this.error !== undefined
  }

  #complete(round: Round): void {
    let received = 0
    for (let i = 0; i < round.length; i++) {
      const step = round.steps[i]
      if (step.kind === RECV) this.arrived(this.#awaited[received++], step)
      else if (step.kind === COPY) this.copy(step)
      else if (step.kind === REDUCE_LEFT || step.kind === REDUCE_RIGHT) this.reduce(step)
    }
  }

  override parts(): readonly Operation[] {
    return this.#awaited
  }

  protected abstract send(step: Step): void
  protected abstract prepare(op: RecvOp, step: Step): void
  protected abstract arrived(op: RecvOp, step: Step): void
  protected abstract copy(step: Step): void
  protected abstract reduce(step: Step): void

  /** What the collective gives: set when the schedule has ended. */
  result(): unknown {
    return this.#value
  }

  describe(): string {
    const { scope, signature } = this.context
    const ranks = this.#awaited.filter((op) => !op.done).map((op) => scope.rankOf(op.source))
    const waiting = ranks.length === 0 ? '' : `, waiting for rank${ranks.length > 1 ? 's' : ''} ${ranks.join(', ')}`
    return `${nameOfSignature(signature)} on ${scope.name}${waiting}`
  }
}

/** Two schedules one after the other: the first tells the ranks what they need to know for the second. */
export class Chained extends CollectiveOperation {
  readonly #first: Run
  readonly #continue: () => Run | undefined
  #second: Run | undefined

  /** `next` is called when `first` has ended well; without a second run the value is the first one's. */
  constructor(first: Run, next: () => Run | undefined) {
    super(first.context)
    this.#first = first
    this.#continue = next
  }

  advance(): void {
    if (!this.#first.done) {
      this.#first.owner = this
      this.#first.begin()
      return
    }
    this.error = this.#first.error
    if (this.error === undefined && this.#second === undefined && this.#startSecond()) return
    this.error ??= this.#second?.error
    this.end()
  }

  #startSecond(): boolean {
    try {
      this.#second = this.#continue()
    } catch (error) {
      this.error = error as Error
    }
    if (this.#second === undefined) return false
    this.#second.owner = this
    this.#second.begin()
    return true
  }

  onDone(): void {
    this.context.progress.engine.later(this)
  }

  override contradicted(): boolean {
    return (this.#second ?? this.#first).contradicted()
  }

  override parts(): readonly Operation[] {
    return (this.#second ?? this.#first).parts()
  }

  result(): unknown {
    return (this.#second ?? this.#first).result()
  }

  describe(): string {
    return (this.#second ?? this.#first).describe()
  }
}
