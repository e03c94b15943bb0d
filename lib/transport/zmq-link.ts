// What ZeroMQ needs to know of the way between two ranks: ipc on one host (zmq-ipc.ts), tcp between hosts (zmq-tcp.ts).
import type { Setting, ZmqSocket } from './zmq-socket.js'

export interface WatchTimes {
  readonly firstLookMilliseconds: number
  readonly silenceMilliseconds: number
  /** What passes between a look that found something wrong and the loss of the peer; the second where it has been heard of. */
  readonly lastWordMilliseconds: number
  readonly lastWordOfKnownMilliseconds: number
}

/** What speaks against a peer. */
export interface Finding {
  readonly why: Error
  /** It may be different soon: nobody answered. Else somebody did, who is not the peer, or does not want us. */
  readonly unreachable: boolean
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
  /** What is wrong with the way to `peer`, if anything is. With its `dealer`, also what becomes of handshakes. */
  probe(peer: number, dealer: ZmqSocket | undefined): Promise<Finding | undefined>
  /** Whether somebody answers where `peer` listens: a short look. */
  answers(peer: number): Promise<boolean>
  /** Those who connect are let in while the event loop turns, which is kept alive until `release`. */
  hold(): void
  release(): void
  /** Lets in who has come meanwhile. */
  look(): void
  /** After the sockets. */
  close(): void
}
