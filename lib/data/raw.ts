// Typed arrays and other views of memory: which kind one is, its bytes, and a new one from bytes.
import { copyOut } from '../wire/bytes.js'
import { DataError } from '../errors.js'
import {
  BIGINT64,
  BIGUINT64,
  BUFFER,
  CONSTRUCTORS,
  DATA_VIEW,
  ELEMENT_BYTES,
  FLOAT32,
  FLOAT64,
  INT16,
  INT32,
  INT8,
  OBJECT,
  UINT16,
  UINT32,
  UINT8,
  UINT8_CLAMPED,
} from './types.js'
import type { TypedArray } from './types.js'

// The getter behind `Symbol.toStringTag` knows a typed array of any realm and any subclass by its internal slot.
const { get: typedArrayName } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
) as { get: (this: unknown) => string | undefined }

function typeOfBytes(value: object): number {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Uint8Array.prototype) return UINT8
  return prototype === Buffer.prototype || value instanceof Buffer ? BUFFER : UINT8
}

/** The type code of any view of memory. */
export function typeOfView(value: ArrayBufferView): number {
  switch (typedArrayName.call(value)) {
    case 'Float64Array':
      return FLOAT64
    case 'Uint8Array':
      return typeOfBytes(value)
    case 'Int32Array':
      return INT32
    case 'Float32Array':
      return FLOAT32
    case 'Int8Array':
      return INT8
    case 'Uint8ClampedArray':
      return UINT8_CLAMPED
    case 'Int16Array':
      return INT16
    case 'Uint16Array':
      return UINT16
    case 'Uint32Array':
      return UINT32
    case 'BigInt64Array':
      return BIGINT64
    case 'BigUint64Array':
      return BIGUINT64
    case undefined:
      return DATA_VIEW
    default:
      return OBJECT // a kind newer than this table: the codec says what it cannot send
  }
}

/** Whether the memory was transferred away, so that nothing can be read or sent. */
export function isDetached(memory: ArrayBufferView | ArrayBufferLike): boolean {
  if (memory.byteLength > 0) return false
  const buffer = ArrayBuffer.isView(memory) ? memory.buffer : memory
  try {
    return !new Uint8Array(buffer)
  } catch {
    return true
  }
}

/**
 * The memory of a view or buffer as bytes, without copying.
 * @throws DataError where it was transferred away.
 */
export function rawBytes(memory: ArrayBufferView | ArrayBufferLike): Uint8Array {
  if (memory.byteLength === 0 && isDetached(memory)) throw new DataError('value is a detached ArrayBuffer', 'value')
  if (!ArrayBuffer.isView(memory)) return new Uint8Array(memory)
  if (memory instanceof Uint8Array) return memory
  return new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
}

/** Up to here V8 keeps a typed array without an ArrayBuffer, which makes it 20 times cheaper to create. */
const SMALL = 64
const scratch = new ArrayBuffer(SMALL)
const scratchBytes = new Uint8Array(scratch)
const scratchArrays: readonly TypedArray[] = CONSTRUCTORS.map((constructor) => new constructor(scratch))

function smallArray(type: number, bytes: Uint8Array, offset: number, length: number): TypedArray {
  for (let i = 0; i < length; i++) scratchBytes[i] = bytes[offset + i]
  const count = length / ELEMENT_BYTES[type]
  const from = scratchArrays[type]
  const array = new CONSTRUCTORS[type as 0](count)
  let exact = true
  for (let i = 0; i < count; i++) {
    const element = from[i] as number
    array[i] = element
    exact &&= element === element
  }
  // A float that is not a number may lose a bit on its way through a double; `set` copies bytes.
  if (!exact) array.set(from.subarray(0, count) as Float64Array)
  return array
}

/** A copy of bytes as an ArrayBuffer. */
export const copyOf = (bytes: Uint8Array, offset: number, length: number): ArrayBuffer =>
  copyOut(bytes, offset, length).buffer as ArrayBuffer

/** A new typed array of kind `type` (0 to 10) from `length` bytes, a multiple of the element size. */
export function arrayFrom(type: number, bytes: Uint8Array, offset: number, length: number): TypedArray {
  if (length <= SMALL) return smallArray(type, bytes, offset, length)
  return new CONSTRUCTORS[type as 0](copyOf(bytes, offset, length))
}
