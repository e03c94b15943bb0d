// The encoding half of the object codec: one pass over the value.
import { types } from 'node:util'
import * as tag from './codec-format.js'
import { Unsendable, errorKind, hasOwn, packingOf, tagOf, unsendableKind } from './codec-kinds.js'
import { KeyNumbers, ObjectNumbers } from './codec-numbering.js'
import { Writer } from './codec-writer.js'
import { isDetached, rawBytes, typeOfView } from './raw.js'
import { OBJECT as NOT_A_KNOWN_VIEW } from './types.js'

const HOLES_TO_PROBE = 64
/** An ArrayBuffer of up to so many bytes travels whole with any view of it. */
const SHARED_ANYWAY = 4096

export class Encoder extends Writer {
  #depth = 0
  readonly #objects = new ObjectNumbers()
  readonly #keys = new KeyNumbers()
  #later: object[] = []

  /** The encoded value, valid until the next call. */
  encode(value: unknown): Uint8Array {
    this.rewind()
    this.#depth = 0
    try {
      this.#value(value)
      for (let i = 0; i < this.#later.length; i++) this.#contents(this.#later[i])
      return this.written()
    } finally {
      this.#objects.clear()
      this.#keys.clear()
      if (this.#later.length > 0) this.#later = []
    }
  }

  #value(value: unknown): void {
    this.need(0)
    switch (typeof value) {
      case 'number':
        return this.number(value)
      case 'string':
        return this.string(value)
      case 'object':
        return value === null ? this.byte(tag.NULL) : this.#object(value)
      case 'undefined':
        return this.byte(tag.UNDEFINED)
      case 'boolean':
        return this.byte(value ? tag.TRUE : tag.FALSE)
      case 'bigint':
        return this.bigint(value)
      default:
        throw new Unsendable(value, typeof value)
    }
  }

  /** Writes a key that stands after key `previous`; returns its number. */
  #key(key: string, previous: number): number {
    const known = this.#keys.find(key, previous)
    if (known < 0) {
      this.need(0)
      this.longString(key, tag.KEY_LATIN1, tag.KEY_UTF16)
      return this.#keys.add(key, previous)
    }
    if (known < 0x80 - tag.KEY_KNOWN) this.bytes[this.at++] = tag.KEY_KNOWN + known
    else this.varint(tag.KEY_KNOWN + known)
    return known
  }

  #object(value: object): void {
    const seen = this.#objects.find(value)
    if (seen >= 0) {
      this.byte(tag.REF)
      this.varint(seen)
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
      this.byte(tag.DATE)
      this.double(Date.prototype.getTime.call(value))
    } else if (types.isNativeError(value)) this.#error(value)
    else if (types.isRegExp(value)) {
      this.byte(tag.REGEXP)
      this.#value(value.source)
      this.#value(value.flags)
    } else if (types.isAnyArrayBuffer(value)) {
      this.byte(tag.ARRAY_BUFFER)
      this.#memory(value)
    } else if (types.isBoxedPrimitive(value) && !types.isSymbolObject(value)) {
      this.byte(tag.BOXED)
      this.#value(value.valueOf())
    } else {
      const kind = unsendableKind(value)
      if (kind !== undefined) throw new Unsendable(value, kind)
      this.#plain(value)
    }
  }

  #announce(value: object, later: number): void {
    this.byte(later)
    this.#later.push(value)
  }

  #plain(value: object): void {
    if (this.#depth >= tag.MAX_DEPTH) return this.#announce(value, tag.LATER_OBJECT)
    this.byte(tag.OBJECT)
    this.#depth++
    this.#properties(value)
    this.#depth--
  }

  #collection(value: object, now: number, later: number): void {
    if (this.#depth >= tag.MAX_DEPTH) return this.#announce(value, later)
    this.byte(now)
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
    let previous = -1
    for (const key in value) {
      if (!hasOwn(value, key)) continue
      const property = (value as Record<string, unknown>)[key]
      previous = this.#key(key, previous)
      this.#value(property)
    }
    this.need(0)
    this.byte(tag.KEY_END)
  }

  #entries(map: Map<unknown, unknown>): void {
    Map.prototype.forEach.call(map, (value, key) => {
      this.#value(key)
      this.#value(value)
    })
    this.need(0)
    this.byte(tag.END)
  }

  #members(set: Set<unknown>): void {
    Set.prototype.forEach.call(set, (member) => this.#value(member))
    this.need(0)
    this.byte(tag.END)
  }

  #array(array: readonly unknown[]): void {
    const packing = packingOf(array)
    if (packing !== tag.ARRAY) return this.#numbers(packing, array as readonly number[])
    if (this.#depth >= tag.MAX_DEPTH) return this.#announce(array, tag.LATER_ARRAY)
    const { length } = array
    const head = this.at
    this.byte(tag.ARRAY)
    this.varint(length)
    this.#depth++
    for (let i = 0; i < length; i++) {
      const element = array[i]
      if (element === undefined && !hasOwn(array, i)) {
        this.bytes[head] = tag.HOLEY_ARRAY
        this.#elementsFrom(array, i, length)
        break
      }
      this.#value(element)
    }
    this.#depth--
  }

  #elements(array: readonly unknown[]): void {
    this.need(0)
    this.varint(array.length)
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
      this.need(0)
      this.byte(tag.HOLES)
      this.varint(i - start)
    }
    this.need(0)
    this.byte(tag.END)
  }

  #numbers(packing: number, array: readonly number[]): void {
    const { length } = array
    this.need(8 * length)
    this.byte(packing)
    this.varint(length)
    const view = this.view
    const bytes = this.bytes
    let at = this.at
    if (packing === tag.INT8_ARRAY) for (let i = 0; i < length; i++) bytes[at++] = array[i]
    else if (packing === tag.INT16_ARRAY) for (let i = 0; i < length; i++, at += 2) view.setInt16(at, array[i], true)
    else if (packing === tag.INT32_ARRAY) for (let i = 0; i < length; i++, at += 4) view.setInt32(at, array[i], true)
    else for (let i = 0; i < length; i++, at += 8) view.setFloat64(at, array[i], true)
    this.at = at
  }

  /** The length and the bytes of a view or buffer. */
  #memory(memory: ArrayBufferView | ArrayBufferLike): void {
    if (isDetached(memory)) throw new Unsendable(memory, 'detached ArrayBuffer')
    const bytes = rawBytes(memory)
    this.varint(bytes.length)
    this.raw(bytes)
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
      this.byte(shares ? tag.VIEW_PART : tag.VIEW_OWN)
      this.byte(type)
      if (!shares) return this.#memory(view)
      this.varint(view.byteOffset)
      this.varint(byteLength)
      return this.#value(buffer)
    }
    this.#objects.add(buffer)
    this.byte(tag.VIEW_ALL)
    this.byte(type)
    this.#memory(view)
  }

  #error(error: Error): void {
    const kind = errorKind(error)
    this.byte(tag.ERROR)
    this.byte(kind)
    const { name, message, stack, code } = error as Error & { code?: unknown }
    let previous = -1
    const field = (key: string, value: unknown): void => {
      previous = this.#key(key, previous)
      this.#value(value)
    }
    if (typeof name === 'string' && name !== tag.ERROR_NAMES[kind]) field('name', name)
    if (typeof message === 'string' && message !== '') field('message', message)
    if (typeof stack === 'string') field('stack', stack)
    if (typeof code === 'string') field('code', code)
    if (hasOwn(error, 'cause')) field('cause', error.cause)
    if (hasOwn(error, 'errors')) field('errors', (error as AggregateError).errors)
    this.need(0)
    this.byte(tag.KEY_END)
  }
}
