// The rank's end of the socket to its agent.
import { writeSync } from 'node:fs'
import { ControlReader, encodeControl } from '../wire/control.js'
import type { FromRank, SentFrames, ToRank } from '../wire/control.js'
import { openInput } from './input.js'
import type { Input } from './input.js'
import type { Control } from './job.js'

/** How long a write may wait for an agent that does not read, in milliseconds. */
const PATIENCE = 2000

export class AgentSocket implements Control {
  readonly #fd: number
  readonly #input: Input
  readonly #waiting: ToRank[] = []
  #listener: ((message: ToRank) => void) | undefined
  #count: () => SentFrames = () => ({})
  #finalizing = false

  /** `onLost` is called when the agent is gone. */
  constructor(fd: number, onLost: () => void) {
    this.#fd = fd
    const reader = new ControlReader<ToRank>()
    const onData = (bytes: Uint8Array): void => {
      for (const message of reader.push(bytes)) this.#deliver(message)
    }
    this.#input = openInput(fd, onData, onLost)
    process.on('exit', () => {
      if (!this.#finalizing) this.send({ type: 'leaving', sent: this.#count() })
      this.#input.close()
    })
  }

  send(message: FromRank): void {
    if (message.type === 'finalize') this.#finalizing = true
    let bytes = Buffer.from(encodeControl(message))
    const deadline = Date.now() + PATIENCE
    while (bytes.length > 0 && Date.now() < deadline) {
      try {
        bytes = bytes.subarray(writeSync(this.#fd, bytes))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
      }
    }
  }

  listen(listener: (message: ToRank) => void): void {
    this.#listener = listener
    for (const message of this.#waiting.splice(0)) listener(message)
  }

  keepAlive(on: boolean): void {
    this.#input.keepAlive(on)
  }

  onLeaving(sent: () => SentFrames): void {
    this.#count = sent
  }

  #deliver(message: ToRank): void {
    if (this.#listener) this.#listener(message)
    else this.#waiting.push(message)
  }
}
