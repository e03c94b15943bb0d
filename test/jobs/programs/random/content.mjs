// What a message holds, made from its id: so the receiver can tell every message from every other.
import { isDeepStrictEqual } from 'node:util'
import { Random } from './prng.mjs'

export const TYPED = [
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
]
const BY_NAME = new Map(TYPED.map((constructor) => [constructor.name, constructor]))
const RAW = ['Buffer', 'ArrayBuffer', 'DataView']
const VALUES = ['number', 'string', 'bigint', 'boolean', 'null', 'undefined', 'object']

export const isTyped = ({ kind }) => BY_NAME.has(kind)
export const constructorOf = ({ kind }) => BY_NAME.get(kind)

/** Bytes of messages that matter: none, few, around the eager limit, several frames, more than a ring holds. */
export function pickBytes(random, eagerLimit) {
  const around = random.pick([eagerLimit, 16384, 16352]) + random.below(3) - 1
  return Number(
    random.weighted({ 0: 10, 1: 3, 8: 15, 24: 10, 100: 15, 1000: 15, [Math.max(0, around)]: 20, 70000: 5, 200000: 3, 600000: 1 }),
  )
}

/** What a message will hold: `{ id, kind, bytes }`. */
export function planContent(random, id, eagerLimit, kind = undefined) {
  const group = random.weighted({ typed: 6, raw: 1, value: 4 })
  const names = group === 'typed' ? [...BY_NAME.keys()] : group === 'raw' ? RAW : VALUES
  return { id, kind: kind ?? random.pick(names), bytes: pickBytes(random, eagerLimit) }
}

function fill(memory, id) {
  const random = new Random(id, 1)
  const words = new Int32Array(memory, 0, memory.byteLength >> 2)
  let word = random.word()
  for (let i = 0; i < words.length; i++) words[i] = word = (Math.imul(word, 1664525) + 1013904223) | 0
  const bytes = new Uint8Array(memory)
  for (let i = words.length * 4; i < bytes.length; i++) bytes[i] = random.word()
  return memory
}

/** The elements that a typed array of about `bytes` bytes has. */
export const elements = ({ kind, bytes }) => Math.floor(bytes / BY_NAME.get(kind).BYTES_PER_ELEMENT)

/** A fresh value. */
export function makeContent(content) {
  const { id, kind, bytes } = content
  const constructor = BY_NAME.get(kind)
  if (constructor !== undefined) return new constructor(fill(new ArrayBuffer(elements(content) * constructor.BYTES_PER_ELEMENT), id))
  switch (kind) {
    case 'Buffer':
      return Buffer.from(fill(new ArrayBuffer(bytes), id))
    case 'ArrayBuffer':
      return fill(new ArrayBuffer(bytes), id)
    case 'DataView':
      return new DataView(fill(new ArrayBuffer(bytes), id))
    case 'number':
      return id + 0.25
    case 'string':
      return `${id}:`.padEnd(Math.min(bytes, 50000), 'ä€x')
    case 'bigint':
      return BigInt(id) << 70n
    case 'boolean':
      return id % 2 === 0
    case 'null':
      return null
    case 'undefined':
      return undefined
    default:
      return { id, list: Array.from({ length: Math.min(bytes, 1000) }, (_, i) => i ^ id), map: new Map([[id, new Set([id])]]) }
  }
}

export const bytesOf = (memory) =>
  ArrayBuffer.isView(memory) ? new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength) : new Uint8Array(memory)

const isRaw = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer

/** Overwrites memory that the caller may use again. */
export function scribble(value) {
  if (isRaw(value)) bytesOf(value).fill(0xee)
  else if (Array.isArray(value)) value.forEach(scribble)
}

/** Whether two values are the same in kind and content. */
export function same(a, b) {
  if (!isRaw(a) || !isRaw(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return isDeepStrictEqual(a, b)
    return a.length === b.length && a.every((item, i) => same(item, b[i]))
  }
  if (a.constructor !== b.constructor || a.byteLength !== b.byteLength) return false
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0
}

/** A value in a few words, for messages. */
export function show(value) {
  if (isRaw(value)) return `${value.constructor.name} of ${value.byteLength} bytes [${bytesOf(value).slice(0, 12).join(' ')}…]`
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(show).join(', ')}]`
  const text = typeof value === 'bigint' ? `${value}n` : value instanceof Error ? String(value) : JSON.stringify(value)
  return text === undefined ? 'undefined' : text.slice(0, 100)
}
