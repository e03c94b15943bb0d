// The process's world: joins the job at import, makes COMM_WORLD and COMM_SELF, finalizes when the program ends.
import { hostname } from 'node:os'
import { nativeMemory, whyNotNative } from '../native/load.js'
import { joinJob } from './bootstrap/index.js'
import type { Job } from './bootstrap/index.js'
import { buffersSent, buffersUnderWay } from './comm/buffered.js'
import { Communicator } from './comm/communicator.js'
import { Contexts, SELF_CONTEXT, WORLD_CONTEXT } from './comm/contexts.js'
import { Group } from './comm/group.js'
import { ArgumentError, StateError, TransportError } from './errors.js'
import { Engine } from './p2p/engine.js'
import { Waiter } from './p2p/waiter.js'
import { LINGER_NANOSECONDS, PATIENCE } from './p2p/patience.js'
import type { Polling } from './p2p/patience.js'
import { Router } from './transport/router.js'
import { SelfTransport } from './transport/self.js'
import type { BoardPatience } from './transport/board.js'
import { ShmBoards } from './transport/shm-boards.js'
import { ShmTransport } from './transport/shm.js'
import type { Receiver, Transport } from './transport/transport.js'
import { ZmqTransport } from './transport/zmq.js'
import type { ToRank } from './wire/control.js'

const job = joinJob()
const { control, hosts, processors, rank, size } = job
const ranksOn = (place: string): number => hosts.filter((host) => host === place).length
const localSize = ranksOn(hosts[rank])
const fullest = Math.max(...[...new Set(hosts)].map(ranksOn))

/** Told by the launcher: the job's secret, which ZeroMQ connections are admitted by. */
let tellSecret: (secret: string) => void
const secret = new Promise<string>((resolve) => {
  tellSecret = resolve
})
let tellFinalized: () => void
const allFinalized = new Promise<void>((resolve) => {
  tellFinalized = resolve
})
/** Ranks that ended without finalizing. */
const lost = new Set<number>()

/** The boards of this host, where it has shared memory. */
let pool: ShmBoards | undefined

function connectPeers({ segment, id }: Job, receiver: Receiver): Transport {
  if (segment === undefined) return new ZmqTransport({ rank, size, jobId: id, secret, receiver })
  const memory = nativeMemory()
  if (memory === undefined) {
    throw new TransportError(
      `rank ${rank}: this job uses shared memory, but the native addon cannot be loaded here: ${whyNotNative()}. ` +
        'Start it with `tsmpirun --transport zmq`.',
    )
  }
  const { fd, doorbells } = segment
  const transport = new ShmTransport({ memory, fd, doorbells, rank, receiver, crowded: localSize > processors })
  pool = new ShmBoards({ memory, fd, size, rank, transport, patience: boardPatience() })
  return transport
}

function connect(receiver: Receiver): Transport {
  const self = new SelfTransport(rank, receiver)
  if (size === 1) return self
  const peers = connectPeers(job, receiver)
  return new Router(Array.from({ length: size }, (_, peer) => (peer === rank ? self : peers)))
}

/** Messages of ZeroMQ come through the event loop, so polling inside a call would wait for nothing. */
function polling(): Polling {
  if (size > 1 && job.segment === undefined) return 'never'
  return localSize <= processors ? 'spin' : 'yield'
}

function boardPatience(): BoardPatience {
  const { shortPolls, looks } = PATIENCE[polling()]
  return { shortLooks: shortPolls, looks, nanoseconds: LINGER_NANOSECONDS }
}

const engine = new Engine({ rank, size, eagerLimit: job.eagerLimit, connect })
const waiter = new Waiter(engine, polling())
const home = {
  progress: { engine, waiter },
  contexts: new Contexts(rank),
  worldRank: rank,
  hosts,
  ranksPerCore: fullest / processors,
  ...(pool === undefined ? {} : { boards: pool }),
}
const everyone = new Group(Array.from({ length: size }, (_, peer) => peer), rank)

/** All ranks of the job. */
export const COMM_WORLD = new Communicator(home, WORLD_CONTEXT, everyone, 'COMM_WORLD', pool?.worldBoard)
/** This process alone. */
export const COMM_SELF = new Communicator(home, SELF_CONTEXT, new Group([rank], rank), 'COMM_SELF')

/** What this rank waits for, a line an operation. */
function doing(): string[] {
  const waits = waiter.describe()
  // A call that sleeps is among the pending operations too.
  const others = engine.describePending(8).filter((line) => !waits.some((wait) => wait.startsWith(line)))
  return [...waits, ...others].slice(0, 6)
}

/** How often, and every how many milliseconds, to look for the last frames of a rank that has exited. */
const LAST_LOOKS = 20
const LOOK_INTERVAL = 100

/** A rank that exits without having finalized may take messages with it that it had not yet handed to the network. */
function onLeft(peer: number, how: string): void {
  lost.add(peer)
  let before = 0
  let looks = 0
  const timer = setInterval(() => {
    const frames = engine.framesWhileLeaving(peer)
    looks = frames === before ? looks + 1 : 0
    before = frames ?? 0
    if (frames !== undefined && looks < LAST_LOOKS) return
    clearInterval(timer)
    if (frames === undefined) return
    engine.peerEnded(peer, `${how}; its last messages are lost: await finalize() before process.exit()`, undefined)
    waiter.schedule()
  }, LOOK_INTERVAL).unref()
}

function onControl(message: ToRank): void {
  switch (message.type) {
    case 'job':
      return tellSecret(message.secret)
    case 'ended':
      engine.peerEnded(message.rank, message.how, message.sent)
      if (!message.finalized) onLeft(message.rank, message.how)
      return waiter.schedule()
    case 'finalized':
      return tellFinalized()
    case 'report':
      return control?.send({ type: 'doing', lines: doing() })
  }
}

engine.onLost = (peer, doing) => {
  if (lost.has(peer)) control?.send({ type: 'lost', rank: peer, doing })
}
control?.onLeaving(() => engine.sentFrames())
control?.listen(onControl)

let finalizing: Promise<void> | undefined

/**
 * Ends the use of tsmpi in this process: waits until buffered sends have left and all ranks have come here
 * (MPI_Finalize). Called by itself when the program has nothing left to do.
 * @throws StateError while operations other than buffered sends are pending
 */
export function finalize(): Promise<void> {
  if (finalizing === undefined && engine.pending > buffersUnderWay()) {
    return Promise.reject(new StateError(`finalize: ${engine.pending} operations are pending: ${doing().join('; ')}`))
  }
  return (finalizing ??= leave())
}

async function leave(): Promise<void> {
  waiter.forbid()
  await buffersSent()
  if (control !== undefined) {
    // What others still send must be taken, so that they can leave.
    waiter.hold()
    await engine.transport.flush()
    control.send({ type: 'finalize', sent: engine.sentFrames() })
    await allFinalized
    waiter.release()
  }
  waiter.close()
  engine.transport.close()
}

process.on('beforeExit', () => {
  if (finalizing === undefined) void finalize()
})

/** Whether `finalize` has been called. */
export const isFinalized = (): boolean => finalizing !== undefined

/**
 * Ends all ranks of the job at once; the job's exit code is `code`, from 1 to 255 (MPI_Abort).
 * @param reason is printed by the launcher
 */
export function abort(code = 1, reason?: string): never {
  if (!Number.isInteger(code) || code < 1 || code > 255) throw new ArgumentError(`abort: code ${code} is not from 1 to 255`)
  if (control === undefined && reason !== undefined) process.stderr.write(`tsmpi: aborted: ${reason}\n`)
  control?.send({ type: 'abort', code, ...(reason === undefined ? {} : { reason }) })
  process.exit(code)
}

/** Seconds since some moment in the past, for measuring (MPI_Wtime). */
export const wtime = (): number => performance.now() / 1000

/** The name of the host this process runs on (MPI_Get_processor_name). */
export const processorName: string = hostname()
