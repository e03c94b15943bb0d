// One transport out of several: which of them reaches which peer. All of them have the same receiver.
import type { Inlet, PeerMemory, Transport } from './transport.js'

export class Router implements Transport {
  readonly name = 'router'
  /** The least of them all. */
  readonly maxPayload: number
  readonly #byPeer: readonly Transport[]
  readonly #transports: readonly Transport[]
  /** The one that others can be waited for in. */
  readonly #patient: Transport | undefined
  /** The one that waits for the network, and the others. */
  readonly #far: Transport | undefined
  readonly #near: readonly Transport[]

  /** `byPeer[rank]` carries the frames to that rank; one transport may serve many ranks. */
  constructor(byPeer: readonly Transport[]) {
    this.#byPeer = byPeer
    this.#transports = [...new Set(byPeer)]
    this.#patient = this.#transports.find((transport) => transport.linger !== undefined)
    this.#far = this.#transports.find((transport) => transport.doze !== undefined)
    this.#near = this.#transports.filter((transport) => transport !== this.#far)
    this.maxPayload = Math.min(...this.#transports.map((transport) => transport.maxPayload))
  }

  send(peer: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    return this.#byPeer[peer].send(peer, header, payload, offset, length)
  }

  maxPayloadTo(peer: number): number {
    return this.#byPeer[peer].maxPayloadTo?.(peer) ?? this.#byPeer[peer].maxPayload
  }

  needsTurns(peer: number): boolean {
    return this.#byPeer[peer].needsTurns?.(peer) === true
  }

  inletOf(peer: number): Inlet | undefined {
    return this.#byPeer[peer].inletOf?.(peer)
  }

  linger(looks: number, nanoseconds: number): void {
    this.#patient?.linger?.(looks, nanoseconds)
  }

  doze(awake: number, nanoseconds: number): boolean {
    if (this.#far?.doze === undefined) return false
    if (!asleep(this.#near)) return true
    const dozed = this.#far.doze(awake, nanoseconds, this.#patient?.doorbell)
    for (let i = 0; i < this.#near.length; i++) this.#near[i].awake()
    return dozed
  }

  memoryOf(peer: number): PeerMemory | undefined {
    return this.#byPeer[peer].memoryOf?.(peer)
  }

  poll(): number {
    let delivered = 0
    for (let i = 0; i < this.#transports.length; i++) delivered += this.#transports[i].poll()
    return delivered
  }

  sleep(): boolean {
    return asleep(this.#transports)
  }

  awake(): void {
    for (let i = 0; i < this.#transports.length; i++) this.#transports[i].awake()
  }

  async flush(): Promise<void> {
    await Promise.all(this.#transports.map((transport) => transport.flush()))
  }

  forget(peer: number): void {
    this.#byPeer[peer].forget?.(peer)
  }

  close(): void {
    for (const transport of this.#transports) transport.close()
  }
}

/** Puts all to sleep, or none where one refuses. */
function asleep(transports: readonly Transport[]): boolean {
  for (let i = 0; i < transports.length; i++) {
    if (transports[i].sleep()) continue
    while (--i >= 0) transports[i].awake()
    return false
  }
  return true
}
