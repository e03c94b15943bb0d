// The decoding half of the object codec. The bytes are not trusted: every length is checked against what is left, no
// allocation exceeds a small multiple of the message, and nesting is bounded.
import * as tag from './codec-format.js'
import { Refilled } from './codec-numbering.js'
import { Reader, malformed } from './codec-reader.js'
import { arrayFrom, copyOf } from './raw.js'
import { ARRAY_BUFFER, BIGINT64, BIGUINT64, BUFFER, CONSTRUCTORS, DATA_VIEW, ELEMENT_BYTES } from './types.js'

/** Up to here an array is made in its final size, beyond it grows: V8 keeps larger holey ones as hash tables. */
const FINAL_SIZE_LIMIT = 1 << 20
/** An index so far from the others turns an array into a hash table. */
const LARGE_GAP = 4096

/** Stands among the objects for the ArrayBuffer of a view, which V8 makes only when it is asked for. */
class BufferOf {
  readonly view: ArrayBufferView
  constructor(view: ArrayBufferView) {
    this.view = view
  }
}

type Plain = Record<string, unknown>

function setOwn(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, configurable: true, writable: true })
}

/** Gives an empty array its length in the form that V8 has for sparse ones: absent elements take no memory. */
function makeSparse(array: unknown[], length: number): void {
  const far = Math.max(length - 1, LARGE_GAP)
  array[far] = undefined
  // oxlint-disable-next-line no-array-delete -- it must become absent
  delete array[far]
  array.length = length
}

export class Decoder extends Reader {
  #depth = 0
  /** For how many array elements memory may still be made: each element takes at least a byte of the message. */
  #elements = 0
  readonly #objects = new Refilled<unknown>()
  readonly #keys = new Refilled<string>()
  #later: object[] = []

  decode(bytes: Uint8Array, offset: number, length: number): unknown {
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
      throw malformed(`${length} bytes from ${offset} of ${bytes.length}`)
    }
    this.begin(bytes, offset, length)
    this.#depth = 0
    this.#elements = length
    try {
      const value = this.#value()
      for (let i = 0; i < this.#later.length; i++) this.#contents(this.#later[i])
      if (this.at !== this.end) throw malformed(`${this.end - this.at} bytes too many`)
      return value
    } finally {
      this.release()
      this.#objects.clear()
      this.#keys.clear()
      if (this.#later.length > 0) this.#later = []
    }
  }

  #value(): unknown {
    const code = this.byte()
    if (code < tag.SMALL_INTEGERS) return code
    if (code < tag.NULL) return this.shortString(code - tag.SHORT_STRING)
    switch (code) {
      case tag.NULL:
        return null
      case tag.UNDEFINED:
        return undefined
      case tag.TRUE:
        return true
      case tag.FALSE:
        return false
      case tag.INT8:
        return (this.byte() << 24) >> 24
      case tag.INT16:
        return this.int16(this.take(2))
      case tag.INT32:
        return this.int32(this.take(4))
      case tag.DOUBLE:
        return this.double()
      case tag.LATIN1:
        return this.longString('latin1')
      case tag.UTF16:
        return this.longString('utf16le')
      case tag.OBJECT:
        return this.#object()
      case tag.ARRAY:
        return this.#array()
      case tag.INT8_ARRAY:
      case tag.INT16_ARRAY:
      case tag.INT32_ARRAY:
      case tag.DOUBLE_ARRAY:
        return this.#numbers(code)
      case tag.REF:
        return this.#reference()
      default:
        return this.#rare(code)
    }
  }

  #rare(code: number): unknown {
    switch (code) {
      case tag.BIGINT64:
        return arrayFrom(BIGINT64, this.bytes, this.take(8), 8)[0]
      case tag.BIGINT:
        return this.bigint()
      case tag.NEGATIVE_BIGINT:
        return -this.bigint()
      case tag.HOLEY_ARRAY:
        return this.#container([])
      case tag.MAP:
        return this.#container(new Map())
      case tag.SET:
        return this.#container(new Set())
      case tag.LATER_OBJECT:
        return this.#announced({})
      case tag.LATER_ARRAY:
        return this.#announced([])
      case tag.LATER_MAP:
        return this.#announced(new Map())
      case tag.LATER_SET:
        return this.#announced(new Set())
      case tag.DATE:
        return this.#add(new Date(this.double()))
      case tag.REGEXP:
        return this.#regExp()
      case tag.ERROR:
        return this.#error()
      case tag.BOXED:
        return this.#boxed()
      case tag.ARRAY_BUFFER:
        return this.#add(this.#memory())
      case tag.VIEW_ALL:
      case tag.VIEW_OWN:
        return this.#view(code === tag.VIEW_ALL)
      case tag.VIEW_PART:
        return this.#viewPart()
      default:
        throw malformed(`a value cannot begin with ${code}`)
    }
  }

  #add<T>(object: T): T {
    this.#objects.add(object)
    return object
  }

  #reference(): unknown {
    const number = this.varint()
    if (number >= this.#objects.count) throw malformed(`a reference to object ${number} of ${this.#objects.count}`)
    const object = this.#objects.at(number)
    return object instanceof BufferOf ? object.view.buffer : object
  }

  /** The next key, or undefined after the last. */
  #key(): string | undefined {
    const code = this.varint()
    if (code >= tag.KEY_KNOWN) {
      if (code - tag.KEY_KNOWN >= this.#keys.count) throw malformed(`a reference to key ${code - tag.KEY_KNOWN}`)
      return this.#keys.at(code - tag.KEY_KNOWN)
    }
    if (code === tag.KEY_END) return undefined
    const key = code === tag.KEY_LATIN1 ? this.latin1Key() : this.longString('utf16le')
    if (this.#keys.count < tag.NUMBERED_KEYS) this.#keys.add(key)
    return key
  }

  #enter(): void {
    if (++this.#depth > tag.MAX_DEPTH) throw malformed('nested too deeply')
  }

  #object(): Plain {
    const object: Plain = {}
    this.#objects.add(object)
    this.#enter()
    this.#properties(object)
    this.#depth--
    return object
  }

  #properties(object: Plain): void {
    for (let key = this.#key(); key !== undefined; key = this.#key()) {
      if (key === '__proto__') setOwn(object, key, this.#value(), true)
      else object[key] = this.#value()
    }
  }

  #container<T extends object>(object: T): T {
    this.#objects.add(object)
    this.#enter()
    this.#contents(object)
    this.#depth--
    return object
  }

  #announced<T extends object>(object: T): T {
    this.#objects.add(object)
    this.#later.push(object)
    return object
  }

  #contents(object: object): void {
    if (object instanceof Map) {
      while (!this.#isEnd()) {
        const key = this.#value()
        object.set(key, this.#value())
      }
    } else if (object instanceof Set) while (!this.#isEnd()) object.add(this.#value())
    else if (Array.isArray(object)) this.#holeyElements(object)
    else this.#properties(object as Plain)
  }

  #isEnd(): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== tag.END) return false
    this.at++
    return true
  }

  /** A new array for `length` elements that take at least `bytes` bytes each. */
  #newArray(length: number, bytes: number): unknown[] {
    if (length * bytes > this.end - this.at || length > this.#elements) throw malformed(`an array of ${length}`)
    this.#elements -= length
    return this.#add(length <= FINAL_SIZE_LIMIT ? new Array<unknown>(length) : [])
  }

  #array(): unknown[] {
    const length = this.varint()
    const array = this.#newArray(length, 1)
    this.#enter()
    for (let i = 0; i < length; i++) array[i] = this.#value()
    this.#depth--
    return array
  }

  #holeyElements(array: unknown[]): void {
    const length = this.varint()
    if (length > 2 ** 32 - 1) throw malformed(`an array of ${length}`)
    if (length > this.#elements) makeSparse(array, length)
    else this.#elements -= length
    let i = 0
    while (!this.#isEnd()) {
      if (this.bytes[this.at] === tag.HOLES) {
        this.at++
        i += this.varint()
      } else if (i < length) array[i++] = this.#value()
      else throw malformed('an array with more elements than it has')
    }
    if (i > length) throw malformed('an array with more elements than it has')
    array.length = length
  }

  #numbers(packing: number): unknown[] {
    const length = this.varint()
    const array = this.#newArray(length, packing === tag.DOUBLE_ARRAY ? 8 : 1 << (packing - tag.INT8_ARRAY))
    this.packed(array, packing, length)
    return array
  }

  #regExp(): RegExp {
    const place = this.#objects.add(undefined)
    const source = this.#value()
    const flags = this.#value()
    if (typeof source !== 'string' || typeof flags !== 'string') throw malformed('a regular expression')
    return this.#objects.replace(place, new RegExp(source, flags))
  }

  #boxed(): object {
    const place = this.#objects.add(undefined)
    const value = this.#value()
    if (typeof value === 'object' || value === undefined) throw malformed('a boxed primitive')
    return this.#objects.replace(place, Object(value) as object)
  }

  #error(): Error {
    const name = tag.ERROR_NAMES[this.byte()]
    if (name === undefined) throw malformed('an unknown kind of error')
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    const error = name === 'AggregateError' ? new AggregateError([]) : new globalThis[name]()
    Error.stackTraceLimit = limit
    this.#add(error)
    for (let key = this.#key(); key !== undefined; key = this.#key()) {
      setOwn(error, key, this.#value(), key === 'code')
    }
    return error
  }

  #memory(): ArrayBuffer {
    const length = this.varint()
    return copyOf(this.bytes, this.take(length), length)
  }

  #view(isAll: boolean): ArrayBufferView {
    const type = this.byte()
    const length = this.varint()
    const at = this.take(length)
    if (type > DATA_VIEW || type === ARRAY_BUFFER || length % ELEMENT_BYTES[type] !== 0) throw malformed('a view')
    const view =
      type <= BIGUINT64 ? arrayFrom(type, this.bytes, at, length) : this.#viewOf(type, copyOf(this.bytes, at, length))
    this.#add(view)
    if (isAll) this.#add(new BufferOf(view))
    return view
  }

  #viewOf(type: number, buffer: ArrayBuffer, offset = 0, length = buffer.byteLength): ArrayBufferView {
    if (type === BUFFER) return Buffer.from(buffer, offset, length)
    if (type === DATA_VIEW) return new DataView(buffer, offset, length)
    return new CONSTRUCTORS[type as 0](buffer, offset, length / ELEMENT_BYTES[type])
  }

  #viewPart(): ArrayBufferView {
    const place = this.#objects.add(undefined)
    const type = this.byte()
    const offset = this.varint()
    const length = this.varint()
    const buffer = this.#value()
    if (!(buffer instanceof ArrayBuffer) || type > DATA_VIEW || type === ARRAY_BUFFER) throw malformed('a view')
    const element = ELEMENT_BYTES[type]
    const fits = offset + length <= buffer.byteLength && offset % element === 0 && length % element === 0
    if (!fits) throw malformed('a view beyond its buffer')
    return this.#objects.replace(place, this.#viewOf(type, buffer, offset, length))
  }
}
