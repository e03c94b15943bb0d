// The encoding half of the object codec: one pass over the value into a buffer that grows and is used again.
import { constants } from 'node:buffer'
import { types } from 'node:util'
import { DataError } from '../errors.js'
import * as tag from './codec-format.js'
import { rawBytes, typeOfView } from './raw.js'
import { OBJECT as NOT_A_KNOWN_VIEW } from './types.js'

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

/** Numbers things in the order in which they come. A few are searched one by one, which is faster than a Map. */
class Numbering<T> {
  static readonly #FEW = 16
  list: (T | undefined)[] = Array.from({ length: Numbering.#FEW }, () => undefined)
  count = 0
  #map: Map<T, number> | undefined

  /** The number of `thing`, or -1. */
  find(thing: T): number {
    if (this.#map !== undefined) return this.#map.get(thing) ?? -1
    for (let i = 0; i < this.count; i++) if (this.list[i] === thing) return i
    return -1
  }

  add(thing: T): void {
    if (this.count === Numbering.#FEW) this.#map = new Map(this.list.map((x, i) => [x as T, i]))
    this.#map?.set(thing, this.count)
    this.list[this.count++] = thing
  }

  clear(): void {
    for (let i = 0; i < Math.min(this.count, Numbering.#FEW); i++) this.list[i] = undefined
    this.list.length = Numbering.#FEW
    this.#map = undefined
    this.count = 0
  }
}

/** Room for the fixed part of any value: tags, varints, numbers. */
const SLACK = 128
const FIRST_CAPACITY = 1 << 16
/** A larger buffer serves for one value only. */
const KEPT_CAPACITY = 1 << 20
const HOLES_TO_PROBE = 64
/** An ArrayBuffer of up to so many bytes travels whole with any view of it. */
const SHARED_ANYWAY = 4096

const hasOwn = (object: object, key: PropertyKey): boolean => Object.prototype.hasOwnProperty.call(object, key)
const tagOf = (object: object): string => Object.prototype.toString.call(object)

/** What an array of numbers is packed as: a tag, or ARRAY where an element is not a number, or absent. */
function packingOf(array: readonly unknown[]): number {
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
function unsendableKind(value: object): string | undefined {
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
function errorKind(error: object): number {
  for (let at: object | null = error; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const constructor = hasOwn(at, 'constructor') ? (at.constructor as { name?: unknown } | undefined) : undefined
    const kind = tag.ERROR_NAMES.indexOf(constructor?.name as 'Error')
    if (kind >= 0) return kind
  }
  return 0
}

export class Encoder {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  #view = new DataView(this.#bytes.buffer)
  #at = 0
  #depth = 0
  readonly #objects = new Numbering<object>()
  readonly #keys = new Numbering<string>()
  /** Which key followed key k last time, at k + 1; at 0, which key came first. Objects of one shape hit every time. */
  readonly #nextKey: number[] = [0]
  #later: object[] = []

  /** The encoded value, valid until the next call. */
  encode(value: unknown): Uint8Array {
    this.#at = 0
    if (this.#bytes.length > KEPT_CAPACITY) this.#resize(FIRST_CAPACITY)
    this.#depth = 0
    try {
      this.#value(value)
      for (let i = 0; i < this.#later.length; i++) this.#contents(this.#later[i])
      return new Uint8Array(this.#bytes.buffer, 0, this.#at)
    } finally {
      this.#objects.clear()
      this.#keys.clear()
      if (this.#later.length > 0) this.#later = []
    }
  }

  #resize(capacity: number): void {
    const old = this.#bytes
    try {
      this.#bytes = Buffer.allocUnsafeSlow(capacity)
    } catch (error) {
      throw new DataError(`the value is too large to send: more than ${this.#at} bytes`, 'value', { cause: error })
    }
    this.#view = new DataView(this.#bytes.buffer)
    this.#bytes.set(old.subarray(0, this.#at))
  }

  /** Makes room for `count` more bytes, and SLACK. */
  #need(count: number): void {
    const needed = this.#at + count + SLACK
    if (needed > this.#bytes.length) {
      this.#resize(Math.max(needed, Math.min(2 * this.#bytes.length, constants.MAX_LENGTH)))
    }
  }

  #byte(x: number): void {
    this.#bytes[this.#at++] = x
  }

  #varint(x: number): void {
    while (x >= 0x80) {
      this.#bytes[this.#at++] = (x % 0x80) | 0x80
      x = Math.floor(x / 0x80)
    }
    this.#bytes[this.#at++] = x
  }

  #double(x: number): void {
    this.#view.setFloat64(this.#at, x, true)
    this.#at += 8
  }

  #value(value: unknown): void {
    if (this.#at + SLACK > this.#bytes.length) this.#need(0)
    switch (typeof value) {
      case 'number':
        return this.#number(value)
      case 'string':
        return this.#string(value)
      case 'object':
        return value === null ? this.#byte(tag.NULL) : this.#object(value)
      case 'undefined':
        return this.#byte(tag.UNDEFINED)
      case 'boolean':
        return this.#byte(value ? tag.TRUE : tag.FALSE)
      case 'bigint':
        return this.#bigint(value)
      default:
        throw new Unsendable(value, typeof value)
    }
  }

  #number(x: number): void {
    if ((x | 0) !== x || (x === 0 && 1 / x < 0)) {
      this.#byte(tag.DOUBLE)
      this.#double(x)
    } else if (x >= 0 && x < tag.SMALL_INTEGERS) this.#byte(x)
    else if (x >= -0x80 && x <= 0x7f) {
      this.#byte(tag.INT8)
      this.#byte(x)
    } else if (x >= -0x8000 && x <= 0x7fff) {
      this.#byte(tag.INT16)
      this.#view.setInt16(this.#at, x, true)
      this.#at += 2
    } else {
      this.#byte(tag.INT32)
      this.#view.setInt32(this.#at, x, true)
      this.#at += 4
    }
  }

  #bigint(x: bigint): void {
    if (BigInt.asIntN(64, x) === x) {
      this.#byte(tag.BIGINT64)
      this.#view.setBigInt64(this.#at, x, true)
      this.#at += 8
      return
    }
    const hex = (x < 0n ? -x : x).toString(16)
    const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
    this.#byte(x < 0n ? tag.NEGATIVE_BIGINT : tag.BIGINT)
    this.#varint(digits.length)
    this.#raw(digits)
  }

  #raw(bytes: Uint8Array): void {
    this.#need(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #string(text: string): void {
    const { length } = text
    if (length < tag.SHORT_STRING_LIMIT) {
      const head = this.#at
      this.#byte(tag.SHORT_STRING + length)
      if (this.#latin1(text)) return
      this.#at = head
    }
    this.#longString(text, tag.LATIN1, tag.UTF16)
  }

  /** Writes a short string without its length; false where it has other characters. */
  #latin1(text: string): boolean {
    const bytes = this.#bytes
    let at = this.#at
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0xff) return false
      bytes[at++] = unit
    }
    this.#at = at
    return true
  }

  /** A string of any length, after the tag `narrow` or `wide`. */
  #longString(text: string, narrow: number, wide: number): void {
    const { length } = text
    this.#need(2 * length)
    const head = this.#at
    this.#byte(narrow)
    this.#varint(length)
    // As UTF-8 an ASCII string, and no other, has as many bytes as characters; the limit leaves room to see more.
    const isAscii = this.#bytes.write(text, this.#at, length + 4, 'utf8') === length
    if (!isAscii && /[^\0-\xff]/.test(text)) {
      this.#at = head
      this.#byte(wide)
      this.#varint(2 * length)
      this.#at += this.#bytes.write(text, this.#at, 2 * length, 'utf16le')
      return
    }
    if (!isAscii) this.#bytes.write(text, this.#at, length, 'latin1')
    this.#at += length
  }

  #newKey(key: string): void {
    this.#need(0)
    if (key.length < tag.SHORT_STRING_LIMIT) {
      const head = this.#at
      this.#byte(tag.KEY_LATIN1)
      this.#byte(key.length)
      if (this.#latin1(key)) return
      this.#at = head
    }
    this.#longString(key, tag.KEY_LATIN1, tag.KEY_UTF16)
  }

  #key(key: string, after: number): number {
    const guess = this.#nextKey[after]
    let known = guess < this.#keys.count && this.#keys.list[guess] === key ? guess : this.#keys.find(key)
    if (known >= 0) this.#varint(tag.KEY_KNOWN + known)
    else {
      this.#newKey(key)
      known = this.#keys.count
      this.#keys.add(key)
      this.#nextKey[known + 1] = 0
    }
    this.#nextKey[after] = known
    return known + 1
  }

  #object(value: object): void {
    const seen = this.#objects.find(value)
    if (seen >= 0) {
      this.#byte(tag.REF)
      this.#varint(seen)
      return
    }
    this.#objects.add(value)
    if (Array.isArray(value)) return this.#array(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#plain(value)
    if (ArrayBuffer.isView(value)) return this.#viewOfMemory(value)
    // A class instance is told by its tag; only what claims to be something else is worth the slower checks.
    if (tagOf(value) === '[object Object]') return this.#plain(value)
    this.#special(value)
  }

  #special(value: object): void {
    if (types.isMap(value)) this.#collection(value, tag.MAP, tag.LATER_MAP)
    else if (types.isSet(value)) this.#collection(value, tag.SET, tag.LATER_SET)
    else if (types.isDate(value)) {
      this.#byte(tag.DATE)
      this.#double(Date.prototype.getTime.call(value))
    } else if (types.isNativeError(value)) this.#error(value)
    else if (types.isRegExp(value)) {
      this.#byte(tag.REGEXP)
      this.#value(value.source)
      this.#value(value.flags)
    } else if (types.isAnyArrayBuffer(value)) {
      this.#byte(tag.ARRAY_BUFFER)
      this.#memory(value)
    } else if (types.isBoxedPrimitive(value) && !types.isSymbolObject(value)) {
      this.#byte(tag.BOXED)
      this.#value(value.valueOf())
    } else {
      const kind = unsendableKind(value)
      if (kind !== undefined) throw new Unsendable(value, kind)
      this.#plain(value)
    }
  }

  #announce(value: object, later: number): void {
    this.#byte(later)
    this.#later.push(value)
  }

  #plain(value: object): void {
    if (this.#depth >= tag.MAX_DEPTH) return this.#announce(value, tag.LATER_OBJECT)
    this.#byte(tag.OBJECT)
    this.#depth++
    this.#properties(value)
    this.#depth--
  }

  #collection(value: object, now: number, later: number): void {
    if (this.#depth >= tag.MAX_DEPTH) return this.#announce(value, later)
    this.#byte(now)
    this.#depth++
    this.#contents(value)
    this.#depth--
  }

  #contents(value: object): void {
    if (Array.isArray(value)) this.#elements(value)
    else if (types.isMap(value)) this.#entries(value)
    else if (types.isSet(value)) this.#members(value)
    else this.#properties(value)
  }

  #properties(value: object): void {
    let after = 0
    for (const key in value) {
      if (!hasOwn(value, key)) continue
      const property = (value as Record<string, unknown>)[key]
      after = this.#key(key, after)
      this.#value(property)
    }
    this.#need(0)
    this.#byte(tag.KEY_END)
  }

  #entries(map: Map<unknown, unknown>): void {
    Map.prototype.forEach.call(map, (value, key) => {
      this.#value(key)
      this.#value(value)
    })
    this.#need(0)
    this.#byte(tag.END)
  }

  #members(set: Set<unknown>): void {
    Set.prototype.forEach.call(set, (member) => this.#value(member))
    this.#need(0)
    this.#byte(tag.END)
  }

  #array(array: readonly unknown[]): void {
    const packing = packingOf(array)
    if (packing !== tag.ARRAY) return this.#numbers(packing, array as readonly number[])
    if (this.#depth >= tag.MAX_DEPTH) return this.#announce(array, tag.LATER_ARRAY)
    const { length } = array
    const head = this.#at
    this.#byte(tag.ARRAY)
    this.#varint(length)
    this.#depth++
    for (let i = 0; i < length; i++) {
      const element = array[i]
      if (element === undefined && !hasOwn(array, i)) {
        this.#bytes[head] = tag.HOLEY_ARRAY
        this.#elementsFrom(array, i, length)
        break
      }
      this.#value(element)
    }
    this.#depth--
  }

  #elements(array: readonly unknown[]): void {
    this.#need(0)
    this.#varint(array.length)
    this.#elementsFrom(array, 0, array.length)
  }

  /** Elements from `first` on, with runs of absent ones counted. */
  #elementsFrom(array: readonly unknown[], first: number, length: number): void {
    let present: number[] | undefined // the indices of a sparse array, in ascending order
    let next = 0
    let i = first
    while (i < length) {
      const element = array[i]
      if (element !== undefined || hasOwn(array, i)) {
        this.#value(element)
        i++
        continue
      }
      const start = i
      while (i < length && i - start < HOLES_TO_PROBE && !hasOwn(array, i)) i++
      if (i - start === HOLES_TO_PROBE && i < length) {
        present ??= Object.keys(array).map(Number).filter((index) => index > start)
        while (next < present.length && present[next] < i) next++
        i = next < present.length ? Math.min(present[next], length) : length
      }
      this.#need(0)
      this.#byte(tag.HOLES)
      this.#varint(i - start)
    }
    this.#need(0)
    this.#byte(tag.END)
  }

  #numbers(packing: number, array: readonly number[]): void {
    const { length } = array
    this.#need(8 * length)
    this.#byte(packing)
    this.#varint(length)
    const view = this.#view
    const bytes = this.#bytes
    let at = this.#at
    if (packing === tag.INT8_ARRAY) for (let i = 0; i < length; i++) bytes[at++] = array[i]
    else if (packing === tag.INT16_ARRAY) for (let i = 0; i < length; i++, at += 2) view.setInt16(at, array[i], true)
    else if (packing === tag.INT32_ARRAY) for (let i = 0; i < length; i++, at += 4) view.setInt32(at, array[i], true)
    else for (let i = 0; i < length; i++, at += 8) view.setFloat64(at, array[i], true)
    this.#at = at
  }

  /** The length and the bytes of a view or buffer. */
  #memory(memory: ArrayBufferView | ArrayBufferLike): void {
    const bytes = rawBytes(memory)
    this.#varint(bytes.length)
    this.#raw(bytes)
  }

  /**
   * Views of one ArrayBuffer go on sharing it: the buffer travels whole. Not so where the view is a small part of a
   * large buffer, as a Buffer from Node's pool is: then its own bytes alone do.
   */
  #viewOfMemory(view: ArrayBufferView): void {
    const type = typeOfView(view)
    if (type === NOT_A_KNOWN_VIEW) throw new Unsendable(view, tagOf(view).slice(8, -1))
    const { buffer, byteLength } = view
    const seen = this.#objects.find(buffer) >= 0
    if (seen || byteLength < buffer.byteLength) {
      const shares = seen || buffer.byteLength <= SHARED_ANYWAY || 2 * byteLength >= buffer.byteLength
      this.#byte(shares ? tag.VIEW_PART : tag.VIEW_OWN)
      this.#byte(type)
      if (!shares) return this.#memory(view)
      this.#varint(view.byteOffset)
      this.#varint(byteLength)
      return this.#value(buffer)
    }
    this.#objects.add(buffer)
    this.#byte(tag.VIEW_ALL)
    this.#byte(type)
    this.#memory(view)
  }

  #error(error: Error): void {
    const kind = errorKind(error)
    this.#byte(tag.ERROR)
    this.#byte(kind)
    const { name, message, stack, code } = error as Error & { code?: unknown }
    let after = 0
    const field = (key: string, value: unknown): void => {
      after = this.#key(key, after)
      this.#value(value)
    }
    if (typeof name === 'string' && name !== tag.ERROR_NAMES[kind]) field('name', name)
    if (typeof message === 'string') field('message', message)
    if (typeof stack === 'string') field('stack', stack)
    if (typeof code === 'string') field('code', code)
    if (hasOwn(error, 'cause')) field('cause', error.cause)
    if (hasOwn(error, 'errors')) field('errors', (error as AggregateError).errors)
    this.#need(0)
    this.#byte(tag.KEY_END)
  }
}
