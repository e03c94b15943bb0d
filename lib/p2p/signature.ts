// A collective's signature travels in each of its messages, so that ranks that call different collectives find out.
//
//   bits 0-3 collective + 1 (0: point-to-point)   4-8 operation   9-13 algorithm   14-31 root
import { MismatchError } from '../errors.js'
import type { RecvOp } from './operation.js'

/** The collectives by their number in signatures. */
export const COLLECTIVES = ['barrier', 'bcast', 'scatter', 'gather', 'allgather', 'alltoall', 'reduce', 'allreduce'] as const

/** `op` is the code of a reduction op: 0 to 11, -1 for one of the user's. Roots past 2^18 are folded. */
export function signatureOf(collective: number, op: number, algorithm: number, root: number): number {
  return (collective + 1) | ((op & 31) << 4) | ((algorithm & 31) << 9) | ((root & 0x3ffff) << 14)
}

function inWords(signature: number): string {
  const collective = signature & 15
  if (collective === 0) return 'a point-to-point message'
  const op = (signature >>> 4) & 31
  return `${COLLECTIVES[collective - 1] ?? 'another collective'} (op ${op === 31 ? 'user-defined' : op}, algorithm ${
    (signature >>> 9) & 31
  }, root ${signature >>> 14})`
}

export function explainSignatures(op: RecvOp, theirs: number): Error {
  return new MismatchError(
    `${op.describe()}: rank ${op.scope.rankOf(op.matchedSource)} is in ${inWords(theirs)} while this rank is in ` +
      `${inWords(op.signature)}: all ranks of a communicator must call the same collectives in the same order, with the ` +
      'same root, operation, type and length',
  )
}
