// ZeroMQ's sockets through zeromq.js: where the addon is not there, or does not find libzmq.
//
// Invariants:
// - zeromq.js has messages by pending receives, one a socket; such a receive keeps the event loop alive and cannot be
//   cancelled. So one is pending only while somebody holds the socket; where one is left a turn of the event loop later, a
//   message from a socket of our own ends it.
// - `readable` eats the edge that a pending receive waits for, so it is read only while none is pending.
// - A queue without a limit always takes a message, so a send is done when it returns, and several may follow each other.
import type * as Zmq from 'zeromq'
import { MESSAGE_HEAD_BYTES, ROUTING_ID, UNLIMITED, partBytes } from './zmq-socket.js'
import type { Observer, Setting, SocketLibrary, ZmqSocket } from './zmq-socket.js'

/** An option that libzmq has and zeromq.js does not name. */
const ZMQ_ZERO_COPY_RECV = 10
const POKE = 'poke'

let opened = 0

/** A context as this transport wants it. */
export function newContext(zmq: typeof Zmq): Zmq.Context {
  class Context extends zmq.Context {
    constructor() {
      super({ blocky: false, maxSockets: 16384 })
      // else a message of 200 bytes keeps a receive buffer of 8 KiB until it is collected
      this.setBoolOption(ZMQ_ZERO_COPY_RECV, false)
    }
  }
  return new Context()
}

interface Settable {
  setOption(...setting: Setting): void
}

/** Sockets of a context of zeromq.js. */
export function jsSockets(zmq: typeof Zmq, context: Zmq.Context): SocketLibrary {
  class Router extends zmq.Router implements Settable {
    setOption(option: number, value: Setting[1]): void {
      if (typeof value === 'string') this.setStringOption(option, value)
      else if (typeof value === 'bigint') this.setInt64Option(option, Number(value))
      else this.setInt32Option(option, value)
    }
  }
  class Dealer extends zmq.Dealer implements Settable {
    setOption(option: number, value: Setting[1]): void {
      if (typeof value === 'string') this.setStringOption(option, value)
      else if (typeof value === 'bigint') this.setInt64Option(option, Number(value))
      else this.setInt32Option(option, value)
    }
  }
  const set = <S extends Settable>(socket: S, settings: readonly Setting[]): S => {
    for (const setting of settings) socket.setOption(...setting)
    return socket
  }
  const newPoker = (): Zmq.Dealer => set(new Dealer({ context }), [...UNLIMITED, [ROUTING_ID, POKE]])
  return {
    open: (type, settings) => {
      const socket = type === 'router' ? new Router({ context }) : new Dealer({ context })
      return new JsSocket(set(socket, settings), newPoker)
    },
  }
}

class JsSocket implements ZmqSocket {
  readonly #socket: Zmq.Router | Zmq.Dealer
  readonly #newPoker: () => Zmq.Dealer
  #poker: Zmq.Dealer | undefined
  #arrived: Buffer[][] = []
  #onReadable: (() => void) | undefined
  #held = false
  #reading = false
  #receiving = false
  #releasing = false
  onFailure: (error: unknown) => void = () => undefined

  constructor(socket: Zmq.Router | Zmq.Dealer, newPoker: () => Zmq.Dealer) {
    this.#socket = socket
    this.#newPoker = newPoker
  }

  get closed(): boolean {
    return this.#socket.closed
  }

  get events(): Observer {
    return this.#socket.events
  }

  bind(endpoint: string): string {
    this.#socket.bindSync(endpoint)
    return this.#socket.lastEndpoint!
  }

  connect(endpoint: string): void {
    this.#socket.connect(endpoint)
  }

  send(...parts: readonly Uint8Array[]): void {
    this.#socket.send(parts as Uint8Array[]).catch((error: unknown) => this.onFailure(error))
  }

  receive(into: ArrayBuffer, from: number, least: number): number {
    let at = from
    while (this.#arrived.length > 0 && into.byteLength - at >= least) at = writeMessage(this.#arrived.shift()!, into, at)
    return at
  }

  listen(onReadable: () => void): void {
    const wake = `inproc://tsmpi-${opened++}`
    this.#socket.bindSync(wake)
    this.#poker = this.#newPoker()
    this.#poker.connect(wake)
    this.#onReadable = onReadable
  }

  hold(on: boolean): void {
    this.#held = on
    if (!on) this.#releaseSoon()
    else if (!this.#reading) void this.#read()
  }

  look(): void {
    if (!this.#reading && !this.closed && this.#socket.readable) void this.#read()
  }

  close(): void {
    this.#poker?.close()
    this.#socket.close()
  }

  async #read(): Promise<void> {
    this.#reading = true
    try {
      while (!this.closed && (this.#held || this.#socket.readable)) {
        this.#receiving = true
        const parts = (await (this.#socket as Zmq.Router).receive()) as Buffer[]
        this.#receiving = false
        if (this.closed || parts[0].toString('latin1') === POKE) continue
        this.#arrived.push(parts)
        this.#onReadable?.()
      }
    } catch (error) {
      this.#receiving = false
      if (!this.closed) this.onFailure(error)
    } finally {
      this.#reading = false
    }
  }

  /** Ends the pending receive, unless somebody holds the socket again by the next turn of the event loop. */
  #releaseSoon(): void {
    if (this.#releasing || !this.#receiving) return
    this.#releasing = true
    setImmediate(() => {
      this.#releasing = false
      if (this.#held || !this.#receiving || this.closed) return
      this.#poker!.send('').catch((error: unknown) => this.onFailure(error))
    })
  }
}

/** As the addon writes it. Returns where it ends. */
function writeMessage(parts: readonly Buffer[], into: ArrayBuffer, at: number): number {
  const words = new Int32Array(into)
  const bytes = new Uint8Array(into)
  let end = at + MESSAGE_HEAD_BYTES
  for (const part of parts) {
    if (end + partBytes(part.length) > into.byteLength) continue
    words[end >> 2] = part.length
    words[(end >> 2) + 1] = 0
    bytes.set(part, end + MESSAGE_HEAD_BYTES)
    end += partBytes(part.length)
  }
  words[at >> 2] = parts.length
  words[(at >> 2) + 1] = end - at
  return end
}
