// What the ranks of one host know of each other's lives where no agent tells them: through shared memory and pipes.
//
// Words, see wire/roster.ts: a rank alone writes its state, once, from RUNNING to FINALIZED or LEFT, after the counts of
// the frames that it has sent; then it rings the bell of every other rank. Bells are pipes, which remember. So who hears
// a bell finds the state, and the counts with it. A pipe of which the last reader is gone says so to those who hold
// its other end: a rank that is gone, and RUNNING, has died without a word, and the job is ended.
import type { NativeMemory } from '../../native/load.js'
import type { SentFrames, ToRank } from '../wire/control.js'
import { FINALIZED, LEFT, RUNNING, TOLD, sentIndex, stateWord } from '../wire/roster.js'
import type { Control } from './job.js'
import { PmiControl } from './pmi-control.js'
import type { PmiControlOptions } from './pmi-control.js'

/** How long a launcher may take to end a job of which a rank has died, before we ask for it, in milliseconds. */
const LAUNCHER_PATIENCE = 1000

export interface RosterOptions extends PmiControlOptions {
  readonly memory: NativeMemory
  readonly roster: ArrayBuffer
  /** Ranks of this host, by their places in the roster. What follows is by these places. */
  readonly ranks: readonly number[]
  /** By rank: what rings it; for this rank what it hears. */
  readonly news: readonly number[]
  readonly pids: readonly number[]
}

export class Roster extends PmiControl implements Control {
  readonly #memory: NativeMemory
  readonly #states: Int32Array
  readonly #sent: Float64Array
  readonly #ranks: readonly number[]
  readonly #place: number
  readonly #several: boolean
  readonly #news: readonly number[]
  readonly #pids: readonly number[]
  readonly #known: Uint8Array
  readonly #bell: object
  readonly #lives: (object | undefined)[]

  constructor({ memory, roster, ranks, news, pids, ...options }: RosterOptions) {
    super(options)
    this.#memory = memory
    this.#ranks = ranks
    this.#place = ranks.indexOf(this.rank)
    this.#several = options.several === true
    this.#states = new Int32Array(roster)
    this.#sent = new Float64Array(roster)
    this.#news = news
    this.#pids = pids
    this.#known = new Uint8Array(news.length)
    this.#bell = memory.watch(news[this.#place], () => this.#look())
    this.#lives = news.map((fd, peer) => (peer === this.#place ? undefined : memory.watchInput(fd, () => this.#onGone(peer))))
  }

  override keepAlive(on: boolean): void {
    this.#memory.keepAlive(this.#bell, on)
  }

  protected override finalize(sent: SentFrames): void {
    this.#say(FINALIZED, sent)
    if (this.#several) super.finalize(sent)
    else setImmediate(() => this.#look())
  }

  /** Other hosts see neither roster nor bell, and would wait for ever. */
  protected override leave(sent: SentFrames): boolean {
    if (this.#several) return false
    if (this.#states[stateWord(this.#place)] === RUNNING) this.#say(LEFT, sent)
    return true
  }

  /** One rank speaks for all. */
  protected override mayTell(): boolean {
    return Atomics.exchange(this.#states, TOLD, 1) === 0
  }

  protected override close(): void {
    super.close()
    this.#memory.unwatch(this.#bell)
    this.#lives.forEach((_, peer) => this.#unwatch(peer))
  }

  #say(state: number, sent: SentFrames): void {
    const size = this.#news.length
    this.#ranks.forEach((rank, to) => (this.#sent[sentIndex(this.#place, to, size)] = sent[rank] ?? 0))
    Atomics.store(this.#states, stateWord(this.#place), state)
    for (let peer = 0; peer < size; peer++) if (peer !== this.#place) this.#memory.ring(this.#news[peer])
  }

  /** Tells of those who have ended since the last look, and that all have. */
  #look(): void {
    let running = 0
    this.#known.forEach((known, peer) => {
      const state = Atomics.load(this.#states, stateWord(peer))
      if (state === RUNNING) running++
      if (state === RUNNING || known === 1) return
      this.#known[peer] = 1
      if (peer !== this.#place) this.#tellEnded(peer, state === FINALIZED)
    })
    if (running === 0 && !this.#several) this.finalized()
  }

  #tellEnded(peer: number, finalized: boolean): void {
    const sent = this.#sent[sentIndex(peer, this.#place, this.#news.length)]
    const how = finalized ? 'it has finalized' : 'it exited with code 0, without having finalized'
    const message: ToRank = { type: 'ended', rank: this.#ranks[peer], finalized, how, sent }
    this.deliver(message)
  }

  #onGone(peer: number): void {
    this.#unwatch(peer)
    this.#look()
    if (this.#known[peer] === 1) return
    const what = `rank ${this.#ranks[peer]} (process ${this.#pids[peer]}) is gone: it was killed, or crashed`
    setTimeout(() => this.fail(1, what), LAUNCHER_PATIENCE).unref()
  }

  #unwatch(peer: number): void {
    const watch = this.#lives[peer]
    if (watch !== undefined) this.#memory.unwatch(watch)
    this.#lives[peer] = undefined
  }
}
