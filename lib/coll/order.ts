// The order of a communicator's collectives: every call takes its number here, at the call, so that calls that nobody
// awaits match in call order.

/** Collectives of one communicator that may be under way as messages at a time; later ones wait for the oldest. */
export const MOST_UNDER_WAY = 64

/** How often the tag of a call has been used before it, see p2p/signature.ts. */
export const lapOf = (call: number): number => Math.floor(call / MOST_UNDER_WAY)

/** The history after a call with this signature (and, where all ranks must pass the same, `shape`). */
export const historyAfter = (history: number, signature: number, shape: number): number =>
  (Math.imul(history ^ signature, 0x9e3779b1) + shape) | 0

export class CallOrder {
  /** The number of the call that is next. */
  next = 0
  /** Mixed from the signatures of all calls so far: ranks that agree on it have agreed on every call. */
  history = 0

  /** Takes a number for a call. */
  take(signature: number, shape: number): number {
    this.history = historyAfter(this.history, signature, shape)
    return this.next++
  }
}
