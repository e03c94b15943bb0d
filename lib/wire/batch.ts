// The message in which frames travel over ZeroMQ: a head of six 32-bit words, then frames one after the other, each
// a header (wire/header.ts) and its payload, padded to a multiple of 8 bytes.
//
//   word 0   wire version (bits 0-7), flags (8-15), BATCH_MARK (16-31)
//   word 1   sequence number of the last message with frames, this one included, from 1 up, wrapping at 2^32
//   word 2   sequence number of the receiver's last message whose frames the sender has delivered
//   word 3   frames that follow; none in a message that only acknowledges or asks
//   word 4   the job, as `jobMark` makes it of its id
//   word 5   the job's epoch
//
// Nothing of it is trusted: what a head says is compared with what is due, and frames must fill the message exactly.
import { HEADER_BYTES, WIRE_VERSION } from './header.js'

export const BATCH_HEAD_BYTES = 24
export const BATCH_HEAD_WORDS = BATCH_HEAD_BYTES / 4
const BATCH_MARK = 0x544d
/** Acknowledge this message as soon as all before it is delivered; the sender flushes. */
export const ASK_ACK = 1 << 8

const batchWord0 = (flags: number): number => (BATCH_MARK << 16) | flags | WIRE_VERSION

/** Which job and which of its epochs a message belongs to. */
export interface Stamp {
  readonly job: number
  readonly epoch: number
}

/** Tells jobs apart that meet by mistake (FNV-1a); it proves nothing. */
export function jobMark(jobId: string): number {
  let mark = 0x811c9dc5 | 0
  for (let i = 0; i < jobId.length; i++) mark = Math.imul(mark ^ jobId.charCodeAt(i), 0x01000193)
  return mark
}

/** Writes the head of a message into words[at … at + 5]. */
export function writeHead(words: Int32Array, at: number, flags: number, numbers: HeadNumbers, stamp: Stamp): void {
  words[at] = batchWord0(flags)
  words[at + 1] = numbers.sequence
  words[at + 2] = numbers.acknowledge
  words[at + 3] = numbers.frames
  words[at + 4] = stamp.job
  words[at + 5] = stamp.epoch
}

export interface HeadNumbers {
  readonly sequence: number
  readonly acknowledge: number
  readonly frames: number
}

/** Why words[at …] does not open a message of this job and epoch, or undefined where it does. */
export function headFault(words: Int32Array, at: number, stamp: Stamp): string | undefined {
  const fault = batchFault(words[at])
  if (fault !== undefined) return fault
  if (words[at + 4] !== stamp.job) return 'it belongs to another job'
  if (words[at + 5] !== stamp.epoch) return `it belongs to epoch ${words[at + 5]} of the job, this rank to ${stamp.epoch}`
  return undefined
}

/** Why `word0` does not open a batch of ours, or undefined where it does. */
function batchFault(word0: number): string | undefined {
  if (word0 >>> 16 !== BATCH_MARK) return 'it is not a message of tsmpi'
  if ((word0 & 0xff) !== WIRE_VERSION) return `it speaks wire version ${word0 & 0xff}, this rank ${WIRE_VERSION}`
  return undefined
}

/** Bytes that a frame takes in a batch, its header included. */
export const frameBytes = (payload: number): number => (HEADER_BYTES + payload + 7) & ~7
