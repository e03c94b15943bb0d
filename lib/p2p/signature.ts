// A collective's signature travels in each of its messages, so that ranks that call different collectives find out.
//
//   bits 0-3 collective + 1 (0: point-to-point)   4-8 operation   9-13 algorithm   14 typed   15-31 root
import { MismatchError } from '../errors.js'
import type { RecvOp } from './operation.js'

/** The collectives by their number in signatures. */
export const COLLECTIVES = ['barrier', 'bcast', 'scatter', 'gather', 'allgather', 'alltoall', 'reduce', 'allreduce'] as const

/** `op` is the code of a reduction op: 0 to 11, -1 for one of the user's. Roots past 2^17 are folded. */
export function signatureOf(collective: number, op: number, algorithm: number, typed: boolean, root: number): number {
  return (collective + 1) | ((op & 31) << 4) | ((algorithm & 31) << 9) | (typed ? 1 << 14 : 0) | (root << 15)
}

export const nameOfSignature = (signature: number): string => COLLECTIVES[(signature & 15) - 1] ?? 'another collective'

function inWords(signature: number): string {
  if (signature === 0) return 'sending a point-to-point message'
  const op = (signature >>> 4) & 31
  const algorithm = (signature >>> 9) & 31
  const data = (signature & (1 << 14)) === 0 ? 'values' : 'typed arrays'
  const operation = op === 31 ? 'a user-defined op' : `op ${op}`
  return `${nameOfSignature(signature)} (${data}, ${operation}, algorithm ${algorithm}, root ${signature >>> 15})`
}

export function explainSignatures(op: RecvOp, theirs: number): Error {
  return new MismatchError(
    `${op.describe()}: rank ${op.scope.rankOf(op.matchedSource)} is in ${inWords(theirs)} while this rank is in ` +
      `${inWords(op.signature)}: all ranks of a communicator must call the same collectives in the same order, with the ` +
      'same root, operation, type and length',
  )
}
