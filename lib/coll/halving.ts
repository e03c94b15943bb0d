// Recursive halving: the first half of Rabenseifner's reduce and allreduce, a reduce-scatter over a hypercube.
//
// Partners at distance 1, 2, 4, … each give away half of the blocks they still work on, and combine the other half.
// Near partners first: every partial result then stands for a contiguous range of ranks, and since the lower range is
// put left, operands keep rank order (a reduce-scatter that begins with the farthest partner cannot).
//
// cube 4, pieces abcd:   0⇄1 give cd|ab, 2⇄3 give cd|ab    0⇄2 give b|a, 1⇄3 give d|c    0 ends with a, 2 b, 1 c, 3 d
import { foldedIndex, survivor } from './patterns/hypercube.js'
import type { Schedule, Shape } from './schedule.js'
import { RESULT, Round, SCRATCH } from './schedule.js'

/** The first block of a piece, where `blocks` are dealt to `cube` pieces; `firstBlock(cube, …)` is `blocks`. */
export function firstBlock(piece: number, cube: number, blocks: number): number {
  return Math.floor((piece * blocks) / cube)
}

/** The piece that an index ends with: its bits reversed. */
export function finalPiece(index: number, cube: number): number {
  let piece = 0
  for (let bit = 1, half = cube >> 1; half > 0; bit *= 2, half >>= 1) if ((index & bit) !== 0) piece += half
  return piece
}

/** Runs on survivors of the fold, with `rest` as in patterns/hypercube; leaves piece `finalPiece(index)` combined. */
export function* recursiveHalving({ rank, root, blocks }: Shape, cube: number, rest: number): Schedule {
  const round = new Round()
  const index = foldedIndex(rank, rest)
  let start = 0
  for (let bit = 1, half = cube >> 1; half > 0; bit *= 2, half >>= 1) {
    const upper = (index & bit) !== 0
    const peer = survivor(index ^ bit, rest, root)
    const lowFirst = firstBlock(start, cube, blocks)
    const middle = firstBlock(start + half, cube, blocks)
    const end = firstBlock(start + 2 * half, cube, blocks)
    round.clear()
    if (upper) {
      round.send(peer, RESULT, lowFirst, middle - lowFirst).recv(peer, SCRATCH, middle, end - middle)
      yield round.reduceLeft(RESULT, SCRATCH, middle, end - middle)
      start += half
    } else {
      round.send(peer, RESULT, middle, end - middle).recv(peer, SCRATCH, lowFirst, middle - lowFirst)
      yield round.reduceRight(RESULT, SCRATCH, lowFirst, middle - lowFirst)
    }
  }
}

/** The fold before it: of each pair one gives its whole vector to the survivor. No rounds for single ranks. */
export function* foldIn({ rank, root, blocks }: Shape, rest: number): Schedule {
  if (rank >= 2 * rest) return
  const round = new Round()
  const stays = survivor(rank >> 1, rest, root)
  if (rank !== stays) yield round.clear().send(stays, RESULT, 0, blocks)
  else {
    const other = rank ^ 1
    round.clear().recv(other, SCRATCH, 0, blocks)
    yield other < rank ? round.reduceLeft(RESULT, SCRATCH, 0, blocks) : round.reduceRight(RESULT, SCRATCH, 0, blocks)
  }
}
