// The writing of what an encoded value is made of: varints, numbers, bigints and strings, into a buffer that grows.
import { constants } from 'node:buffer'
import { DataError } from '../errors.js'
import * as tag from './codec-format.js'

/** Room for the fixed part of any value: tags, varints, numbers. */
const SLACK = 128
/** Strings of up to so many characters are copied here, one by one, longer ones by Node. Less than SLACK. */
const COPIED_LENGTH = 64
const FIRST_CAPACITY = 1 << 16
/** A larger buffer serves for one value only. */
const KEPT_CAPACITY = 1 << 20

/** What has a fixed size is written without a check: there are SLACK bytes of room, for which `need` cares. */
export class Writer {
  protected bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  protected view = new DataView(this.bytes.buffer)
  protected at = 0
  #written = new Uint8Array(this.bytes.buffer, 0, 0)

  /** What has been written. Values of one kind have one length: to make a view costs as much as to encode a small one. */
  protected written(): Uint8Array {
    const { buffer } = this.bytes
    const last = this.#written
    if (last.length === this.at && last.buffer === buffer) return last
    return (this.#written = new Uint8Array(buffer, 0, this.at))
  }

  /** Begins again at the start of the buffer. */
  protected rewind(): void {
    this.at = 0
    if (this.bytes.length > KEPT_CAPACITY) this.#resize(FIRST_CAPACITY)
  }

  #resize(capacity: number): void {
    const old = this.bytes
    try {
      this.bytes = Buffer.allocUnsafeSlow(capacity)
    } catch (error) {
      throw new DataError(`the value is too large to send: more than ${this.at} bytes`, 'value', { cause: error })
    }
    this.view = new DataView(this.bytes.buffer)
    this.bytes.set(old.subarray(0, this.at))
  }

  /** Makes room for `count` more bytes, and SLACK. */
  protected need(count: number): void {
    const needed = this.at + count + SLACK
    if (needed > this.bytes.length) {
      this.#resize(Math.max(needed, Math.min(2 * this.bytes.length, constants.MAX_LENGTH)))
    }
  }

  protected byte(x: number): void {
    this.bytes[this.at++] = x
  }

  protected varint(x: number): void {
    while (x >= 0x80) {
      this.bytes[this.at++] = (x % 0x80) | 0x80
      x = Math.floor(x / 0x80)
    }
    this.bytes[this.at++] = x
  }

  protected double(x: number): void {
    this.view.setFloat64(this.at, x, true)
    this.at += 8
  }

  protected number(x: number): void {
    if ((x | 0) !== x || (x === 0 && 1 / x < 0)) {
      this.byte(tag.DOUBLE)
      this.double(x)
    } else if (x >= 0 && x < tag.SMALL_INTEGERS) this.byte(x)
    else if (x >= -0x80 && x <= 0x7f) {
      this.byte(tag.INT8)
      this.byte(x)
    } else if (x >= -0x8000 && x <= 0x7fff) {
      this.byte(tag.INT16)
      this.view.setInt16(this.at, x, true)
      this.at += 2
    } else {
      this.byte(tag.INT32)
      this.view.setInt32(this.at, x, true)
      this.at += 4
    }
  }

  protected bigint(x: bigint): void {
    if (BigInt.asIntN(64, x) === x) {
      this.byte(tag.BIGINT64)
      this.view.setBigInt64(this.at, x, true)
      this.at += 8
      return
    }
    const hex = (x < 0n ? -x : x).toString(16)
    const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
    this.byte(x < 0n ? tag.NEGATIVE_BIGINT : tag.BIGINT)
    this.varint(digits.length)
    this.raw(digits)
  }

  protected raw(bytes: Uint8Array): void {
    this.need(bytes.length)
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }

  protected string(text: string): void {
    const { length } = text
    if (length >= tag.SHORT_STRING_LIMIT) return this.longString(text, tag.LATIN1, tag.UTF16)
    const head = this.at
    this.bytes[this.at++] = tag.SHORT_STRING + length
    if (this.#latin1(text, head)) return
    this.longString(text, tag.LATIN1, tag.UTF16)
  }

  /** Writes the characters of a short string; where it has others than Latin-1, goes back to `head`. */
  #latin1(text: string, head: number): boolean {
    const bytes = this.bytes
    let at = this.at
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0xff) {
        this.at = head
        return false
      }
      bytes[at++] = unit
    }
    this.at = at
    return true
  }

  /** A string after the tag `narrow`, in Latin-1, or after `wide`, in UTF-16. */
  protected longString(text: string, narrow: number, wide: number): void {
    const { length } = text
    this.need(2 * length)
    const head = this.at
    this.byte(narrow)
    this.varint(length)
    if (length <= COPIED_LENGTH ? this.#latin1(text, head) : this.#nodeLatin1(text)) return
    this.at = head
    this.byte(wide)
    this.varint(2 * length)
    this.at += this.bytes.write(text, this.at, 2 * length, 'utf16le')
  }

  #nodeLatin1(text: string): boolean {
    const { length } = text
    // As UTF-8 an ASCII string, and no other, has as many bytes as characters; the limit leaves room to see more.
    const isAscii = this.bytes.write(text, this.at, length + 4, 'utf8') === length
    if (!isAscii && /[^\0-\xff]/.test(text)) return false
    if (!isAscii) this.bytes.write(text, this.at, length, 'latin1')
    this.at += length
    return true
  }
}
