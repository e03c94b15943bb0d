// The value that was sent last and the memory that was received into last, with their types and bytes: who sends the same
// array again, or receives into it, need not have it looked at again.
import { LastMemory, bytesOf, rawBytes, typeOf } from '../data/payload.js'
import { ARRAY_BUFFER, DATA_VIEW } from '../data/types.js'
import { ArgumentError } from '../errors.js'
import { INTO } from '../p2p/operation.js'
import type { RecvOp } from '../p2p/operation.js'
import type { IntoBuffer } from './message-options.js'

export const lastSent = new LastMemory()
export const lastReceived = new LastMemory()

/** `op` receives into `into`. @throws ArgumentError where that is no memory */
export function receiveInto(op: RecvOp, into: IntoBuffer): void {
  if (!lastReceived.is(into)) noteReceived(op, into)
  const { type, bytes } = lastReceived
  op.mode = INTO
  op.into = into
  op.type = type
  op.target = bytes
  op.capacity = bytes.length
}

function noteReceived(op: RecvOp, into: IntoBuffer): void {
  const type = typeOf(into)
  if (type > DATA_VIEW || (type === ARRAY_BUFFER && into instanceof SharedArrayBuffer)) {
    throw new ArgumentError(`${op.describe()}: into must be a typed array, Buffer, ArrayBuffer or DataView`)
  }
  lastReceived.note(into, type, rawBytes(into))
}

/** `lastSent` is `value` from now on. @throws DataError for a value that cannot travel */
export function noteSent(value: unknown): void {
  const type = typeOf(value)
  lastSent.note(value, type, bytesOf(value, type))
}
