// Copying bytes between views: the one place that knows which way is fastest at which length.

/** Up to this many bytes a plain loop beats a call of TypedArray.prototype.set. */
const LOOP_BYTES = 48

/** to[at …] = from[offset … offset + length]; the two must not overlap. */
export function copyBytes(to: Uint8Array, at: number, from: Uint8Array, offset: number, length: number): void {
  if (length <= LOOP_BYTES) for (let i = 0; i < length; i++) to[at + i] = from[offset + i]
  else if (offset === 0 && length === from.length) to.set(from, at)
  else to.set(from.subarray(offset, offset + length), at)
}

/** Up to this many bytes a loop over words beats `set`, which wants a view of its own. */
export const WORD_LOOP_BYTES = 192

/** The same into the beginning of `words`, from word `at` on: for copies of at most WORD_LOOP_BYTES, whole words. */
export function copyWords(words: Int32Array, from: Int32Array, at: number, count: number): void {
  for (let i = 0; i < count; i++) words[i] = from[at + i]
}

/** Memory as bytes, and as words where it stands at a word's address. */
export interface BytesAndWords {
  readonly bytes: Uint8Array
  readonly words: Int32Array
}

/** The same as copyBytes, by words where that is faster. */
export function copyAligned(to: BytesAndWords, at: number, from: BytesAndWords, offset: number, length: number): void {
  let whole = 0
  const aligned = ((at | offset) & 3) === 0 && length > 16 && length <= WORD_LOOP_BYTES
  if (aligned && from.words.length > 0 && to.words.length > 0) {
    whole = length & -4
    const { words } = to
    const source = from.words
    for (let i = at >> 2, j = offset >> 2, end = (offset + whole) >> 2; j < end; i++, j++) words[i] = source[j]
  }
  if (whole < length) copyBytes(to.bytes, at + whole, from.bytes, offset + whole, length - whole)
}

/** A copy of `length` bytes in memory of its own; not `bytes.slice`, which on a Buffer is a view. */
export const copyOut = (bytes: Uint8Array, offset: number, length: number): Uint8Array =>
  Uint8Array.prototype.slice.call(bytes, offset, offset + length)
