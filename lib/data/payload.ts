// From a value to the bytes that travel, and back: typed arrays and buffers as they are, anything else by the codec.
import { types } from 'node:util'
import { TransportError } from '../errors.js'
import { decode, encode } from './codec.js'
import {
  ARRAY_BUFFER,
  BIGINT64,
  BIGUINT64,
  BUFFER,
  CONSTRUCTORS,
  DATA_VIEW,
  ELEMENT_BYTES,
  EMPTY,
  FLOAT32,
  FLOAT64,
  INT16,
  INT32,
  INT8,
  NUMBER,
  OBJECT,
  TYPE_NAMES,
  UINT16,
  UINT32,
  UINT8,
  UINT8_CLAMPED,
} from './types.js'
import type { TypedArray } from './types.js'

const NOTHING = new Uint8Array(0)

/** Where a NUMBER, and typed arrays of up to 64 bytes, are put together: they fit in V8's heap without an ArrayBuffer. */
const SMALL = 64
const scratch = new ArrayBuffer(SMALL)
const scratchBytes = new Uint8Array(scratch)
const scratchNumber = new Float64Array(scratch, 0, 1)
const scratchArrays: readonly TypedArray[] = CONSTRUCTORS.map((constructor) => new constructor(scratch))
const numberBytes = new Uint8Array(8)
const numberWords = new Float64Array(numberBytes.buffer)

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

/**
 * The type code (types.ts) under which a value travels. A subclass of a typed array is its base kind. Knows values of
 * other realms.
 */
export function typeOf(value: unknown): number {
  if (typeof value === 'number') return NUMBER
  if (value === undefined) return EMPTY
  if (typeof value !== 'object' || value === null) return OBJECT
  if (ArrayBuffer.isView(value)) return typeOfView(value)
  if (Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value)) return OBJECT
  return types.isAnyArrayBuffer(value) ? ARRAY_BUFFER : OBJECT
}

/** The memory of a view or buffer as bytes, without copying. */
export function rawBytes(memory: ArrayBufferView | ArrayBufferLike): Uint8Array {
  if (!ArrayBuffer.isView(memory)) return new Uint8Array(memory)
  if (memory instanceof Uint8Array) return memory
  return new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
}

/**
 * The bytes of a value whose type code is `type`. Raw values are not copied. Those of a NUMBER or an OBJECT stand in
 * memory that the next call writes again.
 * @throws DataError for a value that cannot travel.
 */
export function bytesOf(value: unknown, type: number): Uint8Array {
  if (type === NUMBER) {
    numberWords[0] = value as number
    return numberBytes
  }
  if (type === EMPTY) return NOTHING
  if (type === OBJECT) return encode(value)
  return rawBytes(value as ArrayBufferView | ArrayBufferLike)
}

function checkSize(type: number, bytes: Uint8Array, offset: number, length: number): void {
  const name = TYPE_NAMES[type]
  if (name === undefined) throw new TransportError(`a message has payload type ${type}, which does not exist`)
  const fits = offset >= 0 && length >= 0 && offset + length <= bytes.length
  const element = ELEMENT_BYTES[type]
  const whole = type === NUMBER ? length === 8 : type === EMPTY ? length === 0 : length % element === 0
  if (fits && whole) return
  throw new TransportError(`a message of type ${name} cannot be ${length} bytes long (${bytes.length - offset} are there)`)
}

function smallArray(type: number, bytes: Uint8Array, offset: number, length: number): TypedArray {
  for (let i = 0; i < length; i++) scratchBytes[i] = bytes[offset + i]
  const count = length / ELEMENT_BYTES[type]
  const from = scratchArrays[type]
  const array = new CONSTRUCTORS[type as 0](count)
  for (let i = 0; i < count; i++) array[i] = from[i] as number
  return array
}

/** Bytes of their own; not `bytes.slice`, which on a Buffer is a view. */
const copyOf = (bytes: Uint8Array, offset: number, length: number): ArrayBuffer =>
  Uint8Array.prototype.slice.call(bytes, offset, offset + length).buffer

/**
 * A fresh value of kind `type` from `length` bytes at `offset`; never shares memory with `bytes`. Elements are in the
 * byte order of the host.
 * @throws TransportError where the bytes cannot be such a value.
 */
export function valueOf(type: number, bytes: Uint8Array, offset: number, length: number): unknown {
  checkSize(type, bytes, offset, length)
  switch (type) {
    case OBJECT:
      return decode(bytes, offset, length)
    case NUMBER:
      for (let i = 0; i < 8; i++) scratchBytes[i] = bytes[offset + i]
      return scratchNumber[0]
    case EMPTY:
      return undefined
    case BUFFER:
      return Buffer.from(bytes.subarray(offset, offset + length))
    case ARRAY_BUFFER:
      return copyOf(bytes, offset, length)
    case DATA_VIEW:
      return new DataView(copyOf(bytes, offset, length))
    default:
      if (length <= SMALL) return smallArray(type, bytes, offset, length)
      return new CONSTRUCTORS[type as 0](copyOf(bytes, offset, length))
  }
}

/**
 * Like `valueOf` for bytes that begin their ArrayBuffer and that nobody else uses: raw values take the memory over.
 * @throws TransportError where the bytes cannot be such a value.
 */
export function valueOfOwned(type: number, bytes: Uint8Array): unknown {
  const { length } = bytes
  if (bytes.byteOffset !== 0 || bytes.buffer.byteLength !== length) return valueOf(type, bytes, 0, length)
  checkSize(type, bytes, 0, length)
  switch (type) {
    case OBJECT:
    case NUMBER:
    case EMPTY:
      return valueOf(type, bytes, 0, length)
    case BUFFER:
      return Buffer.from(bytes.buffer as ArrayBuffer)
    case ARRAY_BUFFER:
      return bytes.buffer
    case DATA_VIEW:
      return new DataView(bytes.buffer)
    default:
      return new CONSTRUCTORS[type as 0](bytes.buffer as ArrayBuffer)
  }
}
