// Many ranks in one process, for tests: a bounded queue for each ordered pair.
import { FrameRing } from './frame-ring.js'
import type { Receiver, Transport } from './transport.js'

const QUEUE_BYTES = 64 * 1024
const FRAMES_PER_POLL = 64

export interface InprocHub {
  /** The transport of one rank; at most one a rank. */
  transport(rank: number, receiver: Receiver): Transport
}

interface Pair {
  readonly ring: FrameRing
  /** The sender was told that the queue is full. */
  refused: boolean
}

/** Connects `size` ranks of one process; frames to a rank that has no transport yet wait in its queues. */
export function createInproc(size: number): InprocHub {
  const ranks: (InprocTransport | undefined)[] = Array.from({ length: size }, () => undefined)
  const pairs = Array.from({ length: size * size }, (): Pair => ({ ring: new FrameRing(QUEUE_BYTES), refused: false }))
  return {
    transport(rank, receiver) {
      const transport = new InprocTransport(
        receiver,
        pairs.slice(rank * size, (rank + 1) * size),
        ranks.map((_, from) => pairs[from * size + rank]),
        ranks,
      )
      ranks[rank] = transport
      return transport
    },
  }
}

class InprocTransport implements Transport {
  readonly name = 'inproc'
  readonly maxPayload = QUEUE_BYTES / 4
  readonly #receiver: Receiver
  readonly #outgoing: readonly Pair[]
  readonly #incoming: readonly Pair[]
  readonly #ranks: readonly (InprocTransport | undefined)[]
  /** Where the next poll starts, so that no peer starves the others. */
  #next = 0
  #polling = false
  /** There is room that was refused before, and the engine has not yet been told. */
  #room = false
  #asleep = false
  #waking = false
  #closed = false

  constructor(
    receiver: Receiver,
    outgoing: readonly Pair[],
    incoming: readonly Pair[],
    ranks: readonly (InprocTransport | undefined)[],
  ) {
    this.#receiver = receiver
    this.#outgoing = outgoing
    this.#incoming = incoming
    this.#ranks = ranks
  }

  send(peer: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    const pair = this.#outgoing[peer]
    if (this.#closed) return false
    if (!pair.ring.push(header, payload, offset, length)) {
      pair.refused = true
      return false
    }
    this.#ranks[peer]?.arrived()
    return true
  }

  poll(): number {
    if (this.#polling || this.#closed) return 0
    this.#polling = true
    try {
      return this.#pollPeers()
    } finally {
      this.#polling = false
    }
  }

  sleep(): boolean {
    if (this.#room || this.#incoming.some((pair) => pair.ring.frames > 0)) {
      this.#room = false
      return false
    }
    this.#asleep = true
    return true
  }

  awake(): void {
    this.#asleep = false
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  close(): void {
    this.#closed = true
    for (const pair of this.#incoming) pair.ring.clear()
  }

  /** A peer has queued a frame for this rank. */
  arrived(): void {
    if (this.#asleep) this.#wakeSoon()
  }

  /** A peer has taken frames from a queue that this rank found full. */
  makeRoom(): void {
    this.#room = true
    this.#wakeSoon()
  }

  #pollPeers(): number {
    const size = this.#incoming.length
    let delivered = 0
    for (let i = 0; i < size && delivered < FRAMES_PER_POLL; i++) {
      const peer = this.#next
      this.#next = peer + 1 === size ? 0 : peer + 1
      const pair = this.#incoming[peer]
      if (pair.ring.frames === 0) continue
      try {
        delivered += pair.ring.deliver(peer, this.#receiver, FRAMES_PER_POLL - delivered)
      } finally {
        if (pair.refused) this.#announceRoom(peer, pair)
      }
    }
    return delivered
  }

  #announceRoom(peer: number, pair: Pair): void {
    pair.refused = false
    this.#ranks[peer]?.makeRoom()
  }

  #wakeSoon(): void {
    if (this.#waking || this.#closed) return
    this.#waking = true
    // not a microtask: ranks that wake each other must let timers run
    setImmediate(() => {
      this.#waking = false
      this.#room = false
      if (!this.#closed) this.#receiver.onWake()
    })
  }
}
