// The frames between the launcher and an agent, over the agent's stdin and stdout: type u8, rank u32, length u32
// (little-endian), payload. Whatever carries bytes can carry them: a pipe here, an ssh session elsewhere.
//
// Output flows against credit: an agent has at most OUTPUT_WINDOW bytes of STDOUT and STDERR payload under way that the
// launcher has not yet credited, so a control frame never waits behind more than that. STDIN likewise, per rank.
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
/** Payload u32: bytes consumed. To an agent: of output, of the job. From an agent: of the rank's standard input. */
export const CREDIT = 5

export const OUTPUT_WINDOW = 1 << 20
export const STDIN_WINDOW = 1 << 18

const HEADER = 9
/** The largest frame is `launch`: an environment and a command line for each rank. */
const MAX_PAYLOAD = 1 << 26

/** One rank, as an agent is told to start it. `env` is added to the environment of the job. */
export interface RankSpec {
  rank: number
  localRank: number
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
  ranks: RankSpec[]
}

/** What the launcher says to an agent. */
export type ToAgent =
  | { type: 'launch'; spec: LaunchSpec }
  | { type: 'signal'; signal: NodeJS.Signals }
  /** End every rank: CONT and TERM to its process group, KILL after `grace` milliseconds; 0: KILL at once. */
  | { type: 'end'; grace: number }
  /** Ask every rank what it is doing. */
  | { type: 'report' }
  /** A rank of the job has finalized or ended; the agent tells its ranks. */
  | { type: 'ended'; rank: number; finalized: boolean; how: string; sent?: SentFrames }
  | { type: 'finalized' }

/** What an agent says to the launcher. */
export type FromAgent =
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
  /** No process of any rank is left on this host, and all output has been sent. */
  | { type: 'done' }

export interface Frame {
  type: number
  rank: number
  payload: Buffer
}

/** A frame's header; the payload follows it on the stream. */
export function frameHeader(type: number, rank: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER)
  header.writeUInt8(type, 0)
  header.writeUInt32LE(rank, 1)
  header.writeUInt32LE(length, 5)
  return header
}

export function controlFrame(message: ToAgent | FromAgent): Buffer {
  const payload = Buffer.from(JSON.stringify(message))
  return Buffer.concat([frameHeader(CONTROL, 0, payload.length), payload])
}

export function creditFrame(rank: number, bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(4)
  payload.writeUInt32LE(bytes, 0)
  return Buffer.concat([frameHeader(CREDIT, rank, 4), payload])
}

/** Cuts a byte stream into frames. Payloads are views of the chunks, not copies. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** The frames completed by `chunk`. Throws TransportError where the stream is not ours. */
  push(chunk: Buffer): Frame[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    while (bytes.length >= HEADER) {
      const type = bytes.readUInt8(0)
      const length = bytes.readUInt32LE(5)
      if (type < CONTROL || type > CREDIT || length > MAX_PAYLOAD || (type === CREDIT && length !== 4)) {
        throw new TransportError(`broken frame between tsmpirun and its agent: type ${type}, ${length} bytes`)
      }
      if (bytes.length < HEADER + length) break
      frames.push({ type, rank: bytes.readUInt32LE(1), payload: bytes.subarray(HEADER, HEADER + length) })
      bytes = bytes.subarray(HEADER + length)
    }
    this.#rest = bytes
    return frames
  }
}
