// The reading of what an encoded value is made of: varints, numbers, bigints and strings, never beyond the end.
import { TransportError } from '../errors.js'
import * as tag from './codec-format.js'

/** Fewer doubles than this are not worth a DataView. */
const SCALAR_DOUBLES = 8
/** Slots of the table of keys, and the longest key in it. */
const INTERNED = 1024
const INTERNED_LENGTH = 32

/** Keys by a hash of their bytes: what was received before is not made, and looked up by V8, again. */
const interned = Array.from({ length: INTERNED }, () => '')

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

export function malformed(what: string): TransportError {
  return new TransportError(`a message holds a malformed value: ${what}`)
}

export class Reader {
  protected bytes: Uint8Array = doubleBytes
  protected at = 0
  protected end = 0
  /** The same bytes, where one was needed. */
  #buffer: Buffer | undefined

  protected begin(bytes: Uint8Array, offset: number, length: number): void {
    this.bytes = bytes
    this.at = offset
    this.end = offset + length
  }

  /** Keeps no message alive. */
  protected release(): void {
    this.bytes = doubleBytes
    this.#buffer = undefined
  }

  /** The position of `count` bytes, which are there and taken. */
  protected take(count: number): number {
    const at = this.at
    if (count > this.end - at) throw malformed(`it ends ${count - (this.end - at)} bytes too early`)
    this.at = at + count
    return at
  }

  protected byte(): number {
    return this.bytes[this.take(1)]
  }

  protected varint(): number {
    const first = this.byte()
    return first < 0x80 ? first : this.#longVarint(first & 0x7f)
  }

  #longVarint(low: number): number {
    let x = low
    for (let scale = 0x80; scale < 2 ** 50; scale *= 0x80) {
      const byte = this.byte()
      x += (byte & 0x7f) * scale
      if (byte < 0x80) return x
    }
    throw malformed('a length beyond all bounds')
  }

  protected double(): number {
    const at = this.take(8)
    for (let i = 0; i < 8; i++) doubleBytes[i] = this.bytes[at + i]
    return double[0]
  }

  protected int16(at: number): number {
    return (this.bytes[at] | (this.bytes[at + 1] << 8)) << 16 >> 16
  }

  protected int32(at: number): number {
    const bytes = this.bytes
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
  }

  /** Numbers that were packed into as few bytes each as the tag says. */
  protected packed(array: unknown[], packing: number, length: number): void {
    if (packing === tag.DOUBLE_ARRAY) return this.#doubles(array, length)
    const width = 1 << (packing - tag.INT8_ARRAY)
    const at = this.take(length * width)
    const bytes = this.bytes
    if (width === 1) for (let i = 0; i < length; i++) array[i] = (bytes[at + i] << 24) >> 24
    else if (width === 2) for (let i = 0; i < length; i++) array[i] = this.int16(at + 2 * i)
    else for (let i = 0; i < length; i++) array[i] = this.int32(at + 4 * i)
  }

  #doubles(array: unknown[], length: number): void {
    if (length < SCALAR_DOUBLES) {
      for (let i = 0; i < length; i++) array[i] = this.double()
      return
    }
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.take(8 * length), 8 * length)
    for (let i = 0; i < length; i++) array[i] = view.getFloat64(8 * i, true)
  }

  protected bigint(): bigint {
    const length = this.varint()
    const at = this.take(length)
    return length === 0 ? 0n : BigInt(`0x${this.text('hex', at, length)}`)
  }

  protected text(encoding: 'latin1' | 'utf16le' | 'hex', at: number, length: number): string {
    const { buffer, byteOffset, byteLength } = this.bytes
    this.#buffer ??= Buffer.from(buffer, byteOffset, byteLength)
    return this.#buffer.toString(encoding, at, at + length)
  }

  protected longString(encoding: 'latin1' | 'utf16le'): string {
    const length = this.varint()
    return this.text(encoding, this.take(length), length)
  }

  protected shortString(length: number): string {
    const at = this.take(length)
    const b = this.bytes
    const character = String.fromCharCode
    switch (length) {
      case 0:
        return ''
      case 1:
        return character(b[at])
      case 2:
        return character(b[at], b[at + 1])
      case 3:
        return character(b[at], b[at + 1], b[at + 2])
      case 4:
        return character(b[at], b[at + 1], b[at + 2], b[at + 3])
      case 5:
        return character(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4])
      case 6:
        return character(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5])
      case 7:
        return character(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5], b[at + 6])
      case 8:
        return character(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5], b[at + 6], b[at + 7])
      default:
        return this.text('latin1', at, length)
    }
  }

  protected latin1Key(): string {
    const length = this.varint()
    const at = this.take(length)
    if (length > INTERNED_LENGTH) return this.text('latin1', at, length)
    const bytes = this.bytes
    let hash = length
    for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + bytes[at + i]) | 0
    const slot = (hash ^ (hash >>> 10)) & (INTERNED - 1)
    const known = interned[slot]
    if (known.length === length) {
      let i = 0
      while (i < length && known.charCodeAt(i) === bytes[at + i]) i++
      if (i === length) return known
    }
    return (interned[slot] = this.text('latin1', at, length))
  }
}
