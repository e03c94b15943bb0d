// What this transport needs of ZeroMQ's sockets: by libzmq's own calls (zmq-native.ts), or through zeromq.js (zmq-js.ts).
//
// Received messages lie in an ArrayBuffer, one after the other, everything at multiples of 8 bytes:
//
//   message   int32 number of its parts, int32 bytes to the next message, then its parts
//   part      int32 length, int32 0 or the number of a held part, then its bytes, or the first HELD_BYTES of a held one
//
// Of a message that does not fit, the parts that do not are left out, but counted. A socket may hold long parts, for their
// bytes to be copied once, to where they belong.

/** Bytes of a held part that are there at once. */
export const HELD_BYTES = 64

/** A long part that its socket holds until it is dropped. */
export interface HeldPart {
  /** bytes[at …] = part[from … from + count]. */
  copy(from: number, bytes: Uint8Array, at: number, count: number): void
  drop(): void
}

/** Options by the numbers that libzmq gives them. */
export const ROUTING_ID = 5
export const LINGER = 17
export const RECONNECT_IVL = 18
export const BACKLOG = 19
export const RECONNECT_IVL_MAX = 21
export const MAXMSGSIZE = 22
export const SNDHWM = 23
export const RCVHWM = 24
export const SNDTIMEO = 28
export const IPV6 = 42
export const CURVE_SERVER = 47
export const CURVE_PUBLICKEY = 48
export const CURVE_SECRETKEY = 49
export const CURVE_SERVERKEY = 50
export const ZAP_DOMAIN = 55
export const ROUTER_HANDOVER = 56
export const IPC_FILTER_UID = 59
export const HANDSHAKE_IVL = 66
export const HEARTBEAT_IVL = 75
export const HEARTBEAT_TIMEOUT = 77
export const USE_FD = 89
export const ZAP_ENFORCE_DOMAIN = 93

/** An option and its value: a bigint is an int64 of libzmq's, a number an int. */
export type Setting = readonly [option: number, value: number | bigint | string]

/** Neither limits of messages, which would drop them, nor anything that holds the end of a process up. */
export const UNLIMITED: readonly Setting[] = [[LINGER, 0], [SNDHWM, 0], [RCVHWM, 0], [SNDTIMEO, 0]]

export interface ZmqSocket {
  readonly closed: boolean
  /** Returns the endpoint, as far as the system has chosen it. */
  bind(endpoint: string): string
  connect(endpoint: string): void
  /** Sends a message of these parts, at once; where that fails, `onFailure` is told. The parts must stay as they are. */
  send(...parts: readonly Uint8Array[]): void
  onFailure: (error: unknown) => void
  /**
   * The same with one part: `head`, then `count` bytes of `rest` from byte `at` on, then zeros up to a multiple of 8 bytes.
   * All may change as soon as it returns. Absent where that would take a copy more.
   */
  sendJoined?(head: Uint8Array, rest: Uint8Array, at: number, count: number): void
  /**
   * Writes messages that are there into the buffer, from byte `from` on, as long as there is room for `least` bytes. Parts
   * longer than `longest` may be held. Returns where the messages end: `from` where there was none.
   */
  receive(into: ArrayBuffer, from: number, least: number, longest?: number): number
  /** The held part of this number. Absent where none are held. */
  held?(number: number): HeldPart
  /** From now on this is called from the event loop when something comes after a `receive` that found nothing. */
  listen(onReadable: () => void): void
  /** Keeps the event loop alive, or no longer, for what comes. */
  hold(on: boolean): void
  /** For sockets that hear nothing unless they are held: looks for what has come meanwhile. */
  look(): void
  /**
   * Waits for something to come after a `receive` that found nothing, or for the eventfd `doorbell` (-1: none):
   * `awake` nanoseconds with the processor at hand, the rest of `nanoseconds` asleep. Absent where it cannot.
   */
  wait?(doorbell: number, awake: number, nanoseconds: number): void
  /** What happens to its connections, from the first call on; a socket has one observer. */
  readonly events: Observer
  close(): void
}

/** Events by the names of zeromq.js. */
export interface Observer {
  readonly closed: boolean
  /** Rejects, or never resolves, once it is closed. */
  receive(): Promise<{ readonly type: string }>
  close(): void
}

/** Sockets of one context. */
export interface SocketLibrary {
  open(type: 'router' | 'dealer', settings: readonly Setting[]): ZmqSocket
}

export const MESSAGE_HEAD_BYTES = 8
export const PART_HEAD_BYTES = 8

/** Bytes of a part, its head included. */
export const partBytes = (length: number): number => PART_HEAD_BYTES + ((length + 7) & ~7)

/** The parts of the message at byte `at`; undefined where some have been left out. */
export function partsOf(buffer: ArrayBuffer, at: number): Buffer[] | undefined {
  const words = new Int32Array(buffer)
  const end = at + words[(at >> 2) + 1]
  const parts: Buffer[] = []
  for (let part = at + MESSAGE_HEAD_BYTES; part < end; part += partBytes(words[part >> 2])) {
    parts.push(Buffer.from(buffer, part + PART_HEAD_BYTES, words[part >> 2]))
  }
  return parts.length === words[at >> 2] ? parts : undefined
}
