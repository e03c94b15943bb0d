// Which transport carries this process's messages to whom: shared memory inside its host, TCP to other hosts, ZeroMQ where
// a host has no shared memory. Also what follows from it: how to wait, and the boards of the host.
import { nativeMemory, nativeZmq, whyNotNative } from '../native/load.js'
import type { NativeMemory } from '../native/load.js'
import type { Job } from './bootstrap/index.js'
import { StateError, TransportError } from './errors.js'
import { LINGER_NANOSECONDS, PATIENCE } from './p2p/patience.js'
import type { Polling } from './p2p/patience.js'
import type { BoardPatience } from './transport/board-surroundings.js'
import { LocalTransport, localReceiver } from './transport/local.js'
import { Router } from './transport/router.js'
import { SelfTransport } from './transport/self.js'
import { ShmBoards } from './transport/shm-boards.js'
import { ShmTransport } from './transport/shm.js'
import type { Receiver, Transport } from './transport/transport.js'
import { ZmqTransport } from './transport/zmq.js'
import type { Endpoint, TcpOptions } from './transport/zmq-tcp.js'
import { ranksPerHost } from './wire/hosts.js'

type Segment = NonNullable<Job['segment']>

export class Connections {
  readonly polling: Polling
  /** On the fullest host. */
  readonly ranksPerCore: number
  /** Those of this host, once connected, where it has shared memory. */
  boards: ShmBoards | undefined
  readonly #job: Job
  readonly #secret: Promise<string>
  /** Ranks of this host, in the order of their local ranks. */
  readonly #locals: readonly number[]
  readonly #crowded: boolean
  readonly #endpoints = new Map<number, Asked>()

  /** `secret`: known to the ranks of the job only. */
  constructor(job: Job, secret: Promise<string>) {
    const { hosts, processors, rank, size } = job
    this.#job = job
    this.#secret = secret
    this.#locals = hosts.flatMap((host, peer) => (host === hosts[rank] ? [peer] : []))
    this.#crowded = this.#locals.length > processors
    this.ranksPerCore = job.ranksPerCore ?? Math.max(...ranksPerHost(hosts).values()) / processors
    this.polling = this.#patience()
    if (job.address === undefined && this.#locals.length < size) {
      throw new StateError(`rank ${rank}: this job has several hosts, but its launcher does not say where to listen`)
    }
  }

  /** Messages of ZeroMQ come through the event loop, so polling inside a call waits for those of this host alone. */
  #patience(): Polling {
    const { address, segment, size } = this.#job
    if (size > 1 && segment === undefined) return 'doze'
    const polling = this.#crowded ? 'yield' : 'spin'
    return address === undefined ? polling : `${polling}-briefly`
  }

  connect(receiver: Receiver): Transport {
    const { rank, size } = this.#job
    const self = new SelfTransport(rank, receiver)
    if (size === 1) return self
    const byPeer = new Array<Transport>(size)
    const local = this.#connectLocals(receiver)
    if (local !== undefined) for (const peer of this.#locals) byPeer[peer] = local
    byPeer[rank] = self
    const others = Array.from({ length: size }, (_, peer) => peer).filter((peer) => byPeer[peer] === undefined)
    if (others.length > 0) {
      const between = this.#connectByZmq(others, receiver)
      for (const peer of others) byPeer[peer] = between
    }
    return new Router(byPeer)
  }

  #connectByZmq(ranks: readonly number[], receiver: Receiver): Transport {
    const { rank, size, id: jobId } = this.#job
    const tcp = this.#tcp()
    return new ZmqTransport({ rank, size, jobId, secret: this.#secret, receiver, ranks, ...(tcp && { tcp }), native: nativeZmq() })
  }

  /** Undefined where this host has no shared memory. */
  #connectLocals(receiver: Receiver): Transport | undefined {
    const { rank, segment, size } = this.#job
    if (segment === undefined) return undefined
    const memory = nativeMemory()
    if (memory === undefined) {
      throw new TransportError(
        `rank ${rank}: this job uses shared memory, but the native addon cannot be loaded here: ${whyNotNative()}. ` +
          'Start it with `tsmpirun --transport zmq`.',
      )
    }
    if (this.#locals.length === size) return this.#shareMemory(memory, segment, receiver)
    return new LocalTransport(this.#shareMemory(memory, segment, localReceiver(this.#locals, receiver)), this.#locals)
  }

  #shareMemory(memory: NativeMemory, { fd, doorbells }: Segment, receiver: Receiver): Transport {
    const { size } = this.#job
    const ranks = this.#locals
    const rank = ranks.indexOf(this.#job.rank)
    const transport = new ShmTransport({ memory, fd, doorbells, rank, receiver, crowded: this.#crowded })
    this.boards = new ShmBoards({ memory, fd, ranks, rank, worldSize: size, transport, patience: this.#boardPatience() })
    return transport
  }

  #boardPatience(): BoardPatience {
    const { shortPolls, looks } = PATIENCE[this.polling]
    return { shortLooks: shortPolls, looks, nanoseconds: LINGER_NANOSECONDS }
  }

  #tcp(): TcpOptions | undefined {
    const { address, control, heartbeat, hosts, keys, listener, rank } = this.#job
    if (address === undefined) return undefined
    return {
      address,
      host: hosts[rank],
      ...(keys && { keys }),
      ...(listener !== undefined && { listener }),
      ...(heartbeat !== undefined && { heartbeatMilliseconds: heartbeat * 1000 }),
      onBound: (endpoint) => control?.send({ type: 'endpoint', endpoint }),
      endpointOf: (peer) => this.#endpointOf(peer).endpoint,
    }
  }

  #endpointOf(peer: number): Asked {
    const known = this.#endpoints.get(peer)
    if (known !== undefined) return known
    const asked = new Asked()
    this.#endpoints.set(peer, asked)
    this.#job.control?.send({ type: 'where', rank: peer })
    return asked
  }

  /** The launcher says where a peer listens, which this rank has asked for. */
  onEndpoint(peer: number, endpoint: Endpoint): void {
    this.#endpoints.get(peer)?.answer(endpoint)
  }
}

/** An endpoint that has been asked for. */
class Asked {
  answer: (endpoint: Endpoint) => void = () => undefined
  readonly endpoint = new Promise<Endpoint>((resolve) => {
    this.answer = resolve
  })
}
