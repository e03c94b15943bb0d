// Stops reading the ranks' output while too much of it is under way to the launcher.
import type { Readable } from 'node:stream'
import { OUTPUT_WINDOW } from '../lib/wire/agent.js'

export class Gate {
  window = OUTPUT_WINDOW
  #underWay = 0
  readonly #shut = new Set<Readable>()

  /** `bytes` of the stream have been sent. */
  pass(stream: Readable, bytes: number): void {
    this.#underWay += bytes
    if (this.#underWay < this.window) return
    stream.pause()
    this.#shut.add(stream)
  }

  /** The launcher has got rid of `bytes`. */
  credit(bytes: number): void {
    this.#underWay -= bytes
    if (this.#underWay > this.window / 2) return
    for (const stream of this.#shut) stream.resume()
    this.#shut.clear()
  }
}
