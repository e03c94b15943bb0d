// The layout of a host's shared-memory segment, which the agent makes and the ranks map.
//
//   page 0 …                 one control block of CONTROL_BYTES per local rank
//   then, page aligned       one share of SHARE_BYTES per ordered pair: share(from, to) = to * size + from
//   then, page aligned       one ring of RING_BYTES per ordered pair, in the same order
//   then, page aligned       one page that says which boards are taken
//   then, page aligned       BOARDS boards of BOARD_BYTES, see transport/board.ts
//
// The file is sparse: memory is used only by the shares and rings that carry messages and the boards that carry
// collectives.

export const PAGE = 4096
/** A rank's control block: a 128-byte line for each word that others write often. */
export const CONTROL_BYTES = 4096
/** Ring header (producer and consumer words on lines of their own) and ring data. */
export const RING_HEADER_BYTES = 4096
export const RING_DATA_BYTES = 65536
export const RING_BYTES = RING_HEADER_BYTES + RING_DATA_BYTES

/** Boards of a host: communicators that may use one at a time. Board 0 is COMM_WORLD's. */
export const BOARDS = 64
/** The most members a communicator with a board has: one bit each in a word. */
export const BOARD_MEMBERS = 32
/** Collectives that a rank may be ahead of the slowest member: a power of two. */
export const BOARD_SLOTS = 32
/** A slot: SLOT_HEADER_BYTES, then a small payload. Two cache lines, which processors fetch together. */
export const SLOT_BYTES = 128
export const SLOT_HEADER_BYTES = 16
export const SLOT_PAYLOAD = SLOT_BYTES - SLOT_HEADER_BYTES
/** Each member's buffers for larger payloads. */
export const BOARD_BUFFERS = 4
export const BUFFER_BYTES = 262144
/** From one buffer to the next: no power of two, or the same place of all buffers would share one set of a cache. */
export const BUFFER_STRIDE = BUFFER_BYTES + SLOT_BYTES

/** Bytes of a board for `members`: a line each, their slots, their buffers. */
export const boardBytes = (members: number): number =>
  PAGE + members * (BOARD_SLOTS * SLOT_BYTES + BOARD_BUFFERS * BUFFER_STRIDE)

/** Room for the largest board. */
const BOARD_BYTES = Math.ceil(boardBytes(BOARD_MEMBERS) / PAGE) * PAGE

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

/** Byte offset of the page that says which boards are taken, for `size` ranks on the host. */
export const poolOffset = (size: number): number => ringsOffset(size) + size * size * RING_BYTES

export const boardOffset = (board: number, size: number): number => poolOffset(size) + PAGE + board * BOARD_BYTES

/** Bytes of the whole segment for `size` ranks on the host. */
export const segmentBytes = (size: number): number => boardOffset(BOARDS, size)
