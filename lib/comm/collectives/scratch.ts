// Memory that collectives work in. The last piece is kept for the next call: fresh memory costs a page fault for each of
// its pages, which can take longer than the collective.
import { typeOf } from '../../data/payload.js'
import { CONSTRUCTORS } from '../../data/types.js'
import type { TypedArray } from '../../data/types.js'

/** A larger piece serves for one call only. */
const KEPT_BYTES = 64 * 1024 * 1024

let kept = new ArrayBuffer(0)

/** Memory of the type and length of `array`, with anything in it. To be given back when the collective is complete. */
export function takeScratch(array: TypedArray): TypedArray {
  const { byteLength, length } = array
  const memory = kept.byteLength >= byteLength ? kept : new ArrayBuffer(byteLength)
  if (memory === kept) kept = new ArrayBuffer(0)
  return new CONSTRUCTORS[typeOf(array) as 0](memory, 0, length)
}

/** Nobody writes to it or reads it any more. */
export function giveScratchBack({ buffer }: TypedArray): void {
  const larger = buffer.byteLength > kept.byteLength && buffer.byteLength <= KEPT_BYTES
  if (larger) kept = buffer as ArrayBuffer
}
