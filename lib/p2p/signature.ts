// A collective's signature travels in each of its messages, so that ranks that call different collectives find out.
//
//   bits 0-3 collective + 1 (0: point-to-point)   4-8 operation   9-13 algorithm   14 typed   15-24 root   25-31 lap
//
// The lap tells calls apart that use the same tag one after the other. A rank may be ahead of another by the messages
// that credit lets it send, 4096; laps come again after 64 * 128 calls.
import { MismatchError } from '../errors.js'
import type { Scope } from './operation.js'

/** The collectives by their number in signatures. */
export const COLLECTIVES = ['barrier', 'bcast', 'scatter', 'gather', 'allgather', 'alltoall', 'reduce', 'allreduce'] as const

const ROOT_MASK = 1023
const LAP_SHIFT = 25

/** `op` is the code of a reduction op: 0 to 11, -1 for one of the user's. Roots are taken modulo 1024. */
export function signatureOf(collective: number, op: number, algorithm: number, typed: boolean, root: number): number {
  const data = typed ? 1 << 14 : 0
  return (collective + 1) | ((op & 31) << 4) | ((algorithm & 31) << 9) | data | ((root & ROOT_MASK) << 15)
}

export const withLap = (signature: number, lap: number): number => signature | (lap << LAP_SHIFT)

export const withoutLap = (signature: number): number => signature & ((1 << LAP_SHIFT) - 1)

/** Whether two different signatures can only come from ranks that disagree, not from one that is ahead of the other. */
export const contradict = (mine: number, theirs: number): boolean =>
  mine !== theirs && (mine ^ theirs) >>> LAP_SHIFT === 0

/** The end of messages about ranks that disagree. */
export const SAME_CALLS =
  'all ranks of a communicator must call the same collectives in the same order, with the same root, operation, type and length'

export const nameOfSignature = (signature: number): string => COLLECTIVES[(signature & 15) - 1] ?? 'another collective'

function inWords(signature: number): string {
  if (signature === 0) return 'sending a point-to-point message'
  const op = (signature >>> 4) & 31
  const algorithm = (signature >>> 9) & 31
  const data = (signature & (1 << 14)) === 0 ? 'values' : 'typed arrays'
  const operation = op === 31 ? 'a user-defined op' : `op ${op}`
  return `${nameOfSignature(signature)} (${data}, ${operation}, algorithm ${algorithm}, root ${(signature >>> 15) & ROOT_MASK})`
}

/** Rank `source` of COMM_WORLD has sent a message with the signature `theirs` where this rank is at `mine`. */
export function explainSignatures(doing: string, scope: Scope, source: number, mine: number, theirs: number): Error {
  const earlier = contradict(mine, theirs) ? '' : ' that nobody received'
  return new MismatchError(
    `${doing}: rank ${scope.rankOf(source)} is in ${inWords(theirs)}${earlier} while this rank is in ${inWords(mine)}: ${SAME_CALLS}`,
  )
}
