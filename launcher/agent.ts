// The agent: one process per host. Starts the host's ranks, forwards their output, watches them and ends them.
//
// Invariants:
// - It reads frames on standard input and writes frames on standard output, nothing else, so that a pipe or an ssh
//   session can carry them. The end of its input is the loss of the launcher: it kills every group and leaves.
// - Output under way is bounded: once OUTPUT_WINDOW bytes are not credited, each rank's pipe is read at most once more,
//   and the ranks block. Every other frame is small. So memory is bounded, and control waits behind little output.
// - It does not judge: it reports what happens to a rank, and the launcher decides what that means for the job.
import { Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Readable } from 'node:stream'
import { ENV, ROLE } from '../lib/env.js'
import * as wire from '../lib/wire/agent.js'
import type { FromAgent, LaunchSpec, ToAgent } from '../lib/wire/agent.js'
import type { FromRank, SentFrames, ToRank } from '../lib/wire/control.js'
import { segmentBytes } from '../lib/wire/segment.js'
import { nativeMemory, whyNotNative } from '../native/load.js'
import type { NativeMemory } from '../native/load.js'
import { bindRanks } from './binding.js'
import { Rank } from './rank.js'
import type { Listener, Shared } from './rank.js'
import { readTopology } from './topology.js'

type Ended = Extract<ToAgent, { type: 'ended' }>

const out = new Socket({ fd: 1, readable: false, writable: true })
const ranks = new Map<number, Rank>()
let job: LaunchSpec | undefined
let left = 0
/** Said once a rank uses tsmpi: a job of other programs need not hear it. */
let notice: string | undefined
/** Set once the job is being ended: a rank that starts later ends at once. */
let ending: number | undefined

const say = (message: FromAgent): void => void out.write(wire.controlFrame(message))

/** Stops reading the ranks' output while too much of it is under way. */
const gate = {
  underWay: 0,
  shut: new Set<Readable>(),
  pass(stream: Readable, bytes: number): void {
    this.underWay += bytes
    if (this.underWay < wire.OUTPUT_WINDOW) return
    stream.pause()
    this.shut.add(stream)
  },
  credit(bytes: number): void {
    this.underWay -= bytes
    if (this.underWay > wire.OUTPUT_WINDOW / 2) return
    for (const stream of this.shut) stream.resume()
    this.shut.clear()
  },
}

/** Who has finalized or ended, told to every rank that uses tsmpi; one that says hello later hears all of it. */
const news = {
  all: [] as Ended[],
  told: 0,
  complete: false,
  add(message: Ended): void {
    // Many come at once, at the end of a job: one write to each rank for all of a turn.
    if (this.all.push(message) === this.told + 1) setImmediate(() => this.tell())
  },
  tell(): void {
    const fresh = this.all.slice(this.told)
    this.told = this.all.length
    for (const rank of ranks.values()) if (rank.nodePid !== undefined) rank.tell(this.for(rank, fresh))
  },
  greet(rank: Rank): void {
    if (job) rank.tell([{ type: 'job', secret: job.secret, hosts: job.hosts }])
    rank.tell(this.for(rank, this.all.slice(0, this.told)))
    if (this.complete) rank.tell([{ type: 'finalized' }])
  },
  finalized(): void {
    this.tell()
    this.complete = true
    for (const rank of ranks.values()) if (rank.nodePid !== undefined) rank.tell([{ type: 'finalized' }])
  },
  for(to: Rank, messages: Ended[]): ToRank[] {
    const others = messages.filter((message) => message.rank !== to.spec.rank)
    return others.map(({ sent, ...rest }) => (sent ? { ...rest, sent: sent[to.spec.rank] ?? 0 } : rest))
  },
}

/** Frames sent by ranks that left without having finalized. */
const leaving = new Map<number, SentFrames>()

const listener: Listener = {
  output(rank, type, stream, chunk) {
    out.cork()
    out.write(wire.frameHeader(type, rank, chunk.length))
    out.write(chunk)
    out.uncork()
    gate.pass(stream, chunk.length)
  },
  consumed: (rank, bytes) => void out.write(wire.creditFrame(rank, bytes)),
  message: onRankMessage,
  failed: (rank, reason, code) => say({ type: 'failed', rank, reason, code }),
  exited(rank, code, signal) {
    const sent = leaving.get(rank)
    say({ type: 'exited', rank, code, signal, ...(sent && { sent }) })
  },
  over: () => finish(1),
}

function onRankMessage(from: Rank, message: FromRank): void {
  const { rank } = from.spec
  switch (message.type) {
    case 'hello':
      if (!Number.isInteger(message.pid) || message.pid <= 1) return
      from.nodePid = message.pid
      news.greet(from)
      if (notice !== undefined) say({ type: 'notice', text: notice })
      notice = undefined
      return say({ type: 'hello', rank, pid: message.pid })
    case 'leaving':
      return void leaving.set(rank, message.sent)
    case 'lost':
      return say({ type: 'lost', rank, peer: message.rank, doing: message.doing })
    case 'finalize':
    case 'uncaught':
    case 'abort':
    case 'doing':
      return say({ ...message, rank })
  }
}

function onLauncherMessage(message: ToAgent): void {
  switch (message.type) {
    case 'launch':
      return void launch(message.spec)
    case 'signal':
      for (const rank of ranks.values()) rank.forward(message.signal)
      return
    case 'end':
      ending = message.grace
      for (const rank of ranks.values()) rank.end(message.grace)
      return
    case 'report':
      for (const rank of ranks.values()) if (rank.nodePid !== undefined) rank.tell([{ type: 'report' }])
      return
    case 'ended':
      return news.add(message)
    case 'finalized':
      return news.finalized()
  }
}

async function launch(spec: LaunchSpec): Promise<void> {
  job = spec
  left = spec.ranks.length
  const env: NodeJS.ProcessEnv = { ...process.env, ...spec.env }
  for (const name of ROLE) delete env[name]
  const shared = openShared(spec)
  if (shared === 'refused') return
  if (!shared) env[ENV.TRANSPORT] = 'zmq'
  env[ENV.PROCESSORS] = String(availableParallelism())
  const cpus = processorsFor(spec)
  for (const one of spec.ranks) {
    if (ending !== undefined) break
    const rank = new Rank(one, listener, nativeMemory())
    ranks.set(one.rank, rank)
    rank.start(env, shared, cpus[one.localRank])
    if (rank.pid !== undefined) say({ type: 'started', rank: one.rank, pid: rank.pid })
    // Starting many takes long: the launcher must be heard meanwhile.
    if (ranks.size % 8 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const memory = nativeMemory()
  if (shared) for (const fd of [shared.segment, ...shared.doorbells]) memory?.close(fd)
  finish(spec.ranks.length - ranks.size)
}

/** The processors that each local rank is bound to; empty where it is not. */
function processorsFor({ bind, ranks: { length } }: LaunchSpec): number[][] {
  if (bind === undefined) return []
  const cpus = nativeMemory() ? bindRanks(readTopology(), bind, length) : []
  const why = nativeMemory() ? 'the system does not tell its processors' : `the native addon is not there: ${whyNotNative()}`
  if (cpus.length === 0) say({ type: 'notice', text: `--bind-to ${bind.to}: ranks are not bound; ${why}` })
  return cpus
}

/** `over` more ranks are over, or will never start. */
function finish(over: number): void {
  left -= over
  if (left === 0 && over > 0) say({ type: 'done' })
}

/** Makes the host's shared memory, where the job uses it and it can be had. */
function openShared(spec: LaunchSpec): Shared | undefined | 'refused' {
  if (spec.transport === 'zmq') return undefined
  let why = `the native addon is not there: ${whyNotNative()}`
  try {
    const memory = nativeMemory()
    if (memory) return createShared(memory, spec.ranks.length)
  } catch (error) {
    why = (error as Error).message
  }
  if (spec.transport === 'shm') {
    say({ type: 'refused', reason: `--transport shm is not possible; ${why}` })
    return 'refused'
  }
  if (spec.size > 1) notice = `messages go over ZeroMQ, not shared memory; ${why}`
  return undefined
}

function createShared(memory: NativeMemory, size: number): Shared {
  const segment = memory.createSegment(segmentBytes(size))
  const doorbells = Array.from({ length: size }, () => memory.createDoorbell())
  // Ranks get copies, at the numbers they expect, and nothing else.
  for (const fd of [segment, ...doorbells]) memory.closeOnExec(fd)
  return { segment, doorbells }
}

function killAll(): void {
  ending = 0
  for (const rank of ranks.values()) rank.end(0)
}

function onFrame({ type, rank, payload }: wire.Frame): void {
  if (type === wire.CONTROL) onLauncherMessage(JSON.parse(payload.toString()) as ToAgent)
  else if (type === wire.CREDIT) gate.credit(payload.readUInt32LE(0))
  else if (type === wire.STDIN) ranks.get(rank)?.input(payload)
}

const leave = (): void => process.exit(0)
process.on('exit', killAll)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, leave)
for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {})
out.on('error', leave)
const reader = new wire.FrameReader()
process.stdin.on('data', (chunk: Buffer) => reader.push(chunk).forEach(onFrame))
process.stdin.on('end', leave).on('error', leave)
