// Medians, and medians of pairwise ratios.

export function median(numbers: readonly number[]): number {
  if (numbers.length === 0) return NaN
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median over rounds of ours / theirs: what moves the machine moves both of a round. */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  const rounds = Math.min(ours.length, theirs.length)
  return median(Array.from({ length: rounds }, (_, i) => ours[i] / theirs[i]))
}

/** Three significant digits, without an exponent. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '-'
  if (Math.abs(value) >= 100) return String(Math.round(value))
  return value.toPrecision(3).replace(/e.*$/, '')
}
