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

/** A copy of `length` bytes in memory of its own; not `bytes.slice`, which on a Buffer is a view. */
export const copyOut = (bytes: Uint8Array, offset: number, length: number): Uint8Array =>
  Uint8Array.prototype.slice.call(bytes, offset, offset + length)
