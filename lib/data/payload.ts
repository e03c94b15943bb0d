// From a value to the bytes that travel, and back: typed arrays and buffers as they are, anything else by the codec.
import { types } from 'node:util'
import { TransportError } from '../errors.js'
import { decode, encode } from './codec.js'
import { arrayFrom, copyOf, rawBytes, typeOfView } from './raw.js'
import { ARRAY_BUFFER, BUFFER, CONSTRUCTORS, DATA_VIEW, ELEMENT_BYTES, EMPTY, NUMBER, OBJECT, TYPE_NAMES } from './types.js'

export { rawBytes }

const NOTHING = new Uint8Array(0)
const REMEMBERED_BYTES = 65536

const NO_WORDS = new Int32Array(0)

const wordsOf = ({ buffer, byteOffset, length }: Uint8Array): Int32Array =>
  byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >> 2) : NO_WORDS

/**
 * Remembers type and bytes of the last memory: loops send and receive the same array again and again, and to find out
 * costs more than a small message. It keeps that array alive, so it is for small ones.
 */
export class LastMemory {
  type = 0
  bytes: Uint8Array = NOTHING
  /** NOTHING: none, as nobody else has that. */
  #memory: unknown = NOTHING
  #promise: Promise<unknown> | undefined
  #words: Int32Array | undefined

  /** Whether `value` is the memory whose type and bytes are here. */
  is(value: unknown): boolean {
    return value === this.#memory && (value as ArrayBufferView).byteLength === this.bytes.length
  }

  /** A promise that is resolved with the memory: to make one of an object takes a search for its `then`. */
  promiseOf(memory: unknown): Promise<unknown> {
    if (memory !== this.#memory) return Promise.resolve(memory)
    return (this.#promise ??= Promise.resolve(memory))
  }

  /** Notes a value, its payload type and its bytes. Values that are not raw memory are not remembered. */
  note(value: unknown, type: number, bytes: Uint8Array): void {
    this.type = type
    this.bytes = bytes
    this.#memory = type <= DATA_VIEW && bytes.length <= REMEMBERED_BYTES ? value : NOTHING
    this.#promise = undefined
    this.#words = undefined
  }

  /** The bytes as 32-bit words; empty where they do not stand at a word's address. */
  get words(): Int32Array {
    return (this.#words ??= wordsOf(this.bytes))
  }
}

/** Where a NUMBER is taken apart, and where one is put together. */
const sentNumber = new Float64Array(1)
const sentBytes = rawBytes(sentNumber)
const receivedNumber = new Float64Array(1)
const receivedBytes = rawBytes(receivedNumber)

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

/**
 * The bytes of a value whose type code is `type`. Raw values are not copied. Those of a NUMBER or an OBJECT stand in
 * memory that the next call writes again.
 * @throws DataError for a value that cannot travel.
 */
export function bytesOf(value: unknown, type: number): Uint8Array {
  if (type === NUMBER) {
    sentNumber[0] = value as number
    return sentBytes
  }
  if (type === EMPTY) return NOTHING
  if (type === OBJECT) return encode(value)
  return rawBytes(value as ArrayBufferView | ArrayBufferLike)
}

function checkSize(type: number, bytes: Uint8Array, offset: number, length: number): void {
  const name = TYPE_NAMES[type]
  if (name === undefined || type > EMPTY) throw new TransportError(`a message has payload type ${type}, which is no value's`)
  const fits = offset >= 0 && length >= 0 && offset + length <= bytes.length
  const element = ELEMENT_BYTES[type]
  const whole = type === NUMBER ? length === 8 : type === EMPTY ? length === 0 : length % element === 0
  if (fits && whole) return
  const left = bytes.length - offset
  throw new TransportError(`a message of type ${name} cannot be ${length} bytes long (${left} are there)`)
}

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
      for (let i = 0; i < 8; i++) receivedBytes[i] = bytes[offset + i]
      return receivedNumber[0]
    case EMPTY:
      return undefined
    case BUFFER:
      return Buffer.from(bytes.subarray(offset, offset + length))
    case ARRAY_BUFFER:
      return copyOf(bytes, offset, length)
    case DATA_VIEW:
      return new DataView(copyOf(bytes, offset, length))
    default:
      return arrayFrom(type, bytes, offset, length)
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
