// The hypercube of ranks, and how a size that is no power of two folds into one.
//
// With `cube` the largest power of two up to size and `rest = size - cube`, the first 2·rest ranks fold in pairs
// (0 1)(2 3)…: one of each pair, the survivor, stands for both. Indices 0..cube-1 number the pairs and then the single
// ranks, so an aligned group of indices always stands for a contiguous range of ranks: rank order is kept.
//
// size 6: cube 4, rest 2     rank   0 1   2 3   4   5
//                            index   0     1    2   3

/** The largest power of two that is not above `size`. */
export function floorPowerOfTwo(size: number): number {
  let power = 1
  while (power * 2 <= size) power *= 2
  return power
}

export function isPowerOfTwo(size: number): boolean {
  return (size & (size - 1)) === 0
}

/** The index of a rank's pair, or of the rank itself where it is single. */
export function foldedIndex(rank: number, rest: number): number {
  return rank < 2 * rest ? rank >> 1 : rank - rest
}

/** The rank that stands at an index: of a pair the even one, unless the odd one is the root. */
export function survivor(index: number, rest: number, root: number): number {
  if (index >= rest) return index + rest
  return root === 2 * index + 1 ? root : 2 * index
}
