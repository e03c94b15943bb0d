// The transport of one host of several, where ranks are numbered from 0: what others see are the ranks of the job.
import type { Batch, Inlet, Lender, PeerMemory, Receiver, Transport } from './transport.js'

/** The receiver that the host's transport gets, so that frames come under the ranks of the job. */
export function localReceiver(ranks: readonly number[], receiver: Receiver): Receiver {
  return {
    onFrame: (peer, words, at, bytes, offset) => receiver.onFrame(ranks[peer], words, at, bytes, offset),
    onWake: () => receiver.onWake(),
    onPeerLost: (peer, ...why) => receiver.onPeerLost(ranks[peer], ...why),
  }
}

export class LocalTransport implements Transport {
  readonly name: Transport['name']
  readonly maxPayload: number
  readonly #inner: Transport
  /** By rank of the job: the rank in the host. */
  readonly #local: Int32Array

  /** `ranks[i]` is the job's rank that is the host's rank i; `inner` has a `localReceiver` of the same. */
  constructor(inner: Transport, ranks: readonly number[]) {
    this.#inner = inner
    this.name = inner.name
    this.maxPayload = inner.maxPayload
    this.#local = new Int32Array(Math.max(...ranks) + 1).fill(-1)
    ranks.forEach((rank, local) => (this.#local[rank] = local))
  }

  send(peer: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    return this.#inner.send(this.#local[peer], header, payload, offset, length)
  }

  linger(looks: number, nanoseconds: number): void {
    this.#inner.linger?.(looks, nanoseconds)
  }

  poll(): number {
    return this.#inner.poll()
  }

  sleep(): boolean {
    return this.#inner.sleep()
  }

  awake(): void {
    this.#inner.awake()
  }

  flush(): Promise<void> {
    return this.#inner.flush()
  }

  memoryOf(peer: number): PeerMemory | undefined {
    const memory = this.#inner.memoryOf?.(this.#local[peer])
    return memory && localMemory(memory, this.#local)
  }

  inletOf(peer: number): Inlet | undefined {
    return this.#inner.inletOf?.(this.#local[peer])
  }

  forget(peer: number): void {
    this.#inner.forget?.(this.#local[peer])
  }

  close(): void {
    this.#inner.close()
  }
}

/** Memory of peers, under their ranks in the job. */
function localMemory(memory: PeerMemory, local: Int32Array): PeerMemory {
  return {
    addressOf: (bytes) => memory.addressOf(bytes),
    readable: (peer) => memory.readable(local[peer]),
    shared: memory.shared,
    helps: (peer) => memory.helps(local[peer]),
    read: (peer, address, bytes, at, length) => memory.read(local[peer], address, bytes, at, length),
    write: (peer, address, bytes, at, length) => memory.write(local[peer], address, bytes, at, length),
    fetch: (peer: number, batch: Batch) => memory.fetch(local[peer], batch),
    serve: (peer, lender: Lender) =>
      memory.serve(local[peer], { lent: (_, id) => lender.lent(peer, id) }),
  }
}
