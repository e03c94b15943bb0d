// Where the ranks' output goes: the launcher's own standard output and error, written without ever blocking.
import { fstatSync, write } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'
import type { Writable } from 'node:stream'

/** A descriptor to write to. Writes are carried out in order. */
export interface Sink {
  readonly isTerminal: boolean
  /** `done` is called once the bytes have left this process, or can never leave it. */
  write(bytes: Buffer, done: () => void): void
}

/** Node writes to a pipe asynchronously through a socket, to a terminal at once; a file takes `fs.write`. */
class StreamSink implements Sink {
  readonly isTerminal: boolean
  readonly #stream: Writable

  constructor(fd: number, isTerminal: boolean, onBroken: (error: Error) => void) {
    this.isTerminal = isTerminal
    const terminal = fd === 1 ? process.stdout : process.stderr
    this.#stream = isTerminal ? terminal : new Socket({ fd, readable: false, writable: true })
    this.#stream.on('error', onBroken)
  }

  write(bytes: Buffer, done: () => void): void {
    this.#stream.write(bytes, done)
  }
}

class FileSink implements Sink {
  readonly isTerminal = false
  readonly #fd: number
  readonly #onBroken: (error: Error) => void
  readonly #queue: { bytes: Buffer; done: () => void }[] = []
  #busy = false

  constructor(fd: number, onBroken: (error: Error) => void) {
    this.#fd = fd
    this.#onBroken = onBroken
  }

  write(bytes: Buffer, done: () => void): void {
    this.#queue.push({ bytes, done })
    if (!this.#busy) this.#next()
  }

  #next(): void {
    const first = this.#queue[0]
    this.#busy = first !== undefined
    if (!first) return
    write(this.#fd, first.bytes, 0, first.bytes.length, null, (error, written) => {
      if (error && error.code !== 'EAGAIN') this.#onBroken(error)
      if (error ? error.code !== 'EAGAIN' : written === first.bytes.length) {
        this.#queue.shift()
        first.done()
      } else {
        first.bytes = first.bytes.subarray(error ? 0 : written)
      }
      this.#next()
    })
  }
}

function openSink(fd: 1 | 2, onBroken: (error: Error) => void): Sink {
  const stat = fstatSync(fd)
  const isTerminal = isatty(fd)
  const isStream = isTerminal || stat.isFIFO() || stat.isSocket()
  return isStream ? new StreamSink(fd, isTerminal, onBroken) : new FileSink(fd, onBroken)
}

/** Sinks for standard output and error: one and the same where both lead to the same place. */
export function openSinks(onBroken: (fd: 1 | 2, error: Error) => void): { stdout: Sink; stderr: Sink } {
  const stdout = openSink(1, (error) => onBroken(1, error))
  const [one, two] = [fstatSync(1), fstatSync(2)]
  const same = one.dev === two.dev && one.ino === two.ino
  return { stdout, stderr: same ? stdout : openSink(2, (error) => onBroken(2, error)) }
}
