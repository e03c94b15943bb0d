// Which libzmq is safe enough to listen on a network: one copy of it, for ranks and agents.
import { TransportError } from '../errors.js'

/** libzmq before this has holes that need no authentication. */
const OLDEST_LIBZMQ = [4, 3, 3] as const

/** @throws TransportError */
export function requireVersion(version: string): void {
  const parts = version.split('.').map(Number)
  const at = OLDEST_LIBZMQ.findIndex((least, i) => parts[i] !== least)
  if (at >= 0 && !(parts[at] > OLDEST_LIBZMQ[at])) {
    throw new TransportError(`libzmq is ${version}; tsmpi needs ${OLDEST_LIBZMQ.join('.')} or later: update zeromq`)
  }
}
