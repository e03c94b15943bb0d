// What collectives need of a board, see transport/board.ts; and of the pool that boards are taken from.
import type { Publication } from '../transport/transport.js'

export type { Publication }

/** What a member has of the others' own memory, where a board has not enough. Addresses are those that members publish. */
export interface LentMemory {
  /** Whether this member can copy from all others, as far as they are there yet. Once it can, it makes that known. */
  reach(): boolean
  /** Whether `rank` has made known that it can. */
  reachedBy(rank: number): boolean
  /** Where `bytes` are for other members; valid as long as the array is alive. */
  addressOf(bytes: Uint8Array): number
  /** bytes[at … at + length] = what member `rank` has at `address`. Returns 0 or an errno. */
  fetch(rank: number, address: number, bytes: Uint8Array, at: number, length: number): number
  /** The other way. */
  store(rank: number, address: number, bytes: Uint8Array, at: number, length: number): number
  /** This member has copied all that it copies in collective `number`; or could not. */
  fetched(number: number, failed: boolean): void
  hasFetched(number: number, rank: number): boolean
  /** Of one that has fetched. */
  hasFailed(number: number, rank: number): boolean
  /** Waits for a while for members from `row` on to have fetched. Returns the first that has not; `end` if all have. */
  collectFetched(number: number, row: number, end: number): number
  /** The next `linger` of the transport ends when the members from `row` on have fetched. */
  watchFetched(number: number, row: number, end: number): void
}

/** Shared memory on which the members of a communicator publish for each other. */
export interface Board extends LentMemory {
  readonly size: number
  readonly rank: number
  /** The longest payload. */
  readonly capacity: number
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly doubles: Float64Array
  /** Publishes, if there is room. */
  publish(publication: Publication): boolean
  /**
   * Waits for a while for members from `row` on to publish `number`, with this check. Returns the first that has not, or
   * with another check; `end` if all have.
   */
  collect(number: number, row: number, end: number, check: number): number
  arrived(number: number, rank: number): boolean
  agrees(number: number, rank: number, check: number): boolean
  signature(number: number, rank: number): number
  type(number: number, rank: number): number
  length(number: number, rank: number): number
  offset(number: number, rank: number): number
  /** This rank is done with collective `number`. */
  pass(number: number): void
  /** A member that keeps `publish` from finding room; -1 for none. */
  laggard(number: number, length: number): number
  /** Waits for a while for a member that keeps `publish` from finding room. */
  awaitRoom(rank: number): void
  /** The next `linger` of the transport ends when the members from `row` on have published `number`. */
  watch(number: number, row: number, end: number): void
  /** Asks `rank` to ring when it publishes or passes: called once the transport is asleep. Look again afterwards. */
  await(rank: number): void
}

/** The boards of this host. Ranks are those of COMM_WORLD. */
export interface BoardPool {
  /** Members that a board has at most. */
  readonly mostMembers: number
  /** Whether all these ranks can reach boards of this pool. */
  reaches(ranks: readonly number[]): boolean
  /** A board that nobody has, for `members` ranks; -1 where all are taken. */
  take(members: number): number
  open(board: number, ranks: readonly number[]): Board
  /** This member has no more use for it; the last one gives it back. */
  leave(board: number): void
}
