// What both ends of the connections of a step have in common: the keys of agents, and the messages of ZeroMQ as which the
// bytes of a connection travel. A message is a piece of the byte stream, cut anywhere; an empty one is its end.
import type * as Zmq from 'zeromq'
import { LaunchError } from '../../lib/errors.js'
import { CURVE_BYTES, JobKeys } from '../../lib/transport/zmq-keys.js'
import { requireVersion } from '../../lib/transport/zmq-version.js'
import { isIPv6 } from '../../lib/wire/control.js'

/** @throws LaunchError where zeromq is not there, and TransportError where it is too old */
export async function loadZmq(): Promise<typeof Zmq> {
  const zmq = await import('zeromq').catch((error: Error) => {
    throw new LaunchError(`agents of a step need zeromq, which cannot be loaded: ${error.message}`)
  })
  requireVersion(zmq.version)
  return zmq
}

/** The number of the root of the tree. */
export const ROOT = 0

const MAX_BYTES = 1 << 18

export interface Secret {
  job: string
  /** Hex. */
  secret: string
}

export const agentKeys = ({ job, secret }: Secret): JobKeys => new JobKeys({ jobId: job, epoch: 0, secret, of: 'agent' })

/** By what the root knows an agent. */
export const routingId = (keys: JobKeys, host: number): string => `${host}-${keys.token(host, ROOT)}`

/**
 * For either socket. A send is done, or fails, at once: that a peer is gone is thus seen, and no send has to wait for
 * another. How much may be under way is for the frames' own credit to say.
 */
export const commonOptions = (endpoint: string): Zmq.SocketOptions<Zmq.Router & Zmq.Dealer> => ({
  linger: 0,
  sendHighWaterMark: 0,
  receiveHighWaterMark: 0,
  sendTimeout: 0,
  maxMessageSize: MAX_BYTES + CURVE_BYTES,
  ipv6: isIPv6(endpoint),
})

export function messagesOf(pieces: readonly Buffer[]): Buffer[] {
  const bytes = Buffer.concat(pieces)
  const count = Math.ceil(bytes.length / MAX_BYTES)
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * MAX_BYTES, (at + 1) * MAX_BYTES))
}

export const END = Buffer.alloc(0)
