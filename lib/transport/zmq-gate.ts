// Who may connect over TCP: the ZAP handler (RFC 27) of the transport's ZeroMQ context. Nothing of frames.
//
// Every socket that listens has a domain of its own, under which the gate knows which keys it admits. Its answer gives
// the connection a routing id (property Identity), which replaces what the client calls itself: messages of a
// connection thus come under the name of its key, whatever the client claims. Unless the answer is there before libzmq has
// read the rest of the client's message, as happens on busy machines: then the client's word holds. So each name has a token,
// which the holder of another key cannot make without the secret.
import { UNLIMITED, partsOf } from './zmq-socket.js'
import type { SocketLibrary, ZmqSocket } from './zmq-socket.js'

/** The address that libzmq asks at. */
const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'
const ZAP_VERSION = '1.0'
/** Parts of a request behind the two of the envelope; the last is the client's public key. */
const REQUEST_PARTS = 9

/** The routing id of the holder of a public key of 32 bytes; undefined where that is not to be admitted. */
export type Admit = (key: Buffer) => string | undefined

/**
 * Admits the holders of the keys of these numbers, each under its routing id. The keys are derived once somebody connects: a
 * millisecond for a dozen of them.
 */
export function admitHolders(numbers: readonly number[], publicKey: (number: number) => Buffer, routingId: (number: number) => string): Admit {
  let holders: Map<string, number> | undefined
  return (key) => {
    holders ??= new Map(numbers.map((number) => [publicKey(number).toString('hex'), number]))
    const holder = holders.get(key.toString('hex'))
    return holder === undefined ? undefined : routingId(holder)
  }
}

/** Room for any request: none of its parts has more than 255 bytes. */
const REQUEST_BYTES = 4096

export class Gate {
  readonly #socket: ZmqSocket
  readonly #domains = new Map<string, Admit>()
  readonly #request = new ArrayBuffer(REQUEST_BYTES)
  #holders = 0

  /** At most one a context. */
  constructor(library: SocketLibrary) {
    this.#socket = library.open('router', UNLIMITED)
    this.#socket.bind(ZAP_ENDPOINT)
    this.#socket.listen(() => this.#answerAll())
  }

  open(domain: string, admit: Admit): void {
    this.#domains.set(domain, admit)
  }

  shut(domain: string): void {
    this.#domains.delete(domain)
  }

  /** Requests are answered while the event loop turns, which is kept alive for them until `release`. */
  hold(): void {
    if (this.#holders++ === 0) this.#socket.hold(true)
  }

  release(): void {
    if (--this.#holders === 0) this.#socket.hold(false)
  }

  /** Answers what has come while nobody held the gate. */
  look(): void {
    this.#socket.look()
  }

  #answerAll(): void {
    while (this.#socket.receive(this.#request, 0, REQUEST_BYTES) > 0) {
      const request = partsOf(this.#request, 0)
      if (request !== undefined && request.length >= REQUEST_PARTS - 1) this.#socket.send(...this.#answer(request))
    }
  }

  #answer([from, empty, version, id, domain, , , mechanism, key]: Buffer[]): Buffer[] {
    const known = version.toString() === ZAP_VERSION && mechanism.toString() === 'CURVE' && key?.length === 32
    const routingId = known ? this.#domains.get(domain.toString('latin1'))?.(key) : undefined
    const reply = (...parts: string[]): Buffer[] => [from, empty, Buffer.from(ZAP_VERSION), id, ...parts.map((part) => Buffer.from(part))]
    if (routingId === undefined) return reply('400', 'not of this job', '', '')
    return [...reply('200', '', routingId), property('Identity', routingId)]
  }
}

/** A property as ZMTP writes it. */
function property(name: string, value: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(value))
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name), length, Buffer.from(value)])
}
