// The layout of a host's shared-memory segment, which the agent makes and the ranks map.
//
//   page 0 …                 one control block of CONTROL_BYTES per local rank
//   then, page aligned       one share of SHARE_BYTES per ordered pair: share(from, to) = to * size + from
//   then, page aligned       one ring of RING_BYTES per ordered pair, in the same order
//
// The file is sparse: memory is used only by the shares and rings that carry messages.

export const PAGE = 4096
/** A rank's control block: a 128-byte line for each word that others write often. */
export const CONTROL_BYTES = 4096
/** Ring header (producer and consumer words on lines of their own) and ring data. */
export const RING_HEADER_BYTES = 4096
export const RING_DATA_BYTES = 65536
export const RING_BYTES = RING_HEADER_BYTES + RING_DATA_BYTES

/** Where two ranks that copy a large message together agree on who copies what. */
export const SHARE_BYTES = 1024

export const controlOffset = (rank: number): number => rank * CONTROL_BYTES

/** Byte offset of the share for messages of `from` to `to`, for `size` ranks on the host. Not page aligned. */
export const shareOffset = (from: number, to: number, size: number): number =>
  size * CONTROL_BYTES + (to * size + from) * SHARE_BYTES

const ringsOffset = (size: number): number => Math.ceil(shareOffset(0, size, size) / PAGE) * PAGE

/** Byte offset of the ring that `from` writes and `to` reads, for `size` ranks on the host. */
export const ringOffset = (from: number, to: number, size: number): number =>
  ringsOffset(size) + (to * size + from) * RING_BYTES

/** Bytes of the whole segment for `size` ranks on the host. */
export const segmentBytes = (size: number): number => ringsOffset(size) + size * size * RING_BYTES
