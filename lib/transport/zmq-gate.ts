// Who may connect over TCP: the ZAP handler (RFC 27) of the transport's ZeroMQ context. Nothing of frames.
//
// Every socket that listens has a domain of its own, under which the gate knows which keys it admits. Its answer gives
// the connection a routing id (property Identity), which replaces what the client calls itself: messages of a
// connection thus come under the name of its key, whatever the client claims.
//
// Invariants:
// - A pending receive keeps the event loop alive and cannot be cancelled. So one is pending only while somebody holds
//   the gate; where one is left a turn of the event loop later, a message to ourselves ends it.
// - `readable` eats the edge that a pending receive waits for, so it is read only while none is pending.
import type * as Zmq from 'zeromq'

/** The address that libzmq asks at. */
const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'
const ZAP_VERSION = '1.0'
/** Parts of a request behind the two of the envelope; the last is the client's public key. */
const REQUEST_PARTS = 9

/** The routing id of the holder of a public key of 32 bytes; undefined where that is not to be admitted. */
export type Admit = (key: Buffer) => string | undefined

export class Gate {
  readonly #socket: Zmq.Router
  readonly #poker: Zmq.Dealer
  readonly #domains = new Map<string, Admit>()
  #holders = 0
  #reading = false
  #receiving = false
  #releasing = false

  /** At most one a context. */
  constructor(zmq: typeof Zmq, context: Zmq.Context) {
    this.#socket = new zmq.Router({ context, linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 })
    this.#socket.bindSync(ZAP_ENDPOINT)
    this.#poker = new zmq.Dealer({ context, linger: 0 })
    this.#poker.connect(ZAP_ENDPOINT)
  }

  open(domain: string, admit: Admit): void {
    this.#domains.set(domain, admit)
  }

  shut(domain: string): void {
    this.#domains.delete(domain)
  }

  /** Requests are answered while the event loop turns, which is kept alive for them until `release`. */
  hold(): void {
    this.#holders++
    if (!this.#reading) void this.#read()
  }

  release(): void {
    this.#holders--
    if (this.#holders === 0) this.#releaseSoon()
  }

  /** Answers what has come while nobody held the gate. */
  look(): void {
    if (!this.#reading && this.#socket.readable) void this.#read()
  }

  async #read(): Promise<void> {
    this.#reading = true
    while (this.#holders > 0 || this.#socket.readable) {
      this.#receiving = true
      const request = await this.#socket.receive()
      this.#receiving = false
      if (request.length >= REQUEST_PARTS - 1) await this.#socket.send(this.#answer(request))
    }
    this.#reading = false
  }

  #answer([from, empty, version, id, domain, , , mechanism, key]: Buffer[]): (Buffer | string)[] {
    const known = version.toString() === ZAP_VERSION && mechanism.toString() === 'CURVE' && key?.length === 32
    const routingId = known ? this.#domains.get(domain.toString('latin1'))?.(key) : undefined
    const reply = [from, empty, ZAP_VERSION, id]
    if (routingId === undefined) return [...reply, '400', 'not of this job', '', '']
    return [...reply, '200', '', routingId, property('Identity', routingId)]
  }

  #releaseSoon(): void {
    if (this.#releasing || !this.#receiving) return
    this.#releasing = true
    setImmediate(() => {
      this.#releasing = false
      if (this.#holders === 0 && this.#receiving) this.#poker.send('').catch(() => undefined)
    })
  }
}

/** A property as ZMTP writes it. */
function property(name: string, value: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(value))
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name), length, Buffer.from(value)])
}
