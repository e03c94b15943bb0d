// Ranks on a ring 0, 1, …, size-1, 0. Distances are from 0 to size.

/** The rank `distance` places further along the ring. */
export function ahead(rank: number, distance: number, size: number): number {
  const sum = rank + distance
  return sum >= size ? sum - size : sum
}

/** The rank `distance` places back; also the rank relative to a root: `behind(rank, root, size)` is 0 at the root. */
export function behind(rank: number, distance: number, size: number): number {
  const difference = rank - distance
  return difference < 0 ? difference + size : difference
}
