// Stands in for the agent's socket where another launcher started the rank: PMI alone.
//
// Invariants:
// - `finalized` is delivered once, when every rank has finalized, and then PMI is done with.
// - A rank never ends by itself without a word to the launcher: its exit handler finalizes PMI, or aborts the job where the
//   exit code is not 0, or where others might wait for it for ever.
// - What is said of it is printed before that, and by us: Node prints an uncaught error after the exit handlers, when the
//   launcher may already be ending the job.
import { inspect } from 'node:util'
import type { FromRank, SentFrames, ToRank } from '../wire/control.js'
import type { Control } from './job.js'
import { Endpoints } from './pmi-between.js'
import type { Pmi } from './pmi-wire.js'

/** How long a launcher may take to read what was printed, which it drops once a job has been aborted, in milliseconds. */
const LAST_WORDS = 200
/**
 * How long others may take to end a job of which a rank on another host has died, before we do: its launcher, ranks of its
 * host. Longer where it may have finalized, and the launcher has not yet told us that all have. In milliseconds.
 */
const OTHERS_PATIENCE = 2000
const FINALIZING_PATIENCE = 5000
/** How long a launcher may take to end a rank after an abort, before it does so itself: the network may be cut. */
const ABORT_PATIENCE = 5000

export interface PmiControlOptions {
  readonly pmi: Pmi
  readonly rank: number
  readonly secret: string
  readonly hosts: readonly string[]
  /** The ranks are on several hosts. */
  readonly several?: boolean
  /** Where each rank listens, as far as that is known: `tcp://10.0.0.7:41234`. */
  readonly endpoints?: readonly (string | undefined)[]
}

/** Ends the job, whose last words have been printed. */
export function abortJob(pmi: Pmi, code: number, what: string): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_WORDS)
  pmi.abort(code, what)
}

export class PmiControl implements Control {
  protected readonly rank: number
  readonly #pmi: Pmi
  readonly #waiting: ToRank[] = []
  #listener: ((message: ToRank) => void) | undefined
  #count: () => SentFrames = () => ({})
  /** Where the ranks are on several hosts. */
  readonly #endpoints: Endpoints | undefined
  #finalizing = false
  /** PMI has been finalized, or the job aborted. */
  #over = false

  constructor({ pmi, rank, secret, hosts, several = false, endpoints = [] }: PmiControlOptions) {
    this.#pmi = pmi
    this.rank = rank
    const fail = (what: string): void => this.fail(1, `rank ${rank} cannot learn where the others listen: ${what}`)
    const deliver = (message: ToRank): void => this.deliver(message)
    const onGone = (what: string): void => this.#onGone(what)
    this.#endpoints = several ? new Endpoints({ pmi, rank, hosts, endpoints, deliver, fail, onGone }) : undefined
    this.deliver({ type: 'job', secret, hosts: [...hosts] })
    process.on('exit', (code) => this.#onExit(code))
    process.on('uncaughtException', (error) => this.#onUncaught(error))
  }

  send(message: FromRank): void {
    switch (message.type) {
      case 'finalize':
        return this.finalize(message.sent)
      case 'abort':
        return this.fail(message.code, `rank ${this.rank} called abort(${message.code})${message.reason === undefined ? '' : `: ${message.reason}`}`)
      case 'lost':
        return this.fail(1, `rank ${message.rank} has ended while rank ${this.rank} still waited on it: ${message.doing}`)
      case 'endpoint':
        return this.#endpoints?.publish(message.endpoint)
      case 'where':
        return this.#endpoints?.where(message.rank)
      default:
    }
  }

  listen(listener: (message: ToRank) => void): void {
    this.#listener = listener
    for (const message of this.#waiting.splice(0)) listener(message)
  }

  onLeaving(sent: () => SentFrames): void {
    this.#count = sent
  }

  /** Who waits for the others is kept alive by the engine, which takes their messages meanwhile. */
  keepAlive(_on: boolean): void {}

  protected deliver(message: ToRank): void {
    if (this.#listener) this.#listener(message)
    else this.#waiting.push(message)
  }

  /** This rank is done, and waits for the others. */
  protected finalize(_sent: SentFrames): void {
    this.#finalizing = true
    if (this.#endpoints === undefined) this.#awaitOthers()
    else this.#endpoints.settle(() => this.#awaitOthers())
  }

  #awaitOthers(): void {
    this.#pmi.fenceLater((error) => {
      if (error) this.fail(1, `rank ${this.rank} cannot finalize: ${error.message}`)
      else this.finalized()
    })
  }

  /** This rank ends with exit code 0, without having finalized: whether others can be told. */
  protected leave(_sent: SentFrames): boolean {
    return false
  }

  /** Whether this rank is the one to say what went wrong. */
  protected mayTell(): boolean {
    return true
  }

  protected close(): void {
    this.#endpoints?.close()
  }

  #onGone(what: string): void {
    setTimeout(() => this.fail(1, what), this.#finalizing ? FINALIZING_PATIENCE : OTHERS_PATIENCE).unref()
  }

  /** All ranks have finalized, or have left. */
  protected finalized(): void {
    if (this.#over) return
    this.#over = true
    this.close()
    this.#pmi.finalize()
    this.deliver({ type: 'finalized' })
  }

  /** Says what went wrong, and ends the job. */
  protected fail(code: number, what: string): void {
    if (this.#over) return
    this.#over = true
    if (this.mayTell()) process.stderr.write(`tsmpi: ${what}\n`)
    process.exitCode = code
    this.#abort(code, what)
  }

  /** Unless the program has a listener of its own. */
  #onUncaught(error: unknown): void {
    if (process.listenerCount('uncaughtException') > 1) return
    process.stderr.write(`tsmpi: rank ${this.rank} ended with an uncaught error:\n${inspect(error)}\n`)
    process.exit(1)
  }

  #onExit(code: number): void {
    if (this.#over) return
    this.#over = true
    if (code === 0 && this.leave(this.#count())) return this.#finalizePmi()
    const what = `rank ${this.rank} exited with code ${code}${code === 0 ? ', without having finalized' : ''}`
    if (code === 0) {
      process.stderr.write(`tsmpi: ${what}: await finalize() before process.exit()\n`)
      process.exitCode = 1
    }
    this.#abort(code || 1, what)
  }

  #abort(code: number, what: string): void {
    this.close()
    abortJob(this.#pmi, code, what)
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), ABORT_PATIENCE).unref()
  }

  #finalizePmi(): void {
    this.close()
    try {
      this.#pmi.finalize()
    } catch {
      // The launcher is gone, and with it whoever could be told.
    }
  }
}
