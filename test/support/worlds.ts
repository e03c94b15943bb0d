// Worlds of several ranks in one process: an engine, a waiter and a COMM_WORLD each, as lib/world.ts makes for one.
import { randomBytes } from 'node:crypto'
import { nativeMemory, whyNotNative } from '../../native/load.js'
import type { NativeMemory } from '../../native/load.js'
import { isPowerOfTwo } from '../../lib/coll/patterns/hypercube.js'
import { algorithmsOf } from '../../lib/coll/registry.js'
import type { CollectiveName, Entry } from '../../lib/coll/schedule.js'
import { Communicator } from '../../lib/comm/communicator.js'
import { Contexts, WORLD_CONTEXT } from '../../lib/comm/contexts.js'
import { Group } from '../../lib/comm/group.js'
import { DEFAULT_EAGER_LIMIT } from '../../lib/env.js'
import { Engine } from '../../lib/p2p/engine.js'
import { Waiter } from '../../lib/p2p/waiter.js'
import type { Polling } from '../../lib/p2p/patience.js'
import { createInproc } from '../../lib/transport/inproc.js'
import { LocalTransport, localReceiver } from '../../lib/transport/local.js'
import { Router } from '../../lib/transport/router.js'
import { SelfTransport } from '../../lib/transport/self.js'
import { ShmBoards } from '../../lib/transport/shm-boards.js'
import { ShmTransport } from '../../lib/transport/shm.js'
import type { Receiver, Transport } from '../../lib/transport/transport.js'
import { ZmqTransport } from '../../lib/transport/zmq.js'
import { segmentBytes } from '../../lib/wire/segment.js'
import { SOCKETS, tcpJob, tcpTransport } from '../transport/hosts.js'

/** `hosts`: two hosts of consecutive ranks, shared memory inside each, TCP with CURVE between them. */
export type TransportName = 'inproc' | 'shm' | 'zmq' | 'hosts'
export const TRANSPORTS: readonly TransportName[] = ['inproc', 'shm', 'zmq', 'hosts']

/** Why a transport cannot be tested here; undefined where it can. */
export function missing(name: TransportName): string | undefined {
  if (name === 'shm' || name === 'hosts') return nativeMemory() === undefined ? whyNotNative() : undefined
  return undefined
}

/** The transports that can be tested here; says of the others why they cannot. */
export function transports(): TransportName[] {
  return TRANSPORTS.filter((name) => {
    const reason = missing(name)
    if (reason !== undefined) console.log(`# skip ${name}: ${reason}`)
    return reason === undefined
  })
}

export interface WorldsOptions {
  eagerLimit?: number
  /** Sees every frame that a rank hands to its transport. */
  spy?: (from: number, to: number, words: Int32Array) => void
  polling?: Polling
  /** Whether collectives go by boards. Default: over shm and inside hosts; zmq has none. */
  boards?: boolean
  /** By rank; by default one for all, or the two that there are. */
  hosts?: readonly string[]
}

export interface Worlds {
  readonly worlds: readonly Communicator[]
  readonly engines: readonly Engine[]
  readonly waiters: readonly Waiter[]
  close(): void
}

type Peers = {
  connect: (rank: number, receiver: Receiver) => Transport
  /** Of the rank that has connected. */
  boards?: (rank: number) => ShmBoards
  close: () => void
}

/** Ranks of one process: whoever waits must let the others run. */
const AT_ONCE = { shortLooks: 0, looks: 0, nanoseconds: 0 }

const everyone = (size: number): number[] => Array.from({ length: size }, (_, rank) => rank)

/** A segment in this process's own memory. */
function plainMemory(): NativeMemory {
  const parts = new Map<number, ArrayBuffer>()
  const map = (_fd: number, offset: number, bytes: number): ArrayBuffer => {
    const part = parts.get(offset)
    if (part !== undefined && part.byteLength >= bytes) return part
    const larger = new ArrayBuffer(bytes)
    parts.set(offset, larger)
    return larger
  }
  return { map } as NativeMemory
}

const HUBS: Record<TransportName, (size: number) => Peers> = {
  inproc(size) {
    const hub = createInproc(size)
    const connected = new Map<number, Transport & { arrived(): void }>()
    const transport = { wake: (peer: number) => connected.get(peer)?.arrived(), memoryOf: () => undefined, watch: () => undefined, watchSlots: () => undefined, linger: () => undefined }
    const memory = plainMemory()
    return {
      connect(rank, receiver) {
        const made = hub.transport(rank, receiver)
        connected.set(rank, made as Transport & { arrived(): void })
        return made
      },
      boards: (rank) => new ShmBoards({ memory, fd: 0, ranks: everyone(size), rank, worldSize: size, transport, patience: AT_ONCE }),
      close: () => undefined,
    }
  },
  shm(size) {
    const memory = nativeMemory()!
    const fd = memory.createSegment(segmentBytes(size))
    const doorbells = Array.from({ length: size }, () => memory.createDoorbell())
    const connected = new Map<number, ShmTransport>()
    return {
      connect(rank, receiver) {
        const transport = new ShmTransport({ memory, fd, doorbells, rank, receiver })
        connected.set(rank, transport)
        return transport
      },
      boards: (rank) => new ShmBoards({ memory, fd, ranks: everyone(size), rank, worldSize: size, transport: connected.get(rank)!, patience: AT_ONCE }),
      close: () => [fd, ...doorbells].forEach((descriptor) => memory.close(descriptor)),
    }
  },
  zmq(size) {
    const jobId = randomBytes(6).toString('hex')
    const secret = randomBytes(16).toString('hex')
    return { connect: (rank, receiver) => new ZmqTransport({ rank, size, jobId, secret, receiver, ...SOCKETS }), close: () => undefined }
  },
  hosts: hostsOfShm,
}

function hostsOfShm(size: number): Peers {
  const memory = nativeMemory()!
  const half = (size + 1) >> 1
  const job = tcpJob(size)
  const everyone = Array.from({ length: size }, (_, rank) => rank)
  const hosts = [everyone.slice(0, half), everyone.slice(half)].map((ranks) => {
    const fd = memory.createSegment(segmentBytes(ranks.length))
    return { ranks, fd, doorbells: ranks.map(() => memory.createDoorbell()) }
  })
  const hostOf = (rank: number): (typeof hosts)[number] => hosts[rank < half ? 0 : 1]
  const connected = new Map<number, ShmTransport>()
  return {
    connect(rank, receiver) {
      const { ranks, fd, doorbells } = hostOf(rank)
      const inner = new ShmTransport({ memory, fd, doorbells, rank: ranks.indexOf(rank), receiver: localReceiver(ranks, receiver) })
      connected.set(rank, inner)
      const local = new LocalTransport(inner, ranks)
      const others = everyone.filter((peer) => !ranks.includes(peer))
      const between = tcpTransport(job, rank, receiver, { ranks: others })
      return new Router(everyone.map((peer) => (ranks.includes(peer) ? local : between)))
    },
    boards(rank) {
      const { ranks, fd } = hostOf(rank)
      const transport = connected.get(rank)!
      return new ShmBoards({ memory, fd, ranks, rank: ranks.indexOf(rank), worldSize: size, transport, patience: AT_ONCE })
    },
    close: () => hosts.forEach(({ fd, doorbells }) => [fd, ...doorbells].forEach((each) => memory.close(each))),
  }
}

function spied(transport: Transport, from: number, spy: WorldsOptions['spy']): Transport {
  if (spy === undefined) return transport
  const send = transport.send.bind(transport)
  transport.send = (to, header, payload, offset, length) => {
    const sent = send(to, header, payload, offset, length)
    if (sent) spy(from, to, header)
    return sent
  }
  return transport
}

/** `size` ranks of one process on one transport; frames of a rank to itself go by SelfTransport. */
export function openWorlds(name: TransportName, size: number, options: WorldsOptions = {}): Worlds {
  const { eagerLimit = DEFAULT_EAGER_LIMIT, polling = 'never', spy, boards: withBoards = name === 'shm' || name === 'hosts' } = options
  const peers = HUBS[name](size)
  const ranks = Array.from({ length: size }, (_, rank) => rank)
  const hosts = options.hosts ?? ranks.map((rank) => (name === 'hosts' && rank >= (size + 1) >> 1 ? 'there' : 'here'))
  const engines = ranks.map((rank) => {
    const connect = (receiver: Receiver): Transport => {
      const self = new SelfTransport(rank, receiver)
      const others = size === 1 ? self : peers.connect(rank, receiver)
      return spied(new Router(ranks.map((peer) => (peer === rank ? self : others))), rank, spy)
    }
    return new Engine({ rank, size, eagerLimit, connect })
  })
  const waiters = engines.map((engine) => new Waiter(engine, polling))
  const worlds = ranks.map((rank) => {
    const progress = { engine: engines[rank], waiter: waiters[rank] }
    const pool = withBoards && size > 1 ? peers.boards?.(rank) : undefined
    const boards = pool === undefined ? {} : { boards: pool }
    const home = { progress, contexts: new Contexts(rank), worldRank: rank, hosts, ranksPerCore: 1, ...boards }
    return new Communicator(home, WORLD_CONTEXT, new Group(ranks, rank), 'COMM_WORLD', pool?.worldBoard)
  })
  const close = (): void => {
    for (const waiter of waiters) waiter.close()
    for (const engine of engines) engine.transport.close()
    peers.close()
  }
  return { worlds, engines, waiters, close }
}

/** The algorithms whose restrictions on sizes and hosts a communicator meets. */
export const algorithmsFor = (collective: CollectiveName, { size, hostIndices }: Communicator): Entry[] =>
  algorithmsOf(collective).filter(
    ({ powerOfTwo, twoLevel }) => (powerOfTwo !== true || isPowerOfTwo(size)) && (twoLevel !== true || hostIndices !== undefined),
  )

/** What the ranks wait for, for the message of a test that hangs. */
function doing(worlds: readonly Communicator[]): string {
  const lines = worlds.map(({ rank, progress: { engine, waiter } }) => {
    const what = [...waiter.describe(), ...engine.describePending(3)]
    return `rank ${rank}: ${what.length > 0 ? what.join('; ') : 'nothing'}`
  })
  return lines.join('\n')
}

/** Runs `program` on all ranks at once. Rejects with the first error, or when it takes longer than `seconds`. */
export async function onAll<T>(
  worlds: readonly Communicator[],
  program: (world: Communicator) => Promise<T>,
  seconds = 30,
): Promise<T[]> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${seconds} s\n${doing(worlds)}`)), seconds * 1000)
  })
  try {
    return await Promise.race([Promise.all(worlds.map(program)), limit])
  } finally {
    clearTimeout(timer)
  }
}

/** Opens worlds, runs `program` on all ranks, checks that nothing is left pending, and closes. */
export async function inWorlds<T>(
  name: TransportName,
  size: number,
  program: (world: Communicator) => Promise<T>,
  options: WorldsOptions & { seconds?: number } = {},
): Promise<T[]> {
  const { worlds, engines, close } = openWorlds(name, size, options)
  try {
    const results = await onAll(worlds, program, options.seconds)
    const count = (): number => engines.reduce((sum, engine) => sum + engine.pending, 0)
    // A buffered send ends when its sender hears that the message has been copied.
    for (let turns = 0; turns < 100 && count() > 0; turns++) await new Promise(setImmediate)
    const pending = count()
    if (pending !== 0) throw new Error(`${pending} operations are left pending\n${doing(worlds)}`)
    return results
  } finally {
    close()
  }
}

/** The error of a promise that must reject; fails where it does not. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<Error> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error as Error
  }
  throw new Error(`should have been rejected, but gave ${String(value)}`)
}
