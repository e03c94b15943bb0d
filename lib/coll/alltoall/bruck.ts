// Bruck's alltoall: a block that has i ranks to go moves by the bits of i; each round ships all blocks of one bit.
//
// size 3, ab = from a to b:  turn: 0 holds 00 01 02, 1 holds 11 12 10, 2 holds 22 20 21 (0, 1, 2 ranks to go)
//   bit 1: 0→1 01, 1→2 12, 2→0 20    bit 2: 0→2 02, 1→0 10, 2→1 21    then blocks take their places
//
// SCRATCH[i] holds the block that started with i ranks to go. The blocks of a bit are packed into the front of RESULT,
// which is free until the end, and those received land behind them: at most half of all, so both fit.
// Rounds ⌈log2 n⌉, bytes about n/2·log2 n·m a rank. All blocks must have one size. Best for many ranks, small blocks.
// Source: Bruck, Ho, Kipnis, Upfal, Weathersby, "Efficient algorithms for all-to-all communications in multiport
// message-passing systems", 1997.
import { ahead, behind } from '../patterns/ring.js'
import type { Schedule, Shape } from '../schedule.js'
import { INPUT, RESULT, Round, SCRATCH } from '../schedule.js'

export function* alltoallBruck({ rank, size }: Shape): Schedule {
  const round = new Round()
  round.clear().copy(SCRATCH, INPUT, 0, size - rank, rank)
  if (rank > 0) round.copy(SCRATCH, INPUT, size - rank, rank, 0)
  for (let bit = 1; bit < size; bit *= 2) {
    const packed = pack(round, bit, size)
    yield round
    round.clear().send(ahead(rank, bit, size), RESULT, 0, packed)
      .recv(behind(rank, bit, size), RESULT, packed, packed)
    unpack(round, bit, size, packed)
  }
  for (let distance = 0; distance < size; distance++) {
    round.copy(RESULT, SCRATCH, behind(rank, distance, size), 1, distance)
  }
  yield round
}

/** Copies the blocks whose distance has `bit` to the front of RESULT. Returns how many they are. */
function pack(round: Round, bit: number, size: number): number {
  let packed = 0
  for (let first = bit; first < size; first += 2 * bit) {
    const count = Math.min(bit, size - first)
    round.copy(RESULT, SCRATCH, packed, count, first)
    packed += count
  }
  return packed
}

/** Copies the blocks received at `from` of RESULT back among the others. */
function unpack(round: Round, bit: number, size: number, from: number): void {
  for (let first = bit; first < size; first += 2 * bit) {
    const count = Math.min(bit, size - first)
    round.copy(SCRATCH, RESULT, first, count, from)
    from += count
  }
}
