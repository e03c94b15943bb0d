// The message in which frames travel over ZeroMQ: a head of four 32-bit words, then frames one after the other, each
// a header (wire/header.ts) and its payload, padded to a multiple of 8 bytes.
//
//   word 0   wire version (bits 0-7), flags (8-15), BATCH_MARK (16-31)
//   word 1   sequence number of the last message with frames, this one included, from 1 up, wrapping at 2^32
//   word 2   sequence number of the receiver's last message whose frames the sender has delivered
//   word 3   frames that follow; none in a message that only acknowledges or asks
import { HEADER_BYTES, WIRE_VERSION } from './header.js'

export const BATCH_HEAD_BYTES = 16
const BATCH_MARK = 0x544d
/** Acknowledge this message as soon as all before it is delivered; the sender flushes. */
export const ASK_ACK = 1 << 8

export const batchWord0 = (flags: number): number => (BATCH_MARK << 16) | flags | WIRE_VERSION

/** Why `word0` does not open a batch of ours, or undefined where it does. */
export function batchFault(word0: number): string | undefined {
  if (word0 >>> 16 !== BATCH_MARK) return 'it is not a message of tsmpi'
  if ((word0 & 0xff) !== WIRE_VERSION) return `it speaks wire version ${word0 & 0xff}, this rank ${WIRE_VERSION}`
  return undefined
}

/** Bytes that a frame takes in a batch, its header included. */
export const frameBytes = (payload: number): number => (HEADER_BYTES + payload + 7) & ~7
