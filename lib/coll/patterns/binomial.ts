// The binomial tree over relative ranks 0..size-1, rooted at 0: rank v hangs below v with its lowest set bit cleared.
//
// size 8:  0 ── 4 ── 6 ── 7      The subtree of v holds the ranks [v, v + subtree(v)): a contiguous range.
//          │    └─ 5             Children of v are v + bit for every bit below the lowest set bit of v, the largest
//          ├─ 2 ── 3             subtree first.
//          └─ 1

/** The smallest power of two that is not below `size`. */
export function ceilPowerOfTwo(size: number): number {
  let power = 1
  while (power < size) power *= 2
  return power
}

export function parent(relative: number): number {
  return relative & (relative - 1)
}

/** Where to start looking for children: `for (let bit = firstChild(v, n); bit > 0; bit >>= 1) if (v + bit < n) …` */
export function firstChild(relative: number, size: number): number {
  return (relative === 0 ? ceilPowerOfTwo(size) : relative & -relative) >> 1
}

/** How many ranks the subtree of `relative` holds, itself included. */
export function subtree(relative: number, size: number): number {
  return relative === 0 ? size : Math.min(relative & -relative, size - relative)
}
