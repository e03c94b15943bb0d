// The rank's end of the socket to its agent.
import { readSync, writeSync } from 'node:fs'
import { nativeMemory, type NativeMemory } from '../../native/load.js'
import { ControlReader, encodeControl } from '../wire/control.js'
import type { FromRank, SentFrames, ToRank } from '../wire/control.js'
import type { Control } from './job.js'

/** How long a write may wait for an agent that does not read, in milliseconds. */
const PATIENCE = 2000

/** The agent's bytes as they come in; at first they do not keep the process alive. */
interface Input {
  keepAlive(on: boolean): void
  close(): void
}

/** By the addon: Node's own sockets with their streams take a quarter of the time of a rank's import. */
function watchedInput(memory: NativeMemory, fd: number, onData: (bytes: Uint8Array) => void, onEnd: () => void): Input {
  const bytes = new Uint8Array(16384)
  let open = true
  const close = (): void => {
    if (open) memory.unwatch(watch)
    open = false
  }
  const take = (): void => {
    const length = readAvailable(fd, bytes)
    if (length === undefined) return
    if (length > 0) return onData(bytes.subarray(0, length))
    close()
    onEnd()
  }
  const watch = memory.watchInput(fd, take)
  return { keepAlive: (on) => void (open && memory.keepAlive(watch, on)), close }
}

/** How many bytes were there; 0 at the end, or where reading fails; undefined where it is too early. */
function readAvailable(fd: number, bytes: Uint8Array): number | undefined {
  try {
    return readSync(fd, bytes)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EAGAIN' || code === 'EINTR' ? undefined : 0
  }
}

function socketInput(fd: number, onData: (bytes: Uint8Array) => void, onEnd: () => void): Input {
  const { Socket } = process.getBuiltinModule('node:net')
  const socket = new Socket({ fd, readable: true, writable: true })
  socket.on('data', onData).on('error', () => {}).on('close', onEnd).unref()
  return { keepAlive: (on) => void (on ? socket.ref() : socket.unref()), close: () => {} }
}

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
    const memory = nativeMemory()
    const reader = new ControlReader<ToRank>()
    const onData = (bytes: Uint8Array): void => {
      for (const message of reader.push(bytes)) this.#deliver(message)
    }
    this.#input = memory ? watchedInput(memory, fd, onData, onLost) : socketInput(fd, onData, onLost)
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
