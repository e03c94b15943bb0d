// Is there a size from which messages are suddenly slow? The steps of the latency curve above the copying time.
import type { Measured } from '../results.js'
import { median } from './statistics.js'

export interface Step {
  /** The larger of the two sizes. */
  readonly bytes: number
  readonly ratio: number
}

/** A message is copied in and out. */
const COPIES = 2

/**
 * The worst step between neighbouring powers of two: the time at the larger size over the time that is due, which is
 * that of the smaller one and of copying the additional bytes.
 */
export function worstStep(latencies: readonly Measured[], name: string, copy: string): Step | undefined {
  const at = (bytes: number, contender: string): number =>
    median(latencies.find((one) => one.bytes === bytes)?.values[contender] ?? [])
  let worst: Step | undefined
  for (const { bytes } of latencies) {
    const copying = COPIES * Math.max(0, at(2 * bytes, copy) - at(bytes, copy))
    const ratio = at(2 * bytes, name) / (at(bytes, name) + copying)
    if (bytes > 0 && Number.isFinite(ratio) && !(ratio <= (worst?.ratio ?? 0))) worst = { bytes: 2 * bytes, ratio }
  }
  return worst
}
