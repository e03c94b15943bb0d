// Damaged bytes for the tests that feed parsers what no honest peer would send. Seeds are fixed: a case can be found again.
import { random } from '../transport/contract.js'

/** Generated cases for each kind of parser: CI takes a million. */
export const CASES = Number(process.env['TSMPI_FUZZ'] ?? 20_000)

export type Next = (below: number) => number
export const generator: (seed: number) => Next = random

/** What a field of a message may be instead of what it should be. */
export const WRONG = [null, -1, 1.5, 2 ** 60, '', 'x', [], {}, true, [null], { 0: 'x' }]

/** Bytes with bits flipped, cut short, spliced with others, with noise in between, or nothing but noise. */
export function damage(next: Next, bytes: Buffer, other: Buffer): Buffer {
  const noise = Buffer.from(Array.from({ length: next(30) }, () => next(256)))
  const at = next(bytes.length + 1)
  switch (next(6)) {
    case 0:
      return noise
    case 1:
      return bytes.subarray(0, at)
    case 2:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(next(other.length + 1))])
    case 3:
      return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)])
    default: {
      const flipped = Buffer.from(bytes)
      for (let flips = 1 + next(4); flips > 0 && flipped.length > 0; flips--) flipped[next(flipped.length)] ^= 1 << next(8)
      return flipped
    }
  }
}

/** The bytes in pieces, as a stream might bring them. */
export function pieces(next: Next, bytes: Buffer): Buffer[] {
  const cut: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + next(next(3) === 0 ? 4 : bytes.length))
    cut.push(bytes.subarray(at, end))
    at = end
  }
  return cut
}
