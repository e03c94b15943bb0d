// The layout of a host's shared-memory segment, which the agent makes and the ranks map.
//
//   page 0 …                 one control block of CONTROL_BYTES per local rank
//   then, page aligned       one ring of RING_BYTES per ordered pair: ring(from, to) = to * size + from
//
// The file is sparse: memory is used only by the rings that carry messages.

export const PAGE = 4096
/** A rank's control block: a 128-byte line for each word that others write often. */
export const CONTROL_BYTES = 4096
/** Ring header (producer and consumer words on lines of their own) and ring data. */
export const RING_HEADER_BYTES = 4096
export const RING_DATA_BYTES = 65536
export const RING_BYTES = RING_HEADER_BYTES + RING_DATA_BYTES

export const controlOffset = (rank: number): number => rank * CONTROL_BYTES

/** Byte offset of the ring that `from` writes and `to` reads, for `size` ranks on the host. */
export const ringOffset = (from: number, to: number, size: number): number =>
  size * CONTROL_BYTES + (to * size + from) * RING_BYTES

/** Bytes of the whole segment for `size` ranks on the host. */
export const segmentBytes = (size: number): number => size * CONTROL_BYTES + size * size * RING_BYTES
