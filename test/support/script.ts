// One rank on a transport that a test writes by hand: it sees every frame that is sent, and says what comes.
import { Communicator } from '../../lib/comm/communicator.js'
import { Contexts, WORLD_CONTEXT } from '../../lib/comm/contexts.js'
import { Group } from '../../lib/comm/group.js'
import { Engine } from '../../lib/p2p/engine.js'
import { Waiter } from '../../lib/p2p/waiter.js'
import type { Polling } from '../../lib/p2p/patience.js'
import type { Receiver, Transport } from '../../lib/transport/transport.js'
import { HEADER_WORDS, kindOf, typeOf } from '../../lib/wire/header.js'

export interface SentFrame {
  readonly to: number
  readonly kind: number
  readonly type: number
  readonly flags: number
  readonly context: number
  readonly tag: number
  /** Word 3. */
  readonly id: number
  readonly length: number
  readonly total: number
  /** Word 7. */
  readonly last: number
  readonly payload: Uint8Array
}

/** What a test says of a frame that comes; the rest is 0. */
export interface Arrival {
  from?: number
  kind: number
  type?: number
  flags?: number
  context?: number
  tag?: number
  id?: number
  total?: number
  high?: number
  last?: number
  payload?: Uint8Array
}

export class ScriptedTransport implements Transport {
  readonly name = 'inproc'
  readonly maxPayload = 4096
  readonly sent: SentFrame[] = []
  /** How many frames there is room for. */
  room = Infinity
  asleep = false
  closed = false
  readonly #arrivals: Arrival[] = []
  readonly #receiver: Receiver

  constructor(receiver: Receiver) {
    this.#receiver = receiver
  }

  send(to: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean {
    if (this.room <= 0) return false
    this.room--
    const [word0, context, tag, id, bytes, total, , last] = header as unknown as number[]
    this.sent.push({
      to, kind: kindOf(word0), type: typeOf(word0), flags: word0 & ~0xffff, context: context, tag: tag, id: id,
      length: bytes, total: total, last: last, payload: payload.slice(offset, offset + length),
    })
    return true
  }

  /** A frame that the next poll hands over. */
  arrive(...arrivals: Arrival[]): void {
    this.#arrivals.push(...arrivals)
  }

  poll(): number {
    const arrivals = this.#arrivals.splice(0)
    for (const arrival of arrivals) {
      const { from = 1, kind, type = 0, flags = 0, context = 0, tag = 0, id = 0, high = 0, last = 0 } = arrival
      const payload = arrival.payload ?? new Uint8Array(0)
      const words = new Int32Array(HEADER_WORDS + 3)
      const { length } = payload
      words.set([kind | (type << 8) | flags, context, tag, id, length, arrival.total ?? length, high, last], 3)
      const bytes = new Uint8Array(payload.length + 8)
      bytes.set(payload, 8)
      this.#receiver.onFrame(from, words, 3, bytes, 8)
    }
    return arrivals.length
  }

  sleep(): boolean {
    if (this.#arrivals.length > 0) return false
    this.asleep = true
    return true
  }

  awake(): void {
    this.asleep = false
  }

  /** What a doorbell does. */
  wake(): void {
    this.#receiver.onWake()
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  close(): void {
    this.closed = true
  }
}

export interface Scripted {
  readonly world: Communicator
  readonly engine: Engine
  readonly waiter: Waiter
  readonly transport: ScriptedTransport
  close(): void
}

/** Rank 0 of `size`; frames to itself are for the test to see, too. */
export function scripted(options: { size?: number; eagerLimit?: number; polling?: Polling } = {}): Scripted {
  const { size = 2, eagerLimit = 1024, polling = 'never' } = options
  let transport: ScriptedTransport | undefined
  const connect = (receiver: Receiver): Transport => (transport = new ScriptedTransport(receiver))
  const engine = new Engine({ rank: 0, size, eagerLimit, connect })
  const waiter = new Waiter(engine, polling)
  const home = { progress: { engine, waiter }, contexts: new Contexts(0), worldRank: 0, hosts: new Array<string>(size).fill('here'), ranksPerCore: 1 }
  const ranks = Array.from({ length: size }, (_, rank) => rank)
  const world = new Communicator(home, WORLD_CONTEXT, new Group(ranks, 0), 'COMM_WORLD')
  const close = (): void => {
    waiter.close()
    engine.transport.close()
  }
  return { world, engine, waiter, transport: transport!, close }
}

/** Lets the event loop turn a few times. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}
