// What ZeroMQ needs to know of the way between two ranks: ipc on one host (zmq-ipc.ts), tcp between hosts (zmq-tcp.ts).
import type * as Zmq from 'zeromq'

/** zeromq, loaded, and the context of this transport's own. */
export interface Library {
  readonly zmq: typeof Zmq
  readonly context: Zmq.Context
}

export interface WatchTimes {
  readonly firstLookMilliseconds: number
  readonly silenceMilliseconds: number
}

export interface Link {
  /** The routing id under which messages of `from` come to `to`: only holders of the job's secret can make it. */
  identity(from: number, to: number): string
  /** Binds this rank's ROUTER. @throws where it cannot listen */
  listen(options: Zmq.SocketOptions<Zmq.Router>): Zmq.Router
  /** A DEALER that has been told to connect to `peer`; it queues while the peer does not listen yet. */
  connect(peer: number, options: Zmq.SocketOptions<Zmq.Dealer>): Promise<Zmq.Dealer>
  /** When to probe peers: so long after the first connect, after so long a silence. Undefined: never. */
  readonly watch: WatchTimes | undefined
  /** Why `peer` cannot be reached; undefined where nothing is found. With its `dealer`, also what becomes of handshakes. */
  probe(peer: number, dealer: Zmq.Dealer | undefined): Promise<Error | undefined>
  /** Those who connect are let in while the event loop turns, which is kept alive until `release`. */
  hold(): void
  release(): void
  /** Lets in who has come meanwhile. */
  look(): void
  /** After the sockets. */
  close(): void
}
