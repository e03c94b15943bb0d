// The layout of what the ranks of a host tell each other of their lives where no agent does it: behind the segment proper.
//
//   words 0 …          TOKEN, and how many ranks have mapped it
//   a line a rank      what became of it
//   8 bytes a pair     frames that `from` has sent to `to`, valid once `from` has ended
import { PAGE, segmentBytes } from './segment.js'

/** In words. */
export const TOKEN = 0
export const TOKEN_WORDS = 4
export const READY = 8
/** Set by who tells the launcher of a failure, so that one does. */
export const TOLD = 9
const LINE = 32

export const RUNNING = 0
export const FINALIZED = 1
/** Ended with exit code 0, without having finalized. */
export const LEFT = 2

/** The word that says what became of a rank. */
export const stateWord = (rank: number): number => LINE * (1 + rank)

/** Index of a count of frames, in 64-bit numbers. */
export const sentIndex = (from: number, to: number, size: number): number => (LINE * (1 + size)) / 2 + from * size + to

export const rosterOffset = (size: number): number => Math.ceil(segmentBytes(size) / PAGE) * PAGE
export const rosterBytes = (size: number): number => Math.ceil((8 * sentIndex(size, 0, size)) / PAGE) * PAGE
