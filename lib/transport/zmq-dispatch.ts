// The sending side: a message leaves at once, and what the peer is sent after it in the same call stack leaves as one more.
import { BATCH_HEAD_BYTES } from '../wire/batch.js'
import { HEADER_BYTES } from '../wire/header.js'
import type { Peer } from './zmq-peer.js'
import type { ZmqSocket } from './zmq-socket.js'
import type { ZmqSockets } from './zmq-sockets.js'

/** What is sent in one turn leaves as one message, but in parts of this size: the first is on its way while others are made. */
const EARLY_BYTES = 16 * 1024

export interface DispatchListener {
  /** Whether acknowledgements are wanted of all that leaves. */
  flushing(): boolean
  /** The outbox holds more than may be under way, or no longer. */
  blocked(peer: Peer, blocked: boolean): void
  connecting(peer: Peer): void
  failed(peer: Peer, error: unknown): void
}

export class Dispatch {
  readonly #listener: DispatchListener
  #sockets: ZmqSockets | undefined
  /** Peers that collect what they are sent until the present call stack has ended. */
  #collecting: Peer[] = []
  readonly #onCollected = (): void => this.#sendCollected()
  #closed = false

  constructor(listener: DispatchListener) {
    this.#listener = listener
  }

  open(sockets: ZmqSockets): void {
    this.#sockets = sockets
  }

  close(): void {
    this.#closed = true
  }

  /** Something has been put into the peer's outbox. */
  pushed(peer: Peer): void {
    if (!peer.collecting) this.kick(peer)
    else if (peer.dealer !== undefined && peer.outbox.ready >= EARLY_BYTES) this.#sendNext(peer, peer.dealer)
  }

  /**
   * Sends a frame at once, its payload straight from where it is, after all that was sent before. False where that cannot be
   * done: then it must go through the outbox.
   */
  pass(peer: Peer, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    const { dealer, outbox } = peer
    if (dealer?.sendJoined === undefined || peer.failed || this.#closed) return false
    while (this.#sendNext(peer, dealer));
    if (outbox.full || !outbox.reserve(header, length)) return false
    const batch = peer.next(this.#listener.flushing())
    if (batch === undefined) return false
    dealer.sendJoined(batch.subarray(0, BATCH_HEAD_BYTES + HEADER_BYTES), payload, offset, length)
    return true
  }

  /** Sends what is there. What is sent to the peer then collects until the present call stack has ended. */
  kick(peer: Peer): void {
    if (this.#sockets === undefined || peer.collecting || peer.gone) return
    if (peer.dealer === undefined) {
      if (!peer.connecting) void this.#connect(peer, this.#sockets)
    } else if (this.#sendNext(peer, peer.dealer)) {
      peer.collecting = true
      if (this.#collecting.push(peer) === 1) queueMicrotask(this.#onCollected)
    } else {
      this.#listener.blocked(peer, peer.outbox.blocked)
    }
  }

  /** Sends what has been collected; for calls that wait before their stack has ended. */
  sendAll(): void {
    while (this.#collecting.length > 0) this.#sendCollected()
  }

  hangUp(peer: Peer): void {
    if (peer.dealer !== undefined) this.#sockets!.disconnect(peer.dealer)
    peer.dealer = undefined
  }

  #sendCollected(): void {
    for (const peer of this.#collecting.splice(0)) {
      peer.collecting = false
      if (!this.#closed) this.kick(peer)
    }
  }

  async #connect(peer: Peer, sockets: ZmqSockets): Promise<void> {
    peer.connecting = true
    try {
      const dealer = await sockets.connect(peer.rank)
      this.#listener.connecting(peer)
      dealer.onFailure = (error) => this.#listener.failed(peer, error)
      peer.dealer = dealer
      if (peer.gone || this.#closed) this.hangUp(peer)
      else this.kick(peer)
    } catch (error) {
      this.#listener.failed(peer, error)
    } finally {
      peer.connecting = false
    }
  }

  /** Returns whether there was something to send. */
  #sendNext(peer: Peer, dealer: ZmqSocket): boolean {
    const message = peer.next(this.#listener.flushing())
    if (message === undefined) return false
    dealer.send(message)
    return true
  }
}
