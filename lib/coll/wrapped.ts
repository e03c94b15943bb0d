// Ranges of blocks that may run past the last block and go on at block 0: such a range travels as two messages.
import type { BufferName, Round } from './schedule.js'

/** Adds the sends for `count` blocks from `first`, of `blocks` in all. */
export function sendWrapped(
  round: Round, peer: number, buffer: BufferName, first: number, count: number, blocks: number,
): void {
  const head = Math.min(count, blocks - first)
  round.send(peer, buffer, first, head)
  if (head < count) round.send(peer, buffer, 0, count - head)
}

/** Adds the receives that match `sendWrapped` of the same range. */
export function recvWrapped(
  round: Round, peer: number, buffer: BufferName, first: number, count: number, blocks: number,
): void {
  const head = Math.min(count, blocks - first)
  round.recv(peer, buffer, first, head)
  if (head < count) round.recv(peer, buffer, 0, count - head)
}
