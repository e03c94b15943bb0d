// Rabenseifner's allreduce: reduce-scatter by recursive halving, then allgather by recursive doubling.
//
// size 4, blocks abcd:  0⇄1, 2⇄3 half each    0⇄2, 1⇄3 a quarter each    0⇄2, 1⇄3 a quarter    0⇄1, 2⇄3 half
//
// Rounds 2 log2 n, and two more where n is no power of two and pairs of ranks fold first; bytes 2m(n-1)/n a rank (+ 2m
// for the fold), combined m(n-1)/n (+ m). Best for long vectors where n is a power of two, and for ops that are not
// commutative.
// Order: rank order; all blocks are the expression of allreduce/recursive-doubling, so the two give the same bits. Each
// block is finished on one rank and copied.
// Source: Rabenseifner, "Optimization of collective reduction operations", 2004.
import { finalPiece, firstBlock, foldIn, recursiveHalving } from '../halving.js'
import { floorPowerOfTwo, foldedIndex, survivor } from '../patterns/hypercube.js'
import type { Schedule, Shape } from '../schedule.js'
import { RESULT, Round } from '../schedule.js'

export function* allreduceRabenseifner(shape: Shape): Schedule {
  const { rank, size, root, blocks } = shape
  const cube = floorPowerOfTwo(size)
  const rest = size - cube
  const round = new Round()
  const index = foldedIndex(rank, rest)
  const stays = survivor(index, rest, root)
  yield* foldIn(shape, rest)
  if (rank !== stays) {
    yield round.clear().recv(stays, RESULT, 0, blocks)
    return
  }
  yield* recursiveHalving(shape, cube, rest)

  let start = finalPiece(index, cube)
  for (let bit = cube >> 1, pieces = 1; bit > 0; bit >>= 1, pieces *= 2) {
    const peer = survivor(index ^ bit, rest, root)
    const theirs = start ^ pieces
    const first = firstBlock(start, cube, blocks)
    const firstTheirs = firstBlock(theirs, cube, blocks)
    yield round.clear().send(peer, RESULT, first, firstBlock(start + pieces, cube, blocks) - first)
      .recv(peer, RESULT, firstTheirs, firstBlock(theirs + pieces, cube, blocks) - firstTheirs)
    start &= ~pieces
  }
  if (rank < 2 * rest) yield round.clear().send(rank ^ 1, RESULT, 0, blocks)
}
