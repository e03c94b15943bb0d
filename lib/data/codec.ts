// The object codec.
import { DataError, TransportError } from '../errors.js'
import { deserialize, serialize } from 'node:v8'

export function encode(value: unknown): Uint8Array {
  try {
    return serialize(value)
  } catch (error) {
    throw new DataError((error as Error).message, 'value', { cause: error })
  }
}

export function decode(bytes: Uint8Array, offset: number, length: number): unknown {
  try {
    return deserialize(bytes.slice(offset, offset + length))
  } catch (error) {
    throw new TransportError('a message holds a malformed value', { cause: error })
  }
}
