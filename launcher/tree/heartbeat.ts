// Says now and then that this end of a connection is there, and notices when the other end has been silent.
//
// Time is counted in ticks of our own timer, and what has arrived is read before the silence counts: so a process that
// has been stopped, or had no processor for long, does not take its own absence for that of others.

/** Parts of the heartbeat time: how often a beat is sent; after how many an end that is silent is lost. */
const TICKS = 10
/** Less than all of them: what is left of the time is for ending processes. */
const PATIENCE = 8

export interface HeartbeatListener {
  readonly beat?: () => void
  /** Told once. */
  readonly silent?: (seconds: number) => void
}

export class Heartbeat {
  readonly #timer: NodeJS.Timeout
  #quiet = 0

  constructor(seconds: number, { beat, silent }: HeartbeatListener) {
    this.#timer = setInterval(() => {
      beat?.()
      if (silent === undefined || ++this.#quiet < PATIENCE) return
      setImmediate(() => {
        if (this.#quiet < PATIENCE) return
        this.stop()
        silent((seconds * PATIENCE) / TICKS)
      })
    }, (seconds * 1000) / TICKS)
  }

  heard(): void {
    this.#quiet = 0
  }

  stop(): void {
    this.#quiet = -Infinity
    clearInterval(this.#timer)
  }
}
