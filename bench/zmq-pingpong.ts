// Ping-pong and message rate of the zmq transport, beside bare zeromq.js (PAIR over ipc) in the same run: two
// processes on one host. One-way times, half a round trip. Run: npx tsx bench/zmq-pingpong.ts
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Pair } from 'zeromq'
import type { Receiver } from '../lib/transport/transport.js'
import { ZmqTransport } from '../lib/transport/zmq.js'
import { DATA } from '../lib/wire/header.js'

const SIZES = [8, 1024, 65536, 1 << 20, 4 << 20]
const RATE_MESSAGES = 200_000
const SECONDS = 0.5

/** Sends messages of many frames and resolves when one of `bytes` has come; sleeps as the engine does. */
class End implements Receiver {
  readonly #transport: ZmqTransport
  readonly #peer: number
  readonly #header = new Int32Array(8).fill(DATA, 0, 1)
  #got = 0
  #wanted = Infinity
  #done: () => void = () => {}
  #send: () => void = () => {}

  constructor(rank: number, jobId: string) {
    this.#peer = 1 - rank
    this.#transport = new ZmqTransport({ rank, size: 2, jobId, secret: 'of the benchmark', receiver: this })
  }

  onFrame(_peer: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number): void {
    const length = words[at + 4]
    target.set(bytes.subarray(offset, offset + length), this.#got % target.length)
    this.#got += length
  }

  onPeerLost(_peer: number, reason: Error): void {
    throw reason
  }

  onWake(): void {
    this.#transport.awake()
    do {
      while (this.#transport.poll() > 0);
      this.#send()
    } while (!this.#transport.sleep())
    if (this.#got >= this.#wanted) this.#done()
  }

  receive(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = bytes
      this.#done = () => {
        this.#got -= bytes
        this.#wanted = Infinity
        resolve()
      }
      this.onWake()
    })
  }

  send(payload: Uint8Array, pieces = 1): void {
    let at = 0
    this.#send = () => {
      while (at < payload.length * pieces) {
        const offset = at % payload.length
        const length = Math.min(this.#transport.maxPayload, payload.length - offset)
        this.#header[4] = length
        if (!this.#transport.send(this.#peer, this.#header, payload, offset, length)) return
        at += length
      }
    }
    this.#send()
  }

  close(): void {
    this.#transport.close()
  }
}

const target = new Uint8Array(4 << 20)

interface Side {
  receive(bytes: number): Promise<void>
  send(payload: Uint8Array, pieces?: number): void
}

/** The same over a bare socket: one ZeroMQ message a message. */
class Bare implements Side {
  readonly socket = new Pair({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 })
  #sent = Promise.resolve()

  async receive(bytes: number): Promise<void> {
    for (let got = 0; got < bytes; ) {
      const [message] = await this.socket.receive()
      target.set(message, 0)
      got += message.length
    }
  }

  send(payload: Uint8Array, pieces = 1): void {
    this.#sent = this.#sendAll(payload, pieces)
  }

  async #sendAll(payload: Uint8Array, pieces: number): Promise<void> {
    await this.#sent
    for (let i = 0; i < pieces; i++) await this.socket.send(payload.slice())
  }
}

async function pingPong(side: Side, size: number, first: boolean, rounds: number): Promise<number> {
  const payload = new Uint8Array(size)
  const start = performance.now()
  for (let i = 0; i < rounds; i++) {
    if (first) side.send(payload)
    await side.receive(size)
    if (!first) side.send(payload)
  }
  return ((performance.now() - start) * 1000) / rounds / 2
}

/** Messages a second, one way, 8 bytes each. */
async function rate(side: Side, first: boolean): Promise<number> {
  const payload = new Uint8Array(8)
  const start = performance.now()
  if (first) side.send(payload, RATE_MESSAGES)
  else await side.receive(8 * RATE_MESSAGES)
  if (first) await side.receive(8)
  else side.send(payload)
  return RATE_MESSAGES / (performance.now() - start) / 1000
}

async function run(name: string, side: Side, first: boolean): Promise<void> {
  await pingPong(side, 8, first, 3000)
  const figures: string[] = []
  for (const size of SIZES) {
    const rounds = Math.ceil((SECONDS * 1e6) / (100 + size / 1500) / 2)
    await pingPong(side, size, first, Math.ceil(rounds / 4))
    const best = Math.min(await pingPong(side, size, first, rounds), await pingPong(side, size, first, rounds))
    figures.push(`${size} B ${best.toFixed(1)} µs (${(size / best / 1000).toFixed(2)} GB/s)`)
  }
  figures.push(`${(await rate(side, first)).toFixed(2)} M messages/s of 8 B`)
  if (first) console.log(`${name}: ${figures.join(', ')}`)
}

async function main(first: boolean, job: string): Promise<void> {
  const bare = new Bare()
  const address = `ipc://@tsmpi-bench-${job}`
  if (first) await bare.socket.bind(address)
  else bare.socket.connect(address)
  await run('zeromq.js PAIR', bare, first)
  bare.socket.close()
  const end = new End(first ? 0 : 1, job)
  await run('zmq transport ', end, first)
  end.close()
}

const [, , job] = process.argv
if (job !== undefined) {
  await main(false, job)
} else {
  const name = String(process.pid)
  const child = fork(fileURLToPath(import.meta.url), [name])
  await main(true, name)
  if (child.exitCode === null) await once(child, 'exit')
}
