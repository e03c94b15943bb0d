// ZeroMQ's sockets by libzmq's own calls, through the addon (native/zmq.cc says when to look for what).
import type { NativeZmq } from '../../native/load.js'
import { MESSAGE_HEAD_BYTES, PART_HEAD_BYTES, RCVHWM } from './zmq-socket.js'
import type { HeldPart, Observer, Setting, SocketLibrary, ZmqSocket } from './zmq-socket.js'

/** Types of sockets by libzmq's numbers. */
const TYPES = { pair: 0, dealer: 5, router: 6 } as const

/** Events that somebody asks for, by libzmq's numbers. */
const EVENTS: Readonly<Record<number, string>> = {
  0x0200: 'disconnect',
  0x0800: 'handshake:error:other',
  0x1000: 'handshake',
  0x2000: 'handshake:error:protocol',
  0x4000: 'handshake:error:auth',
}
const ALL_EVENTS = Object.keys(EVENTS).reduce((all, event) => all | Number(event), 0)
const EVENT_BYTES = 512
const NO_PART_IS_LONGER = 2 ** 31 - 1

let observers = 0

/** `native`: has found libzmq. */
export const nativeSockets = (native: NativeZmq): SocketLibrary => ({
  open: (type, settings) => new NativeSocket(native, TYPES[type], settings),
})

class NativeSocket implements ZmqSocket {
  readonly #native: NativeZmq
  readonly #id: number
  #observer: NativeObserver | undefined
  closed = false
  onFailure: (error: unknown) => void = () => undefined

  constructor(native: NativeZmq, type: number, settings: readonly Setting[]) {
    this.#native = native
    this.#id = native.zmqOpen(type)
    try {
      for (const [option, value] of settings) native.zmqSet(this.#id, option, value)
    } catch (error) {
      this.close()
      throw error
    }
  }

  bind(endpoint: string): string {
    return this.#native.zmqBind(this.#id, endpoint)
  }

  connect(endpoint: string): void {
    this.#native.zmqConnect(this.#id, endpoint)
  }

  send(...parts: readonly Uint8Array[]): void {
    try {
      for (let i = 0; i < parts.length; i++) {
        const { buffer, byteOffset, length } = parts[i]
        this.#native.zmqSend(this.#id, buffer as ArrayBuffer, byteOffset, length, i < parts.length - 1)
      }
    } catch (error) {
      this.onFailure(error)
    }
  }

  sendJoined(head: Uint8Array, rest: Uint8Array, at: number, count: number): void {
    try {
      this.#native.zmqSendJoined(this.#id, head.buffer as ArrayBuffer, head.byteOffset, head.length, rest, at, count)
    } catch (error) {
      this.onFailure(error)
    }
  }

  receive(into: ArrayBuffer, from: number, least: number, longest = NO_PART_IS_LONGER): number {
    return this.#native.zmqReceive(this.#id, into, from, least, longest)
  }

  held(number: number): HeldPart {
    return {
      copy: (from, bytes, at, count) => this.#native.zmqCopy(this.#id, number, from, bytes, at, count),
      // a socket that has been closed holds nothing
      drop: () => this.closed || this.#native.zmqDrop(this.#id, number),
    }
  }

  listen(onReadable: () => void): void {
    this.#native.zmqWatch(this.#id, onReadable)
  }

  hold(on: boolean): void {
    this.#native.zmqHold(this.#id, on)
  }

  look(): void {}

  wait(doorbell: number, awake: number, nanoseconds: number): void {
    this.#native.zmqWait(this.#id, doorbell, awake, nanoseconds)
  }

  get events(): Observer {
    if (this.#observer !== undefined) return this.#observer
    const endpoint = `inproc://tsmpi-events-${observers++}`
    this.#native.zmqMonitor(this.#id, endpoint, ALL_EVENTS)
    const pair = new NativeSocket(this.#native, TYPES.pair, [[RCVHWM, 0]])
    pair.connect(endpoint)
    const stop = (): void => {
      if (!this.closed) this.#native.zmqMonitor(this.#id, endpoint, 0)
    }
    return (this.#observer = new NativeObserver(pair, stop))
  }

  close(): void {
    if (this.closed) return
    this.#observer?.close()
    this.closed = true
    this.#native.zmqClose(this.#id)
  }
}

class NativeObserver implements Observer {
  readonly #pair: NativeSocket
  readonly #stop: () => void
  readonly #buffer = new ArrayBuffer(EVENT_BYTES)
  #wake: () => void = () => undefined
  closed = false

  constructor(pair: NativeSocket, stop: () => void) {
    this.#pair = pair
    this.#stop = stop
    pair.listen(() => this.#wake())
  }

  async receive(): Promise<{ readonly type: string }> {
    while (!this.closed) {
      // one at a time
      if (this.#pair.receive(this.#buffer, 0, EVENT_BYTES) > 0) {
        const event = new DataView(this.#buffer).getUint16(MESSAGE_HEAD_BYTES + PART_HEAD_BYTES, true)
        return { type: EVENTS[event] ?? 'unknown' }
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    throw new Error('the socket is closed')
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.#stop()
    this.#pair.close()
    this.#wake()
  }
}
