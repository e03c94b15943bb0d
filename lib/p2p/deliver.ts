// From a matched message to the receiver's memory: checks type and length, then copies or decodes.
import { MismatchError, TransportError, TruncateError } from '../errors.js'
import { EMPTY, TYPE_NAMES, isRaw } from '../data/types.js'
import { valueOf, valueOfOwned } from '../data/payload.js'
import { copyBytes, copyOut } from '../wire/bytes.js'
import { AS_BLOCK, AS_PAYLOAD, AS_VALUE, INTO } from './operation.js'
import type { RecvOp } from './operation.js'
import { explainSignatures } from './signature.js'

/** Notes what the message is, and what is wrong with it for this receive. */
export function accept(op: RecvOp, source: number, tag: number, type: number, bytes: number, signature: number): void {
  op.matchedSource = source
  op.matchedTag = tag
  op.matchedType = type
  op.bytes = bytes
  if (op.signature !== signature) op.error = explainSignatures(op.describe(), op.scope, source, op.signature, signature)
  else if (op.mode === AS_VALUE && type > EMPTY) op.error = malformed(op, `its payload type ${type} does not exist`)
  else if (op.mode === INTO) op.error = checkInto(op, type, bytes)
  else if (op.mode === AS_BLOCK && (type !== op.type || bytes !== op.capacity)) op.error = blockMismatch(op, type, bytes)
}

function checkInto(op: RecvOp, type: number, bytes: number): Error | undefined {
  if (type !== op.type && !(isRaw(type) && isRaw(op.type))) {
    return new MismatchError(
      `${op.describe()} with into: ${TYPE_NAMES[op.type]} got a ${TYPE_NAMES[type]} of ${bytes} bytes ` +
        `from rank ${op.scope.rankOf(op.matchedSource)}, tag ${op.matchedTag}: send and receive the same type`,
    )
  }
  if (bytes <= op.capacity) return undefined
  return new TruncateError(
    `${op.describe()}: the message from rank ${op.scope.rankOf(op.matchedSource)}, tag ${op.matchedTag} has ${bytes} bytes, ` +
      `into has room for ${op.capacity}: the message is lost; probe for its size, or leave into out`,
    bytes,
    op.capacity,
  )
}

function blockMismatch(op: RecvOp, type: number, bytes: number): Error {
  return new MismatchError(
    `${op.describe()}: rank ${op.scope.rankOf(op.matchedSource)} sent ${bytes} bytes of ${TYPE_NAMES[type]} where this rank ` +
      `expects ${op.capacity} bytes of ${TYPE_NAMES[op.type]}: all ranks must pass the same type and length`,
  )
}

function malformed(op: RecvOp, why: string, cause?: unknown): Error {
  const from = `rank ${op.scope.rankOf(op.matchedSource)}, tag ${op.matchedTag}`
  return new TransportError(`${op.describe()}: the message from ${from} is of no use: ${why}`, { cause })
}

/** A whole payload has come in one frame: takes it out of the transport's memory. */
export function deliver(op: RecvOp, bytes: Uint8Array, offset: number, length: number): void {
  if (op.error !== undefined) return
  if (op.target !== undefined) copyBytes(op.target, op.offset, bytes, offset, length)
  else if (op.mode === AS_PAYLOAD) op.value = copyOut(bytes, offset, length)
  else {
    try {
      op.value = valueOf(op.matchedType, bytes, offset, length)
    } catch (error) {
      op.error = malformed(op, (error as Error).message, error)
    }
  }
}

/** The same for a payload that is ours to keep. */
export function deliverOwned(op: RecvOp, payload: Uint8Array): void {
  if (op.error !== undefined) return
  if (op.target !== undefined) copyBytes(op.target, op.offset, payload, 0, payload.length)
  else take(op, payload)
}

function take(op: RecvOp, payload: Uint8Array): void {
  try {
    op.value = op.mode === AS_PAYLOAD ? payload : valueOfOwned(op.matchedType, payload)
  } catch (error) {
    op.error = malformed(op, (error as Error).message, error)
  }
}

/** Finds a place for the pieces of a rendezvous; false where there is no memory for them. */
export function beginAssembly(op: RecvOp): boolean {
  op.received = 0
  op.assemblyOffset = op.target === undefined ? 0 : op.offset
  try {
    op.assembly = op.target ?? new Uint8Array(op.bytes)
  } catch (error) {
    op.error = malformed(op, `there is no memory for its ${op.bytes} bytes`, error)
  }
  return op.assembly !== undefined
}

/** All pieces are there. */
export function endAssembly(op: RecvOp): void {
  const bytes = op.assembly as Uint8Array
  op.assembly = undefined
  if (op.target === undefined) take(op, bytes)
}
