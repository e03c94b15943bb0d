// The object codec: any value that the structured clone algorithm takes, as bytes. codec-format.ts describes them.
import { DataError, MpiError, TransportError } from '../errors.js'
import { Decoder } from './codec-decode.js'
import { Encoder } from './codec-encode.js'
import { Unsendable } from './codec-kinds.js'
import { pathTo } from './codec-path.js'

let idle: Encoder | undefined = new Encoder()
const decoder = new Decoder()

const isStackOverflow = (error: unknown): boolean =>
  error instanceof RangeError && error.message === 'Maximum call stack size exceeded'

function refusal(value: unknown, error: unknown): unknown {
  if (error instanceof Unsendable) {
    const path = pathTo(value, error.value)
    const article = /^[aeiou]/i.test(error.kind) ? 'an' : 'a'
    return new DataError(`${path} is ${article} ${error.kind} and cannot be sent`, path)
  }
  if (isStackOverflow(error)) return new DataError('value is nested too deeply to be sent', 'value', { cause: error })
  return error
}

/**
 * The bytes of a value, in a buffer of the codec's own: valid until the next call.
 *
 * As with structuredClone, cycles and shared references keep their identity, class instances become plain objects of
 * their own enumerable properties, and symbol keys are left out. Other than there:
 * - Named properties of arrays are left out.
 * - A Buffer stays a Buffer; shared memory is copied.
 * - A view of less than half of an ArrayBuffer of more than 4096 bytes takes only its own bytes along, unless the
 *   buffer itself stands earlier in the value; other views of one buffer go on sharing it.
 * - An error keeps its name and a string `code`. Its other properties are left out.
 *
 * Nesting has no limit, except for errors in the `cause` of errors: a few thousand.
 * @throws DataError for a value that cannot travel; its path names the place. What a getter throws passes through.
 */
export function encode(value: unknown): Uint8Array {
  // A getter may send something: that takes another encoder.
  const encoder = idle ?? new Encoder()
  idle = undefined
  try {
    return encoder.encode(value)
  } catch (error) {
    throw refusal(value, error)
  } finally {
    idle = encoder
  }
}

/**
 * The value that `length` bytes at `offset` stand for. Shares no memory with `bytes`.
 * @throws TransportError where they are not what `encode` gives.
 */
export function decode(bytes: Uint8Array, offset: number, length: number): unknown {
  try {
    return decoder.decode(bytes, offset, length)
  } catch (error) {
    if (error instanceof MpiError) throw error
    throw new TransportError('a message holds a malformed value', { cause: error })
  }
}
