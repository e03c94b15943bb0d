// Payload types: the code that each kind of value has on the wire, and what a typed array is.

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

export const INT8 = 0
export const UINT8 = 1
export const UINT8_CLAMPED = 2
export const INT16 = 3
export const UINT16 = 4
export const INT32 = 5
export const UINT32 = 6
export const FLOAT32 = 7
export const FLOAT64 = 8
export const BIGINT64 = 9
export const BIGUINT64 = 10
/** A Node Buffer. */
export const BUFFER = 11
export const ARRAY_BUFFER = 12
export const DATA_VIEW = 13
/** Anything that data/codec.ts encodes. */
export const OBJECT = 14
/** One JavaScript number as eight bytes. */
export const NUMBER = 15
/** Whether it is bytes without elements: such types may be received into each other. */
export const isRaw = (type: number): boolean =>
  type === UINT8 || type === BUFFER || type === ARRAY_BUFFER || type === DATA_VIEW
/** No payload: `undefined`. */
export const EMPTY = 16

/** Several values in one message: collectives only. */
export const BLOCKS = 17

/** The constructors of the eleven typed arrays by their codes. */
export const CONSTRUCTORS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const

/** The names of all payload types, for messages. */
export const TYPE_NAMES: readonly string[] = [
  ...CONSTRUCTORS.map((constructor) => constructor.name),
  'Buffer',
  'ArrayBuffer',
  'DataView',
  'value',
  'number',
  'undefined',
  'values',
]

/** Bytes of one element, by code: 1 for raw bytes and objects. */
export const ELEMENT_BYTES: readonly number[] = [...CONSTRUCTORS.map((c) => c.BYTES_PER_ELEMENT), 1, 1, 1, 1, 8, 1, 1]
