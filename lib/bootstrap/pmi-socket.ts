// The descriptor that a launcher of MPI programs leaves to each process: requests and answers over it.
//
// Invariants:
// - One request is under way at a time. `ask` reads its answer itself, and the event loop does not turn meanwhile;
//   `askLater` leaves it to the event loop, and until it has come `ask` throws.
// - Nothing is waited for without a limit, and nothing longer than MAX_MESSAGE is kept.
// - After `close` the end of the socket means nothing; before, the launcher is gone.
import { fstatSync, writeSync } from 'node:fs'
import { StateError, TransportError } from '../errors.js'
import { openInput, readAvailable } from './input.js'
import type { Input } from './input.js'
import { MAX_MESSAGE, shown } from './pmi-wire.js'
import type { Framing } from './pmi-wire.js'

/** How long the launcher may take for an answer that depends on nobody else, in milliseconds. */
const PATIENCE = 30_000
/** The longest sleep between two looks. */
const NAP = 2

type Later = (body: string | undefined, error?: Error) => void

export class PmiSocket {
  readonly #fd: number
  readonly #input: Input
  readonly #bytes = new Uint8Array(16384)
  readonly #onLost: () => void
  #framing: Framing
  #text = ''
  #later: Later | undefined
  #over = false

  /** `onLost` is called where the launcher is gone before `close`. */
  constructor(fd: number, framing: Framing, onLost: () => void) {
    if (!isSocket(fd)) throw new StateError(`descriptor ${fd} is not a socket to a launcher`)
    this.#fd = fd
    this.#framing = framing
    this.#onLost = onLost
    this.#input = openInput(fd, (bytes) => this.#onData(bytes), () => this.#onEnd())
  }

  /** What is said from now on lies so on the wire. */
  reframe(framing: Framing): void {
    this.#framing = framing
  }

  /** Asks, and waits for the answer; `what` is what is waited for, in words for an error. */
  ask(body: string, what = 'an answer', patience = PATIENCE): string {
    if (this.#later) throw new StateError('PMI: a request is under way')
    if (this.#over) throw new StateError('PMI: the connection to the launcher has been closed')
    this.#write(this.#framing.encode(body))
    const deadline = Date.now() + patience
    for (let nap = 0.02; ; nap = Math.min(2 * nap, NAP)) {
      const answer = this.#cut()
      if (answer !== undefined) return answer
      const length = readAvailable(this.#fd, this.#bytes)
      if (length === 0) throw new TransportError(`PMI: the launcher closed the connection; asked ${shown(body)}`)
      if (length !== undefined) {
        this.#keep(this.#bytes.subarray(0, length))
      } else if (Date.now() > deadline) {
        throw new StateError(`PMI: waited ${patience / 1000} s for ${what}; asked ${shown(body)}`)
      } else {
        sleep(nap)
      }
    }
  }

  /** Asks; `done` is called from the event loop with the answer. */
  askLater(body: string, done: Later): void {
    if (this.#later) throw new StateError('PMI: a request is under way')
    this.#later = done
    try {
      this.#write(this.#framing.encode(body))
    } catch (error) {
      this.#finish(undefined, error as Error)
    }
  }

  /** Says something that has no answer; nothing happens where the launcher is gone. */
  tell(body: string): void {
    if (this.#over) return
    try {
      this.#write(this.#framing.encode(body))
    } catch {
      // gone
    }
  }

  /** True while an answer is left to the event loop. */
  get busy(): boolean {
    return this.#later !== undefined
  }

  close(): void {
    this.#over = true
    this.#input.close()
  }

  #write(text: string): void {
    let bytes = Buffer.from(text, 'latin1')
    const deadline = Date.now() + PATIENCE
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(this.#fd, bytes))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || Date.now() > deadline) {
          throw new TransportError(`PMI: the launcher cannot be reached: ${(error as Error).message}`, { cause: error })
        }
        sleep(NAP)
      }
    }
  }

  #keep(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  }

  #cut(): string | undefined {
    const cut = this.#framing.cut(this.#text)
    if (cut === undefined) {
      if (this.#text.length <= MAX_MESSAGE) return undefined
      throw new TransportError(`PMI: the launcher's message is longer than ${MAX_MESSAGE} bytes: ${shown(this.#text)}`)
    }
    this.#text = cut.rest
    return cut.body
  }

  #onData(bytes: Uint8Array): void {
    if (this.#over) return
    this.#keep(bytes)
    try {
      // What nobody asked for is kept, and is the wrong answer to the next request.
      const answer = this.#later === undefined ? undefined : this.#cut()
      if (answer !== undefined) this.#finish(answer)
    } catch (error) {
      this.#finish(undefined, error as Error)
    }
  }

  #onEnd(): void {
    if (this.#over) return
    this.#over = true
    this.#onLost()
    this.#finish(undefined, new TransportError('PMI: the launcher closed the connection'))
  }

  #finish(body: string | undefined, error?: Error): void {
    const later = this.#later
    this.#later = undefined
    later?.(body, error)
  }
}

const cell = new Int32Array(new SharedArrayBuffer(4))
const sleep = (milliseconds: number): void => void Atomics.wait(cell, 0, 0, milliseconds)

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket()
  } catch {
    return false
  }
}
