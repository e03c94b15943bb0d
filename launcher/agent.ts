// The agent: one process per host. Starts the host's ranks, forwards their output, watches them and ends them. Where it
// is told to, it starts agents on other hosts and passes their frames on (tree/relay.ts).
//
// Invariants:
// - It reads frames on standard input and writes frames on standard output, nothing else, so that a pipe or an ssh
//   session can carry them; in a step of srun, where the agents share both, over a connection of its own
//   (tree/uplink.ts). The end of its input is the loss of the launcher: it kills every group and leaves.
// - Output under way is bounded: once a window of bytes is not credited, each rank's pipe is read at most once more,
//   and the ranks block. Every other frame is small. So memory is bounded, and control waits behind little output.
// - It does not judge: it reports what happens to a rank, and the launcher decides what that means for the job.
import { Socket } from 'node:net'
import { availableParallelism, hostname } from 'node:os'
import { ENV, ROLE } from '../lib/env.js'
import { TransportError } from '../lib/errors.js'
import * as wire from '../lib/wire/agent.js'
import type { FromAgent, Greeting, LaunchSpec, Network, ToAgent, Tree } from '../lib/wire/agent.js'
import type { FromRank, SentFrames } from '../lib/wire/control.js'
import { segmentBytes } from '../lib/wire/segment.js'
import { nativeMemory, whyNotNative } from '../native/load.js'
import type { NativeMemory } from '../native/load.js'
import { bindRanks, describeOverlap } from './binding.js'
import { Gate } from './gate.js'
import { News } from './news.js'
import { reapOrphans } from './orphans.js'
import { Rank, fullDisk } from './rank.js'
import type { Listener, Shared } from './rank.js'
import { readTopology } from './topology.js'
import { Heartbeat } from './tree/heartbeat.js'
import { whereabouts } from './tree/machine.js'
import type { Relay } from './tree/relay.js'
import { version } from './version.js'

const [, , mode, patience] = process.argv
/** Started on another host than its parent: it must say who it is, and watch whether the parent is there. */
const remote = mode !== undefined
const out = new Socket({ fd: 1, readable: false, writable: true })
/** Takes pieces of what goes to the parent. */
let write = (pieces: readonly Buffer[]): void => {
  out.cork()
  for (const piece of pieces) out.write(piece)
  out.uncork()
}
/** The number of this host in frames, once it has one. */
let self = remote ? undefined : 0
const ranks = new Map<number, Rank>()
const gate = new Gate()
const news = new News(ranks)
/** The agents below this one. */
let relay: Relay | undefined
let heartbeat: Heartbeat | undefined
let left = 0
/** Said once a rank uses tsmpi: a job of other programs need not hear it. */
let notice: string | undefined
/** Set once the job is being ended: a rank that starts later ends at once. */
let ending: number | undefined
/** Standard input that has come before the ranks were started; undefined since. */
let early: wire.Frame[] | undefined = []

const say = (message: FromAgent): void => write([wire.controlFrame(self ?? 0, message)])

/** Frames sent by ranks that left without having finalized. */
const leaving = new Map<number, SentFrames>()

const listener: Listener = {
  output(rank, type, stream, chunk) {
    write(wire.frame(type, self ?? 0, rank, chunk))
    gate.pass(stream, chunk.length)
  },
  consumed: (rank, bytes) => write([wire.creditFrame(self ?? 0, rank, bytes)]),
  message: onRankMessage,
  failed: (rank, reason, code) => say({ type: 'failed', rank, reason, code }),
  exited(rank, code, signal) {
    const sent = leaving.get(rank)
    const full = fullDisk(ranks.get(rank)?.spec.output?.stdout)
    if (full) say({ type: 'notice', text: `the disk of ${full} on host ${hostname()} is full: output of its ranks may be missing` })
    say({ type: 'exited', rank, code, signal, ...(sent && { sent }) })
  },
  over: () => finish(1),
}

function onRankMessage(from: Rank, message: FromRank): void {
  const { rank } = from.spec
  switch (message.type) {
    case 'hello':
      from.nodePid = message.pid
      news.greet(from)
      if (notice !== undefined) say({ type: 'notice', text: notice })
      notice = undefined
      return say({ type: 'hello', rank, pid: message.pid })
    case 'leaving':
      return void leaving.set(rank, message.sent)
    case 'endpoint':
      return say({ type: 'endpoint', rank, endpoint: message.endpoint })
    case 'where':
      return news.where(from, message.rank)
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
    case 'tree':
      return void join(message)
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
      return news.report()
    case 'ended':
      return news.ended(message)
    case 'finalized':
      return news.finalized()
    case 'endpoints':
      return news.listening(message.endpoints)
    case 'sweep':
      return relay?.sweep(message.branch, message.left)
    case 'reap':
      reapOrphans(message.left)
      return void leave()
    default:
      throw new TransportError(`an order that this agent does not know: ${String((message satisfies never as ToAgent).type)}`)
  }
}

/** This host has its place in the tree. */
async function join(tree: Tree): Promise<void> {
  self = tree.host
  if (remote) Object.assign(process.env, tree.env)
  const beat = (): void => write([wire.beatFrame()])
  // The launcher counts the silence of the agent on its own host from here on.
  beat()
  heartbeat?.stop()
  // Below the launcher itself a closed pipe tells of its end; that it may be stopped is as on one host.
  heartbeat = new Heartbeat(tree.heartbeat, { beat, ...(remote && { silent: () => void leave() }) })
  if (tree.branches.length === 0) return
  const { Relay } = await import('./tree/relay.js')
  try {
    relay = await Relay.open(tree, { version: version(), node: process.versions.node }, write)
  } catch (error) {
    say({ type: 'refused', reason: (error as Error).message })
  }
}

async function launch(spec: LaunchSpec): Promise<void> {
  left = spec.ranks.length
  gate.window = spec.window
  news.begin(spec)
  const env: NodeJS.ProcessEnv = { ...process.env, ...spec.env }
  for (const name of ROLE) delete env[name]
  const shared = openShared(spec)
  if (shared === 'refused') return
  if (!shared) env[ENV.TRANSPORT] = 'zmq'
  env[ENV.PROCESSORS] = String(availableParallelism())
  if (spec.network !== undefined && !(await setAddress(spec.network, env))) return
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
  const kept = early ?? []
  early = undefined
  kept.forEach(input)
  const memory = nativeMemory()
  if (shared) for (const fd of [shared.segment, ...shared.doorbells]) memory?.close(fd)
  finish(spec.ranks.length - ranks.size)
}

/** Where the ranks of this host are to listen. False where that cannot be had: then the launcher has been told. */
async function setAddress(network: Network, env: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    const { chooseAddress } = await import('./tree/addresses.js')
    env[ENV.ADDRESS] = await chooseAddress(network)
    return true
  } catch (error) {
    say({ type: 'refused', reason: (error as Error).message })
    return false
  }
}

/** The processors that each local rank is bound to; empty where it is not. */
function processorsFor({ bind, ranks: { length } }: LaunchSpec): number[][] {
  if (bind === undefined) return []
  const topology = readTopology()
  const cpus = nativeMemory() ? bindRanks(topology, bind, length) : []
  const overlap = cpus.length === 0 ? undefined : describeOverlap(topology, bind, length)
  if (overlap !== undefined) say({ type: 'notice', text: overlap })
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

function onFrame(frame: wire.Frame): void {
  heartbeat?.heard()
  const { type, host, payload } = frame
  const mine = self === undefined || host === self || host === wire.ALL_HOSTS
  if (type === wire.CONTROL && mine) onLauncherMessage(JSON.parse(payload.toString()) as ToAgent)
  else if (type === wire.CREDIT && mine) gate.credit(payload.readUInt32LE(0))
  else if (type === wire.STDIN && mine) input(frame)
  if (host !== self && type !== wire.BEAT) relay?.pass(frame)
}

function input(frame: wire.Frame): void {
  if (early) early.push(frame)
  else ranks.get(frame.rank)?.input(frame.payload)
}

/** Ends what this agent has started, here and elsewhere, and this process. */
async function leave(): Promise<void> {
  killAll()
  const below = relay
  relay = undefined
  await below?.close()
  process.exit()
}

function read(chunk: Buffer): void {
  try {
    reader.push(chunk).forEach(onFrame)
  } catch (error) {
    fail(`${(error as Error).stack}`)
  }
}

function fail(problem: string): void {
  process.stderr.write(`tsmpirun's agent: ${problem}\n`)
  process.exitCode = 1
  void leave()
}

/** Another host's agent says first who it is. `session`: the addresses by which it was reached. */
function greet(session: Pick<Greeting, 'client' | 'server'>): void {
  const { pid, versions } = process
  const greeting = { version: version(), node: versions.node, pid, processors: availableParallelism() }
  write([wire.encodeGreeting({ ...greeting, ...session, ...whereabouts(process.env) })])
}

function sshSession(): Pick<Greeting, 'client' | 'server'> {
  const [client, , server] = (process.env['SSH_CONNECTION'] ?? '').split(' ')
  return client && server ? { client, server } : {}
}

/** One of many in a step: by a connection to the root of the tree. */
async function connect(): Promise<void> {
  const ended = (problem?: string): void => (problem === undefined ? void leave() : fail(problem))
  try {
    const { openUplink } = await import('./tree/uplink.js')
    const uplink = await openUplink(process.stdin, { bytes: read, ended })
    write = (pieces) => uplink.write(pieces)
    greet(await uplink.session())
  } catch (error) {
    fail((error as Error).message)
  }
}

process.on('exit', killAll)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void leave())
for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {})
out.on('error', () => void leave())
const reader = new wire.FrameReader()
process.stdin.on('end', () => void leave()).on('error', () => void leave())
// Before the heartbeat begins with the first order, whoever started it may be lost as well.
if (remote) setTimeout(() => void (self === undefined && leave()), (Number(patience) || 60) * 1000).unref()
if (mode === 'step') void connect()
else process.stdin.on('data', read)
if (mode === 'greet') greet(sshSession())
