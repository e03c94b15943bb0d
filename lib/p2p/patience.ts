// How long a rank waits awake, by how many ranks there are for a core.

/**
 * `never`: arrivals need the event loop. `doze`: all peers are reached by the network. `spin`: a core for each rank.
 * `yield`: more ranks than cores. The same briefly: there are peers on other hosts, too, for whom the rank dozes then.
 */
export type Polling = 'never' | 'doze' | 'spin' | 'yield' | 'spin-briefly' | 'yield-briefly'

/** How a blocking call waits before it sleeps. */
export interface Patience {
  readonly milliseconds: number
  /** Polls, in vain, before it lingers in the transport. */
  readonly polls: number
  /** See Transport.linger. */
  readonly looks: number
  /** How often a receive looks for its message before it makes an operation of itself. */
  readonly shortPolls: number
}

/**
 * Whoever sleeps wakes up after 50 to 100 microseconds, so it pays to wait several times as long as that. Where there is
 * a core for each rank, the processor is yielded now and then all the same: V8 compiles on threads that need one, too.
 */
export const PATIENCE: Record<Polling, Patience> = {
  never: { milliseconds: 0, polls: 1, looks: 1, shortPolls: 0 },
  doze: { milliseconds: 0, polls: 1, looks: 1, shortPolls: 0 },
  spin: { milliseconds: 0.5, polls: 8, looks: 100, shortPolls: 50 },
  yield: { milliseconds: 1, polls: 1, looks: 1, shortPolls: 1 },
  'spin-briefly': { milliseconds: 0.1, polls: 8, looks: 100, shortPolls: 50 },
  'yield-briefly': { milliseconds: 0.1, polls: 1, looks: 1, shortPolls: 1 },
}
export const LINGER_NANOSECONDS = 50_000
/**
 * How long who waits for the network waits in the call, and how long of that awake. A message from another host takes less
 * where nobody has to be woken up, here and among the threads of ZeroMQ.
 */
export const DOZE_NANOSECONDS = 1_000_000
export const DOZE_AWAKE_NANOSECONDS = 150_000
