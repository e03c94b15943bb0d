// Who waits for what comes in: the engine that sleeps, sends that were refused, batches beyond the window, flushes. While
// anybody does, messages are taken though nobody polls, and the event loop is kept alive.
import type { Peer } from './zmq-peer.js'

/** How long a flush waits without any acknowledgement. */
const FLUSH_PATIENCE_MS = 30_000

export interface DemandListener {
  /** Somebody waits, or nobody any longer. */
  hold(on: boolean): void
  /** Somebody has begun to wait: what is there already must be looked at. */
  expect(): void
}

export class Demand {
  readonly #listener: DemandListener
  #asleep = false
  /** There is room that was refused before, and the engine has not yet been told in its sleep. */
  #room = false
  /** Peers whose window the engine found full. */
  #refusals = 0
  /** Peers whose outbox holds more batches than may be under way. */
  #blocked = 0
  #flushes: (() => void)[] = []
  #patience: NodeJS.Timeout | undefined
  #held = false
  #ready = false

  constructor(listener: DemandListener) {
    this.#listener = listener
  }

  /** From now on there is something to hold. */
  open(): void {
    this.#ready = true
    this.#begin()
  }

  close(): void {
    this.#endFlushes()
    this.#asleep = false
    this.#refusals = this.#blocked = 0
    this.#update()
    this.#ready = false
  }

  get waiting(): boolean {
    return this.#asleep || this.#refusals > 0 || this.#blocked > 0 || this.#flushes.length > 0
  }

  get asleep(): boolean {
    return this.#asleep
  }

  set asleep(asleep: boolean) {
    this.#asleep = asleep
    this.#update()
  }

  /** Whether the engine must be told of room. It will be. */
  takeRoom(): boolean {
    const room = this.#room
    this.#room = false
    return room
  }

  /** The engine waits for room to this peer. */
  refuse(peer: Peer): void {
    if (peer.refused) return
    peer.refused = true
    this.#refusals++
    this.#begin()
  }

  /** There is room to this peer. Returns whether the engine waits for it. */
  makeRoom(peer: Peer): boolean {
    if (!peer.refused) return false
    peer.refused = false
    this.#refusals--
    this.#room = true
    this.#update()
    return true
  }

  /** What was accepted leaves without the engine's help: the acknowledgements that it waits for must come in. */
  block(peer: Peer, blocked: boolean): void {
    if (peer.blocked === blocked) return
    peer.blocked = blocked
    this.#blocked += blocked ? 1 : -1
    if (blocked) this.#begin()
    else this.#update()
  }

  get flushing(): boolean {
    return this.#flushes.length > 0
  }

  /** Resolves at `acknowledged(true)`, or when there has been no acknowledgement for long. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#flushes.push(resolve)
      this.#restartPatience()
      this.#begin()
    })
  }

  /** Something has been acknowledged; `all` that was sent. */
  acknowledged(all: boolean): void {
    if (this.#flushes.length === 0) return
    if (all) this.#endFlushes()
    else this.#restartPatience()
  }

  #begin(): void {
    this.#update()
    if (this.waiting) this.#listener.expect()
  }

  #update(): void {
    if (!this.#ready || this.#held === this.waiting) return
    this.#held = !this.#held
    this.#listener.hold(this.#held)
  }

  #endFlushes(): void {
    clearTimeout(this.#patience)
    for (const resolve of this.#flushes.splice(0)) resolve()
    this.#update()
  }

  #restartPatience(): void {
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => this.#endFlushes(), FLUSH_PATIENCE_MS)
  }
}
