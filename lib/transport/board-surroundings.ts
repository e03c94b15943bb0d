// What a board has of the transport that its members share: their memory, and how to wait and to wake.
import type { PeerMemory } from './transport.js'

/** Memory of other processes, by rank in the transport; see PeerMemory in transport.ts. */
export type OtherMemory = Pick<PeerMemory, 'addressOf' | 'readable' | 'read' | 'write'>

/** The transport that the members share. Ranks are its own. */
export interface Surroundings {
  /** Undefined where this process may not copy from others. */
  memoryOf(): OtherMemory | undefined
  /** Rings the doorbell of a rank that sleeps. */
  wake(rank: number): void
  /** The next `linger` ends also when this word has another value. */
  watch(words: Int32Array, index: number, value: number): void
  /**
   * The next `linger` ends also when the words at `slot` and at the same place of the `count - 1` slots, or lines, after
   * it all have this value. `line`: where the lines begin of the members whose slots these are; `own`: that of this one, of
   * `members` in all.
   */
  watchSlots(
    words: Int32Array, slot: number, value: number, count: number, line: number, own: number, members: number,
  ): void
  /** Waits awake for something new, so many nanoseconds at most; gives the processor away after so many looks. */
  linger(looks: number, nanoseconds: number): void
}

/** How a member waits for others before it looks after other things. */
export interface BoardPatience {
  /** Looks before it lingers, and while it lingers. */
  readonly shortLooks: number
  readonly looks: number
  /** 0: not at all. */
  readonly nanoseconds: number
}
