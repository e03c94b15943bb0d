// What the codec takes a value for: how its numbers are packed, which error it is, whether it can travel at all.
import { types } from 'node:util'
import * as tag from './codec-format.js'

/** Thrown when a value is met that cannot travel; codec.ts finds out where it stands. */
export class Unsendable extends Error {
  readonly value: unknown
  readonly kind: string
  constructor(value: unknown, kind: string) {
    super(kind)
    this.value = value
    this.kind = kind
  }
}

export const hasOwn = (object: object, key: PropertyKey): boolean => Object.prototype.hasOwnProperty.call(object, key)
export const tagOf = (object: object): string => Object.prototype.toString.call(object)

/** What an array of numbers is packed as: a tag, or ARRAY where an element is not a number, or absent. */
export function packingOf(array: readonly unknown[]): number {
  let low = 0
  let high = 0
  let doubles = false
  for (let i = 0; i < array.length; i++) {
    const x = array[i]
    if (typeof x !== 'number') return tag.ARRAY
    if ((x | 0) !== x || (x === 0 && 1 / x < 0)) doubles = true
    else if (x < low) low = x
    else if (x > high) high = x
  }
  if (doubles) return tag.DOUBLE_ARRAY
  if (low >= -0x80 && high <= 0x7f) return tag.INT8_ARRAY
  return low >= -0x8000 && high <= 0x7fff ? tag.INT16_ARRAY : tag.INT32_ARRAY
}

/** What kind of object cannot travel, or undefined for one that can, as a plain object. */
export function unsendableKind(value: object): string | undefined {
  if (types.isPromise(value)) return 'Promise'
  if (types.isWeakMap(value)) return 'WeakMap'
  if (types.isWeakSet(value)) return 'WeakSet'
  if (types.isGeneratorObject(value)) return 'generator'
  if (types.isMapIterator(value) || types.isSetIterator(value)) return 'iterator'
  if (types.isSymbolObject(value)) return 'symbol'
  if (types.isExternal(value)) return 'native handle'
  const name = tagOf(value)
  return name === '[object WeakRef]' || name === '[object FinalizationRegistry]' ? name.slice(8, -1) : undefined
}

/** The index in ERROR_NAMES of the nearest native class of an error, of any realm. */
export function errorKind(error: object): number {
  for (let at: object | null = error; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const constructor = hasOwn(at, 'constructor') ? (at.constructor as { name?: unknown } | undefined) : undefined
    const kind = tag.ERROR_NAMES.indexOf(constructor?.name as 'Error')
    if (kind >= 0) return kind
  }
  return 0
}
