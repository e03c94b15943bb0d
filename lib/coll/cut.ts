// How vectors are cut into the blocks that algorithms speak of.
//
// A cut of b blocks is b + 1 offsets in elements: block i is [offsets[i], offsets[i + 1]). Blocks may be empty, and
// there is always at least one.
import type { Cut } from './schedule.js'

/** Cuts `elements` into `pieces` blocks, the first ones one element longer where it does not divide. */
export function evenCut(elements: number, pieces: number): number[] {
  const length = Math.floor(elements / pieces)
  const longer = elements - length * pieces
  const offsets: number[] = []
  for (let i = 0; i <= pieces; i++) offsets.push(i * length + Math.min(i, longer))
  return offsets
}

/** Cuts `elements` into blocks of about `segment` bytes, at least one element each, as even as can be. */
export function segmentCut(elements: number, elementBytes: number, segment: number): number[] {
  return evenCut(elements, segmentCount(elements * elementBytes, Math.max(segment, elementBytes)))
}

const SMALLEST_SEGMENT = 16384
const LARGEST_SEGMENT = 262144

/**
 * The segment size for a pipeline of `size` ranks: the power of two next to √(αm / β(n-2)), which balances filling the
 * pipeline against the latency of each segment, within 16 KiB to 256 KiB. α/β is taken as 20 KB, that of shared memory.
 */
export function segmentBytes(size: number, bytes: number): number {
  if (size <= 2) return LARGEST_SEGMENT
  const best = 2 ** Math.round(Math.log2(Math.sqrt((20000 * bytes) / (size - 2))))
  return Math.min(Math.max(best, SMALLEST_SEGMENT), LARGEST_SEGMENT)
}

export function segmentCount(bytes: number, segment: number): number {
  return Math.max(1, Math.ceil(bytes / segment))
}

/** The offsets of a vector of `elements` that all ranks hold (bcast, reduce, allreduce), cut as an algorithm asks. */
export function cutBlocks(cut: Cut, size: number, elements: number, elementBytes: number): number[] {
  if (cut === 'whole') return [0, elements]
  if (cut === 'ranks') return evenCut(elements, size)
  return segmentCut(elements, elementBytes, segmentBytes(size, elements * elementBytes))
}
