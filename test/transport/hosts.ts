// Ranks on several hosts, as far as one process can have them: TCP with CURVE on 127.0.0.1.
import { randomBytes } from 'node:crypto'
import { nativeZmq } from '../../native/load.js'
import type { NativeZmq } from '../../native/load.js'
import { ZmqTransport, type ZmqOptions } from '../../lib/transport/zmq.js'
import type { Endpoint, TcpOptions } from '../../lib/transport/zmq-tcp.js'
import type { Receiver } from '../../lib/transport/transport.js'

export interface TcpJob {
  readonly jobId: string
  readonly secret: string
  readonly size: number
  /** Where each rank listens. */
  readonly endpoints: readonly Promise<Endpoint>[]
  /** Says where a rank listens. */
  readonly bound: (rank: number, endpoint: string) => void
}

export function tcpJob(size: number, jobId = randomBytes(6).toString('hex')): TcpJob {
  const tell: ((endpoint: Endpoint) => void)[] = []
  const endpoints = Array.from({ length: size }, (_, rank) => new Promise<Endpoint>((resolve) => (tell[rank] = resolve)))
  const bound = (rank: number, endpoint: string): void => tell[rank]({ endpoint, host: `host${rank}` })
  return { jobId, secret: randomBytes(32).toString('hex'), size, endpoints, bound }
}

export const tcpOptions = ({ endpoints, bound }: TcpJob, rank: number): TcpOptions => ({
  address: '127.0.0.1',
  host: `host${rank}`,
  onBound: (endpoint) => bound(rank, endpoint),
  endpointOf: (peer) => endpoints[peer],
})

/** The sockets that a test uses: libzmq's own where the addon has them, unless TSMPI_TEST_SOCKETS=js. */
export const SOCKETS: { readonly native: NativeZmq | undefined } = {
  native: process.env['TSMPI_TEST_SOCKETS'] === 'js' ? undefined : nativeZmq(),
}

/** One rank of the job. */
export function tcpTransport(job: TcpJob, rank: number, receiver: Receiver, options: Partial<ZmqOptions> = {}): ZmqTransport {
  const { jobId, secret, size } = job
  return new ZmqTransport({ jobId, secret, size, rank, receiver, tcp: tcpOptions(job, rank), ...SOCKETS, ...options })
}
