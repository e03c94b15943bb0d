// The process's world: joins the job at import, makes COMM_WORLD and COMM_SELF, finalizes when the program ends.
import { hostname } from 'node:os'
import { joinJob } from './bootstrap/index.js'
import { clock } from './clock.js'
import { buffersSent, buffersUnderWay } from './comm/buffered.js'
import { Communicator } from './comm/communicator.js'
import { Contexts, SELF_CONTEXT, WORLD_CONTEXT } from './comm/contexts.js'
import { Group } from './comm/group.js'
import { Connections } from './connect.js'
import { ArgumentError, PeerError, StateError } from './errors.js'
import { Engine } from './p2p/engine.js'
import { Waiter } from './p2p/waiter.js'
import type { Receiver, Transport } from './transport/transport.js'
import type { ToRank } from './wire/control.js'

const job = joinJob()
const { control, hosts, rank, size } = job

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

const connections = new Connections(job, secret)
const connect = (receiver: Receiver): Transport => connections.connect(receiver)
const engine = new Engine({ rank, size, eagerLimit: job.eagerLimit, connect })
const waiter = new Waiter(engine, connections.polling)
const { boards, ranksPerCore } = connections
const home = {
  progress: { engine, waiter },
  contexts: new Contexts(rank),
  worldRank: rank,
  hosts,
  ranksPerCore,
  ...(boards && { boards }),
}
const everyone = new Group(Array.from({ length: size }, (_, peer) => peer), rank)

/** All ranks of the job. */
export const COMM_WORLD = new Communicator(home, WORLD_CONTEXT, everyone, 'COMM_WORLD', boards?.worldBoard)
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
    case 'endpoint':
      return connections.onEndpoint(message.rank, message)
    case 'report':
      return control?.send({ type: 'doing', lines: doing() })
  }
}

engine.onLost = (peer, doing) => {
  if (lost.has(peer)) control?.send({ type: 'lost', rank: peer, doing })
}
/** Eager sends are done, so nobody could be told; and who waits for what they sent would wait for ever. */
engine.onUndelivered = (peer, how) => {
  queueMicrotask(() => {
    throw new PeerError(`messages to rank ${peer} of COMM_WORLD are lost: ${how}`, peer)
  })
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
export const wtime = (): number => clock() / 1000

/** The name of the host this process runs on (MPI_Get_processor_name). */
export const processorName: string = hostname()
