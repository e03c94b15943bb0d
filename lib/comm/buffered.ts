// The memory of buffered sends: a count of bytes, as MPI_Buffer_attach gives them.
import { ArgumentError, BufferError } from '../errors.js'
import type { Owner, SendOp } from '../p2p/operation.js'

const DEFAULT_BYTES = 16 * 1024 * 1024
let limit = DEFAULT_BYTES
let used = 0
let underWay = 0
let whenSent: (() => void)[] = []

/** Bytes that buffered sends of this process may hold at one time. Default: 16 MiB. */
export function attachBuffer(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new ArgumentError(`attachBuffer takes a number of bytes, not ${bytes}`)
  limit = bytes
}

/** @internal Whether there is room for so many bytes more. */
export const bufferHasRoom = (bytes: number): boolean => used + bytes <= limit

/** @internal Takes the memory of a buffered send; its owner gives it back. */
export function reserveBuffer(op: SendOp): Owner {
  const bytes = op.length
  if (!bufferHasRoom(bytes)) {
    throw new BufferError(
      `${op.describe()}: ${used} of ${limit} bytes for buffered sends are in use: ` +
        'allow more with attachBuffer(bytes), or use send or isend',
    )
  }
  // One to this rank itself never leaves by waiting.
  const leaves = op.dest === op.scope.worldRankOf(op.scope.rank) ? 0 : 1
  used += bytes
  underWay += leaves
  return {
    onDone: () => {
      used -= bytes
      underWay -= leaves
      if (underWay > 0) return
      for (const resolve of whenSent) resolve()
      whenSent = []
    },
  }
}

/** @internal How many buffered sends to other ranks are under way: operations that nobody can wait for. */
export const buffersUnderWay = (): number => underWay

/** @internal Resolves once no buffered send to another rank is under way. */
export function buffersSent(): Promise<void> {
  return underWay === 0 ? Promise.resolve() : new Promise((resolve) => whenSent.push(resolve))
}
