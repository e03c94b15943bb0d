// Bytes from an inherited socket as the event loop finds them: by the addon where it is there.
import { readSync } from 'node:fs'
import { nativeMemory, type NativeMemory } from '../../native/load.js'

/** Bytes as they come in; at first they do not keep the process alive. From now on the descriptor does not block. */
export interface Input {
  keepAlive(on: boolean): void
  close(): void
}

type OnData = (bytes: Uint8Array) => void

/** `onEnd` is called once, when the other end is gone. */
export function openInput(fd: number, onData: OnData, onEnd: () => void): Input {
  const memory = nativeMemory()
  return memory ? watchedInput(memory, fd, onData, onEnd) : socketInput(fd, onData, onEnd)
}

/** By the addon: Node's own sockets with their streams take a quarter of the time of a rank's import. */
function watchedInput(memory: NativeMemory, fd: number, onData: OnData, onEnd: () => void): Input {
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
export function readAvailable(fd: number, bytes: Uint8Array): number | undefined {
  try {
    return readSync(fd, bytes)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EAGAIN' || code === 'EINTR' ? undefined : 0
  }
}

function socketInput(fd: number, onData: OnData, onEnd: () => void): Input {
  const { Socket } = process.getBuiltinModule('node:net')
  const socket = new Socket({ fd, readable: true, writable: true })
  let open = true
  const ended = (): void => {
    if (open) onEnd()
    open = false
  }
  socket.on('data', onData).on('error', () => {}).on('close', ended).unref()
  return {
    keepAlive: (on) => void (on ? socket.ref() : socket.unref()),
    close: () => void (open = false),
  }
}
