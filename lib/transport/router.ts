// Which transport for which peer: one composed of several, for the engine to see as one.
import type { Transport } from './transport.js'

export class Router implements Transport {
  readonly name: Transport['name']
  readonly maxPayload: number
  readonly #byPeer: readonly Transport[]
  readonly #all: readonly Transport[]

  /** `byPeer[rank]` carries the frames to `rank`. */
  constructor(byPeer: readonly Transport[]) {
    this.#byPeer = byPeer
    this.#all = [...new Set(byPeer)]
    this.name = (this.#all.find((transport) => transport.name !== 'self') ?? (this.#all[0] as Transport)).name
    this.maxPayload = Math.min(...this.#all.map((transport) => transport.maxPayload))
  }

  send(peer: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    return (this.#byPeer[peer] as Transport).send(peer, header, payload, offset, length)
  }

  poll(): number {
    let frames = 0
    for (let i = 0; i < this.#all.length; i++) frames += (this.#all[i] as Transport).poll()
    return frames
  }

  sleep(): boolean {
    for (let i = 0; i < this.#all.length; i++) {
      if ((this.#all[i] as Transport).sleep()) continue
      while (--i >= 0) (this.#all[i] as Transport).awake()
      return false
    }
    return true
  }

  awake(): void {
    for (const transport of this.#all) transport.awake()
  }

  async flush(): Promise<void> {
    await Promise.all(this.#all.map((transport) => transport.flush()))
  }

  close(): void {
    for (const transport of this.#all) transport.close()
  }
}
