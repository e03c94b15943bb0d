// Stands in for the agent's socket where another launcher started the rank: PMI alone.
//
// Invariants:
// - `finalized` is delivered once, when every rank has finalized, and then PMI is done with.
// - A rank never ends without a word to the launcher: its exit handler finalizes PMI, or aborts the job where the exit code
//   is not 0, or where others might wait for it for ever.
import type { FromRank, SentFrames, ToRank } from '../wire/control.js'
import type { Control } from './job.js'
import type { Pmi } from './pmi-wire.js'

export interface PmiControlOptions {
  readonly pmi: Pmi
  readonly rank: number
  readonly secret: string
  readonly hosts: readonly string[]
}

export class PmiControl implements Control {
  protected readonly rank: number
  readonly #pmi: Pmi
  readonly #waiting: ToRank[] = []
  #listener: ((message: ToRank) => void) | undefined
  #count: () => SentFrames = () => ({})
  /** PMI has been finalized, or the job aborted. */
  #over = false

  constructor({ pmi, rank, secret, hosts }: PmiControlOptions) {
    this.#pmi = pmi
    this.rank = rank
    this.deliver({ type: 'job', secret, hosts: [...hosts] })
    process.on('exit', (code) => this.#onExit(code))
  }

  send(message: FromRank): void {
    switch (message.type) {
      case 'finalize':
        return this.finalize(message.sent)
      case 'abort':
        return this.fail(message.code, `rank ${this.rank} called abort(${message.code})${message.reason === undefined ? '' : `: ${message.reason}`}`)
      case 'lost':
        return this.fail(1, `rank ${message.rank} has ended while rank ${this.rank} still waited on it: ${message.doing}`)
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

  protected close(): void {}

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
    this.close()
    this.#pmi.abort(code, what)
    process.exitCode = code
  }

  #onExit(code: number): void {
    if (this.#over) return
    this.#over = true
    const left = code === 0 && this.leave(this.#count())
    this.close()
    if (left) return void this.#finalizePmi()
    const what = `rank ${this.rank} exited with code ${code}${code === 0 ? ', without having finalized' : ''}`
    if (code === 0) {
      process.stderr.write(`tsmpi: ${what}: await finalize() before process.exit()\n`)
      process.exitCode = 1
    }
    this.#pmi.abort(code || 1, what)
  }

  #finalizePmi(): void {
    try {
      this.#pmi.finalize()
    } catch {
      // The launcher is gone, and with it whoever could be told.
    }
  }
}
