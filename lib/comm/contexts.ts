// Context ids: the number that keeps the messages of one communicator apart from all others'.
//
//   bit 0 collectives   bits 1-17 counter of the process that made it   bits 18-31 that process's rank in COMM_WORLD
//
// An id is unique because only one process hands it out; so communicators can be made at the same time without asking.
import { StateError } from '../errors.js'

const COUNTER_BITS = 17
const MOST = 2 ** COUNTER_BITS
/** Counters 0 and 1 of rank 0 are COMM_WORLD and COMM_SELF. */
export const WORLD_CONTEXT = 0
export const SELF_CONTEXT = 2

export class Contexts {
  readonly #base: number
  readonly #free: number[] = []
  #next = 2

  constructor(worldRank: number) {
    this.#base = worldRank << (COUNTER_BITS + 1)
  }

  take(): number {
    const counter = this.#free.pop() ?? this.#next++
    if (counter >= MOST) throw new StateError(`this rank has made ${MOST} communicators: free those no longer needed`)
    return this.#base | (counter << 1)
  }

  /** An id that this process took may be taken again; others' are left alone. */
  giveBack(context: number): void {
    if (((context ^ this.#base) >>> (COUNTER_BITS + 1)) === 0) this.#free.push((context & (2 * MOST - 1)) >> 1)
  }

  isPredefined(context: number): boolean {
    return context === WORLD_CONTEXT || context === SELF_CONTEXT
  }
}
