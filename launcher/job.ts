// One job, from its start to its exit code: what the launcher makes of what the agents report.
//
// Invariants:
// - The first failure decides the exit code and the message; what follows from it (ranks that we end, errors of ranks
//   that lost their peer) is not reported.
// - The message is the last thing printed, after all output that the ranks produced.
// - 'finalized' is told once every rank has finalized or ended, and not before.
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { OfRanks } from '../lib/wire/agent.js'
import type { SentFrames } from '../lib/wire/control.js'
import { Agents } from './agents.js'
import { Input, Output } from './io.js'
import type { Options } from './options.js'
import { reapOrphans } from './orphans.js'
import type { Plan } from './plan.js'
import { forwardSignals } from './signals.js'

/** How long ranks may take to end after TERM, in milliseconds: after a failure, and after a signal to the launcher. */
const FAILURE_GRACE = 1000
const SIGNAL_GRACE = 2000
/** After the loss of a host, which may have taken most of the heartbeat time to notice. */
const HOST_LOSS_GRACE = 500
/** How long output may take to be read once a signal has ended the job. */
const DRAIN_PATIENCE = 1000
/** How long a rank with an uncaught error may take to exit by itself. */
const LAST_WORDS = 250
/** How long ranks may take to say what they are doing. */
const REPORT_PATIENCE = 1000
const MAX_REPORTED = 32
/** Other hosts may have others. */
const signals: Partial<Record<string, number>> = constants.signals

interface RankState {
  pid?: number
  /** The process that imported tsmpi. */
  nodePid?: number
  finalized: boolean
  exited: boolean
  doing?: string[]
}

/** Why the job is being ended. */
interface End {
  code: number
  message?: string
}

/** Runs the job; resolves to the exit code once nothing is left of it. */
export function runJob(plan: Plan, options: Options, agent: ChildProcess): Promise<number> {
  return new Job(plan, options, agent).done
}

class Job {
  readonly done: Promise<number>
  readonly #plan: Plan
  readonly #options: Options
  readonly #agents: Agents
  readonly #output: Output
  readonly #input: Input
  readonly #ranks: RankState[]
  #settle: (code: number) => void = () => {}
  #end: End | undefined
  /** The rank whose uncaught error ended the job, until it has exited. */
  #dying: number | undefined
  #outstanding: number
  #settled = false
  /** What has been said to the user: every host may have the same to say. */
  readonly #said = new Set<string>()

  constructor(plan: Plan, options: Options, agent: ChildProcess) {
    this.#plan = plan
    this.#options = options
    this.#ranks = plan.ranks.map(() => ({ finalized: false, exited: false }))
    this.#outstanding = plan.size
    this.done = new Promise((resolve) => (this.#settle = resolve))
    this.#agents = new Agents(plan, agent, {
      launched: () => this.#input.start(),
      message: (message, host) => this.#onMessage(message, host),
      output: (rank, type, chunk) => this.#output.push(rank, type, chunk),
      consumed: (rank, bytes) => this.#input.consumed(rank, bytes),
      failed: (reason) => this.#onFailed(reason),
      lost: (host, ranks, message) => this.#onHostLost(host, ranks, message),
      over: () => void this.#finish(),
      rootLost: (how) => void this.#onAgentLost(how),
    })
    this.#output = new Output(
      options,
      (rank, bytes) => this.#agents.credit(rank, bytes),
      () => this.#stop({ code: 141 }, FAILURE_GRACE),
    )
    const readers = plan.ranks.filter(({ stdin }) => stdin).map(({ rank }) => rank)
    this.#input = new Input(readers, (rank, chunk) => this.#agents.input(rank, chunk))
    this.#start()
  }

  #start(): void {
    const { warnings, notes } = this.#plan
    for (const line of [...warnings, ...(this.#options.verbose ? notes : [])]) this.#output.say(line)
    forwardSignals({
      terminate: (code) => this.#onTerminate(code),
      forward: (signal) => this.#agents.tell({ type: 'signal', signal }),
    })
    this.#agents.start()
    const { timeout } = this.#options
    if (timeout !== undefined) setTimeout(() => void this.#onTimeout(timeout), timeout * 1000)
  }

  #onMessage(message: OfRanks, host: string): void {
    switch (message.type) {
      case 'started':
        this.#rank(message.rank).pid = message.pid
        return
      case 'hello':
        this.#rank(message.rank).nodePid = message.pid
        return
      case 'notice':
        if (!this.#said.has(message.text)) this.#output.say(message.text)
        return void this.#said.add(message.text)
      case 'refused':
        return this.#onFailed(this.#agents.several ? `host ${host}: ${message.reason}` : message.reason)
      case 'failed':
        this.#rank(message.rank).exited = true
        return this.#fail(message.rank, `could not be started: ${message.reason}`, message.code)
      case 'finalize':
        return this.#onFinalize(message.rank, message.sent)
      case 'uncaught':
        return this.#onUncaught(message)
      case 'abort':
        return this.#onAbort(message)
      case 'lost':
        return this.#onLost(message)
      case 'doing':
        this.#rank(message.rank).doing = message.lines
        return
      case 'exited':
        return this.#onExited(message)
    }
  }

  #rank(rank: number): RankState {
    return this.#ranks[rank]
  }

  /** `rank 2 (pid 123 on host h)` */
  #name(rank: number): string {
    const { nodePid, pid } = this.#rank(rank)
    const id = nodePid ?? pid
    return `rank ${rank} (${id === undefined ? '' : `pid ${id} `}on host ${this.#plan.hosts[rank]})`
  }

  #onFinalize(rank: number, sent: SentFrames): void {
    const state = this.#rank(rank)
    if (state.finalized || state.exited) return
    state.finalized = true
    this.#agents.tell({ type: 'ended', rank, finalized: true, how: 'has finalized', sent })
    this.#countDown()
  }

  /** One rank less that could still send or receive. */
  #countDown(): void {
    if (--this.#outstanding === 0) this.#agents.tell({ type: 'finalized' })
  }

  #onExited({ rank, code, signal, sent }: Extract<OfRanks, { type: 'exited' }>): void {
    const state = this.#rank(rank)
    if (state.exited) return
    state.exited = true
    this.#input.drop(rank)
    if (this.#dying === rank && this.#end) {
      this.#dying = undefined
      if (code !== null && code > 0) this.#end.code = code
      this.#agents.tell({ type: 'end', grace: FAILURE_GRACE })
    }
    if (signal !== null) return this.#fail(rank, `was killed by ${signal}`, 128 + (signals[signal] ?? 0))
    if (code !== 0) return this.#fail(rank, `exited with code ${code}`, code ?? 1)
    if (state.finalized) return
    const how = `exited with code 0 without having finalized`
    this.#agents.tell({ type: 'ended', rank, finalized: false, how, ...(sent && { sent }) })
    this.#countDown()
  }

  #onUncaught({ rank, stack, printed }: Extract<OfRanks, { type: 'uncaught' }>): void {
    if (this.#end) return printed ? this.#output.mute(rank) : undefined
    const what = printed ? 'ended with the error above' : `ended with an uncaught error:\n${stack}`
    this.#end = { code: 1, message: `${this.#name(rank)} ${what}` }
    this.#dying = rank
    setTimeout(() => this.#agents.tell({ type: 'end', grace: FAILURE_GRACE }), LAST_WORDS)
  }

  #onAbort({ rank, code, reason }: Extract<OfRanks, { type: 'abort' }>): void {
    const exitCode = code % 256 === 0 && code !== 0 ? 1 : code & 255
    this.#fail(rank, `called abort(${code})${reason === undefined ? '' : `: ${reason}`}`, exitCode)
  }

  #onLost({ rank, peer, doing }: Extract<OfRanks, { type: 'lost' }>): void {
    if (!this.#ranks[peer]) return
    const how = this.#rank(peer).finalized ? 'finalized' : 'exited with code 0, without having finalized,'
    this.#fail(peer, `${how} while rank ${rank} still waited on it: ${doing}`, 1)
  }

  #fail(rank: number, what: string, code: number): void {
    this.#stop({ code, message: `${this.#name(rank)} ${what}` }, FAILURE_GRACE)
  }

  /** Ends the job, unless it is being ended already. */
  #stop(end: End, grace: number): void {
    if (this.#end) return
    this.#end = end
    if (this.#agents.launched) this.#agents.tell({ type: 'end', grace })
    else void this.#finish()
  }

  /** The job cannot run: its agents leave, and end what they have started. */
  #onFailed(reason: string): void {
    this.#end ??= { code: 1, message: reason }
    void this.#finish()
  }

  /** The first signal ends the job, a second one at once; output that nobody reads holds up neither for long. */
  #onTerminate(code: number): void {
    if (this.#end) this.#agents.tell({ type: 'end', grace: 0 })
    else this.#stop({ code }, SIGNAL_GRACE)
    setTimeout(() => this.#settle(this.#end?.code ?? code), SIGNAL_GRACE + DRAIN_PATIENCE)
  }

  async #onTimeout(seconds: number): Promise<void> {
    if (this.#end) return
    this.#agents.tell({ type: 'report' })
    const deadline = Date.now() + REPORT_PATIENCE
    while (Date.now() < deadline && this.#ranks.some(mayAnswer)) await new Promise((resolve) => setTimeout(resolve, 20))
    const message = `the job was ended after ${seconds} s (--timeout)${this.#report()}`
    this.#stop({ code: 124, message }, FAILURE_GRACE)
  }

  /** What each rank that is left was doing. */
  #report(): string {
    const lines = this.#ranks.flatMap((state, rank) => (state.exited ? [] : describeRank(rank, state)))
    const more = lines.length - MAX_REPORTED
    const shown = more > 0 ? [...lines.slice(0, MAX_REPORTED), `and ${more} more`] : lines
    return shown.map((line) => `\n  ${line}`).join('')
  }

  #onHostLost(host: number, ranks: readonly number[], message: string): void {
    this.#agents.sweep(host, (those) => this.#groups(those))
    for (const rank of ranks) {
      this.#rank(rank).exited = true
      this.#input.drop(rank)
    }
    this.#stop({ code: 1, message }, HOST_LOSS_GRACE)
  }

  /** The leaders of the groups of those that still run. */
  #groups(ranks: readonly number[]): number[] {
    return ranks.map((rank) => this.#rank(rank)).flatMap(({ exited, pid }) => (exited || pid === undefined ? [] : [pid]))
  }

  async #onAgentLost(how: string): Promise<void> {
    if (this.#settled) return
    reapOrphans({ job: this.#plan.job, groups: this.#groups(this.#agents.here) })
    const message = `the agent on host ${this.#plan.here} is gone: ${how}; its ranks were killed`
    this.#end ??= { code: 1, message }
    await this.#finish()
  }

  async #finish(): Promise<void> {
    if (this.#settled) return
    this.#settled = true
    await this.#output.flush()
    if (this.#end?.message !== undefined) this.#output.say(this.#end.message)
    await this.#output.flush()
    await this.#agents.close()
    this.#settle(this.#end?.code ?? 0)
  }
}

const mayAnswer = ({ nodePid, finalized, exited, doing }: RankState): boolean =>
  nodePid !== undefined && !finalized && !exited && !doing

function describeRank(rank: number, { nodePid, finalized, doing }: RankState): string[] {
  if (finalized) return [`rank ${rank}: has finalized, waits for the others`]
  if (nodePid === undefined) return [`rank ${rank}: running (does not use tsmpi)`]
  if (!doing) return [`rank ${rank}: computing (did not answer)`]
  return doing.length === 0 ? [`rank ${rank}: in no operation`] : doing.map((line) => `rank ${rank}: ${line}`)
}
