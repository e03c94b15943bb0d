// The frame header: eight 32-bit words, the same on every transport.
//
//   word 0   kind (bits 0-7), payload type (8-15), flags (16-31)
//   word 1   context id of the communicator
//   word 2   tag
//   word 3   the sender's request id (EAGER with SYNC, RTS; echoed by ACK and CTS), bytes (CREDIT)
//   word 4   payload bytes in this frame; the payload of an RTS is nothing, or the message's address, a double
//   word 5   total bytes of the message, low 32 bits
//   word 6   total bytes of the message, high 21 bits
//   word 7   the receiver's request id (CTS, DATA); in EAGER and RTS the collective signature, 0 for point-to-point

/** Version of this layout; peers of another version are refused when they connect. */
export const WIRE_VERSION = 2
export const HEADER_WORDS = 8
export const HEADER_BYTES = 32

/** Frame kinds. */
export const EAGER = 1 // the whole message
export const RTS = 2 // rendezvous: a message waits at the sender, and may be copied from its memory if there is an address
export const CTS = 3 // rendezvous: the receiver is ready (or DISCARDs)
export const DATA = 4 // rendezvous: a piece of the message, in order
export const ACK = 5 // a synchronous eager message was matched, or a message was copied from the sender's memory
export const CREDIT = 6 // eager bytes (word 3) were consumed

/** The payload of an RTS that has an address. */
export const ADDRESS_BYTES = 8

/** Flags of word 0, already shifted. */
export const FLAG_SYNC = 1 << 16 // EAGER: the sender waits for an ACK
export const FLAG_DISCARD = 1 << 17 // CTS: complete the send, do not transfer

export const kindOf = (word0: number): number => word0 & 0xff
export const typeOf = (word0: number): number => (word0 >>> 8) & 0xff
/** Whether a frame of this kind exists; others break the protocol. */
export const isKind = (kind: number): boolean => kind >= EAGER && kind <= CREDIT
