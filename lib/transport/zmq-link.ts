// What ZeroMQ needs to know of the way between two ranks: ipc on one host (zmq-ipc.ts), tcp between hosts (zmq-tcp.ts).
import type { Setting, ZmqSocket } from './zmq-socket.js'

export interface WatchTimes {
  readonly firstLookMilliseconds: number
  readonly silenceMilliseconds: number
}

export interface Link {
  /** The routing id under which messages of `from` come to `to`: only holders of the job's secret can make it. */
  identity(from: number, to: number): string
  /** Binds this rank's ROUTER. @throws where it cannot listen */
  listen(settings: readonly Setting[]): ZmqSocket
  /** A DEALER that has been told to connect to `peer`; it queues while the peer does not listen yet. */
  connect(peer: number, settings: readonly Setting[]): Promise<ZmqSocket>
  /** When to probe peers: so long after the first connect, after so long a silence. Undefined: never. */
  readonly watch: WatchTimes | undefined
  /** Why `peer` cannot be reached; undefined where nothing is found. With its `dealer`, also what becomes of handshakes. */
  probe(peer: number, dealer: ZmqSocket | undefined): Promise<Error | undefined>
  /** Those who connect are let in while the event loop turns, which is kept alive until `release`. */
  hold(): void
  release(): void
  /** Lets in who has come meanwhile. */
  look(): void
  /** After the sockets. */
  close(): void
}
