// Rabenseifner's reduce: reduce-scatter by recursive halving, then the pieces are gathered to the root.
//
// size 4, root 0, blocks abcd:  0⇄1, 2⇄3 half each    0⇄2, 1⇄3 a quarter each    2→0 b, 3→1 d    1→0 cd
//
// Steps 2 log2 n, and one more where n is no power of two and pairs of ranks fold first; bytes 2m(n-1)/n (+ m for the
// fold), combined m(n-1)/n (+ m). Best for long vectors.
// Order: rank order; all blocks are the expression of allreduce/recursive-doubling. The survivor of the root's pair is
// the root, so every root is reached without a further hop.
// Source: Rabenseifner, "Optimization of collective reduction operations", 2004.
import { finalPiece, firstBlock, foldIn, recursiveHalving } from '../halving.js'
import { floorPowerOfTwo, foldedIndex, survivor } from '../patterns/hypercube.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* reduceRabenseifner(shape: Shape): Schedule {
  const { rank, size, root, blocks } = shape
  const cube = floorPowerOfTwo(size)
  const rest = size - cube
  yield* foldIn(shape, rest)
  const index = foldedIndex(rank, rest)
  if (rank !== survivor(index, rest, root)) return
  yield* recursiveHalving(shape, cube, rest)

  const round = new Round()
  const rootIndex = foldedIndex(root, rest)
  let start = finalPiece(index, cube)
  for (let bit = cube >> 1, pieces = 1; bit > 0; bit >>= 1, pieces *= 2) {
    const peer = survivor(index ^ bit, rest, root)
    const leaves = ((index ^ rootIndex) & bit) !== 0
    const moved = leaves ? start : start ^ pieces
    const first = firstBlock(moved, cube, blocks)
    const count = firstBlock(moved + pieces, cube, blocks) - first
    if (leaves) {
      yield round.clear().send(peer, RESULT, first, count)
      return
    }
    yield round.clear().recv(peer, RESULT, first, count)
    start &= ~pieces
  }
}
