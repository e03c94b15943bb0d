// The frames between the launcher and the agents: type u8, host u32, rank u32, length u32 (little-endian), payload,
// newline. Whatever carries bytes can carry them: a pipe here, ssh or the messages of a socket elsewhere. The newline is
// there because srun holds back what is not a whole line.
//
// Agents are a tree, of which the agent of the launcher's own host is the root. `host` is a number of the launcher's,
// from 0 for the root: to agents where a frame goes, or ALL_HOSTS, from agents where it comes from. Who is between passes
// it on as it is. An agent does not know its number before the frame `tree`.
//
// Output flows against credit, from end to end: an agent has at most the window of its launch spec of STDOUT and STDERR
// payload under way that the launcher has not yet credited, so a control frame never waits behind more than that of
// each agent, and nobody between holds anything up. STDIN likewise, per rank.
import { TransportError } from '../errors.js'
import type { SentFrames } from './control.js'
import type { TransportChoice } from '../env.js'

/** JSON: `ToAgent` or `FromAgent`. */
export const CONTROL = 1
/** Bytes of a rank's standard output or error, from the agent. */
export const STDOUT = 2
export const STDERR = 3
/** Bytes for a rank's standard input, from the launcher; an empty one is the end of the input. */
export const STDIN = 4
/** Payload u32: bytes consumed. To an agent: of output. From an agent: of the rank's standard input. */
export const CREDIT = 5
/** Nothing, from one end of a connection to the other: it says that both are there. */
export const BEAT = 6

export const OUTPUT_WINDOW = 1 << 20
export const STDIN_WINDOW = 1 << 18

export const ALL_HOSTS = 0xffffffff

const HEADER = 13
const END = Buffer.from('\n')
/** The largest frame is `launch`: an environment and a command line for each rank. */
const MAX_PAYLOAD = 1 << 26

/** One rank, as an agent is told to start it. `env` is added to the environment of the job. */
export interface RankSpec {
  rank: number
  localRank: number
  /** Run by Node: the agent has its own, and `args` are Node's. */
  node?: boolean
  file: string
  args: string[]
  cwd: string
  env: Record<string, string>
  stdin: boolean
  /** Files for standard output and error, instead of forwarding them. */
  output?: { stdout: string; stderr: string }
}

/** What each rank of a host is bound to: so many cores, or one of the others. */
export interface Binding {
  to: 'core' | 'socket' | 'numa'
  cpusPerRank: number
}

/** Where the ranks of a host are to listen. */
export interface Network {
  /** From `--interface`: the name of an interface, or the addresses of a network as in 10.0.0.0/8. */
  interface?: string
  /** Addresses by which others say that they have reached the host. */
  reachedAt: string[]
}

export interface LaunchSpec {
  job: string
  /** Hex; known to the ranks of the job only. */
  secret: string
  size: number
  /** The host of each rank. */
  hosts: string[]
  transport: TransportChoice
  bind?: Binding
  env: Record<string, string>
  /** Those of this host. */
  ranks: RankSpec[]
  /** How much output may be under way, in bytes. */
  window: number
  /** Present where ranks are on several hosts. */
  network?: Network
}

/** How an agent starts others. */
export interface StartOptions {
  by: 'rsh' | 'srun'
  /** Program and first arguments of the command. */
  words: string[]
  /** Paths there. */
  node: string
  agent: string
  /** Seconds. */
  timeout: number
}

/** An agent to be started, and those that it starts in turn. */
export interface Branch {
  host: number
  name: string
  user?: string
  port?: number
  branches: Branch[]
}

/** What the launcher says to an agent. */
export type ToAgent =
  | Tree
  | { type: 'launch'; spec: LaunchSpec }
  | { type: 'signal'; signal: NodeJS.Signals }
  /** End every rank: CONT and TERM to its process group, KILL after `grace` milliseconds; 0: KILL at once. */
  | { type: 'end'; grace: number }
  /** Ask every rank what it is doing. */
  | { type: 'report' }
  /** A rank of the job has finalized or ended; the agent tells its ranks. */
  | { type: 'ended'; rank: number; finalized: boolean; how: string; sent?: SentFrames }
  | { type: 'finalized' }
  /** Where ranks listen. */
  | { type: 'endpoints'; endpoints: [rank: number, endpoint: string][] }
  /** To the root: end what the lost agent of a host has left behind there. */
  | { type: 'sweep'; branch: Branch; left: Leftover }
  /** To an agent that is started for nothing else: end it, and leave. */
  | { type: 'reap'; left: Leftover }

/** Sent in jobs of several hosts, by whoever has started the agent: who it is, and whom it is to start. */
export interface Tree {
  type: 'tree'
  host: number
  job: string
  /** Seconds. */
  heartbeat: number
  start: StartOptions
  /** For the environment of agents on other hosts. */
  env: Record<string, string>
  branches: Branch[]
  /** Present where one step of srun starts all branches. */
  step?: StepOptions
}

export interface StepOptions {
  /** Hex; that of the job. */
  secret: string
  /** From `--interface`. */
  interface?: string
}

/** The line by which the agents of one step, who all read the same, hear where the root of the tree listens. */
export interface Invitation {
  job: string
  /** Hex: of it each has its keys. */
  secret: string
  endpoint: string
  /** Numbers by the names that Slurm has for the nodes. */
  hosts: Record<string, number>
}

/** Processes of a job: an agent, and the leaders of its ranks' groups. */
export interface Leftover {
  job: string
  agent?: number
  groups: number[]
}

/** What an agent says to the launcher. */
export type FromAgent = OfAgents | OfRanks

/** Of the agents themselves and what they are for. */
export type OfAgents =
  /** The agent of another host is there. */
  | { type: 'joined'; greeting: Greeting }
  /** It could not be started. */
  | { type: 'unreachable'; reason: string }
  /** It is there no longer. */
  | { type: 'gone'; how: string }
  /** What it left behind has been ended, as far as that could be. */
  | { type: 'swept' }
  /** A rank listens for those of other hosts. */
  | { type: 'endpoint'; rank: number; endpoint: string }
  /** No process of any rank is left on this host, and all output has been sent. */
  | { type: 'done' }

/** Of the ranks and what becomes of them. */
export type OfRanks =
  | { type: 'started'; rank: number; pid: number }
  /** The job cannot run on this host: no rank has been started. */
  | { type: 'refused'; reason: string }
  | { type: 'notice'; text: string }
  | { type: 'failed'; rank: number; reason: string; code: number }
  /** The rank imported tsmpi; `pid` is the process that did. */
  | { type: 'hello'; rank: number; pid: number }
  | { type: 'finalize'; rank: number; sent: SentFrames }
  | { type: 'uncaught'; rank: number; pid: number; stack: string; printed: boolean }
  | { type: 'abort'; rank: number; code: number; reason?: string }
  | { type: 'lost'; rank: number; peer: number; doing: string }
  | { type: 'doing'; rank: number; lines: string[] }
  /** The process that the agent started is gone; its output has been sent, as far as it could be. */
  | { type: 'exited'; rank: number; code: number | null; signal: NodeJS.Signals | null; sent?: SentFrames }

/** The first line of an agent on another host, behind the mark: before frames, so that any version can read it. */
export interface Greeting {
  /** Of tsmpi. */
  version: string
  /** Of Node. */
  node: string
  pid: number
  processors: number
  /** The addresses of the connection that it was reached by, where it knows them: of its other end, and its own. */
  client?: string
  server?: string
  /** What agents of one machine have in common. */
  machine?: string
  /** The session of ssh. */
  session?: string
}

/** What a remote shell prints before it is no part of the stream. */
export const GREETING_MARK = Buffer.from('\0tsmpi agent \0')
export const encodeGreeting = (greeting: Greeting): Buffer =>
  Buffer.concat([GREETING_MARK, Buffer.from(JSON.stringify(greeting)), END])

export interface Frame {
  type: number
  host: number
  rank: number
  payload: Buffer
}

/** A frame, in pieces: large payloads are not copied. */
export function frame(type: number, host: number, rank: number, payload: Buffer): Buffer[] {
  const header = Buffer.allocUnsafe(HEADER)
  header.writeUInt8(type, 0)
  header.writeUInt32LE(host, 1)
  header.writeUInt32LE(rank, 5)
  header.writeUInt32LE(payload.length, 9)
  return [header, payload, END]
}

export const controlFrame = (host: number, message: ToAgent | FromAgent): Buffer =>
  Buffer.concat(frame(CONTROL, host, 0, Buffer.from(JSON.stringify(message))))

export function creditFrame(host: number, rank: number, bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(4)
  payload.writeUInt32LE(bytes, 0)
  return Buffer.concat(frame(CREDIT, host, rank, payload))
}

export const beatFrame = (): Buffer => Buffer.concat(frame(BEAT, 0, 0, Buffer.alloc(0)))

/** Cuts a byte stream into frames. Payloads are views of the chunks, not copies. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** The frames completed by `chunk`. Throws TransportError where the stream is not ours. */
  push(chunk: Buffer): Frame[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    while (bytes.length >= HEADER) {
      const type = bytes.readUInt8(0)
      const length = bytes.readUInt32LE(9)
      if (type < CONTROL || type > BEAT || length > MAX_PAYLOAD || (type === CREDIT && length !== 4)) {
        throw new TransportError(`broken frame between tsmpirun and its agent: type ${type}, ${length} bytes`)
      }
      const end = HEADER + length
      if (bytes.length <= end) break
      if (bytes[end] !== END[0]) throw new TransportError(`broken frame between tsmpirun and its agent: it has no end`)
      frames.push({ type, host: bytes.readUInt32LE(1), rank: bytes.readUInt32LE(5), payload: bytes.subarray(HEADER, end) })
      bytes = bytes.subarray(end + 1)
    }
    this.#rest = bytes
    return frames
  }
}
