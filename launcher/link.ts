// One end of the connection to an agent that this process has started: its greeting, then frames.
//
// Invariants:
// - `lost` is told once, last of all, and not after `close`: once what carries the connection has ended, or what came
//   was not ours, or its heartbeat has stopped. Nothing that is read can throw.
// - What a remote shell prints before the agent speaks is kept for the message, up to a limit, and skipped.
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { TransportError } from '../lib/errors.js'
import * as wire from '../lib/wire/agent.js'
import type { FromAgent, Greeting, ToAgent } from '../lib/wire/agent.js'
import { isFromAgent } from '../lib/wire/check.js'

export interface LinkListener {
  /** From an agent that greets: it is there, and frames follow. */
  greeting?(greeting: Greeting): void
  frame(frame: wire.Frame): void
  /** The agent is gone: with this exit code or signal, or because of this error. */
  lost(how: string): void
}

/** How much is kept of what is printed on the way. */
const MAX_WORDS = 4096
const MAX_NOISE = 65536
/** How long the streams may stay open, in milliseconds, once the process has ended: ssh may leave one behind that has them. */
const CLOSE_PATIENCE = 1000

export abstract class AgentLink {
  readonly #listener: LinkListener
  readonly #reader = new wire.FrameReader()
  /** What has come before the greeting; undefined once that is complete. */
  #before: Buffer | undefined
  #over = false

  constructor(listener: LinkListener) {
    this.#listener = listener
    this.#before = listener.greeting && Buffer.alloc(0)
  }

  /** What has been said on the way that is no frame, in lines. */
  abstract get words(): string[]

  /** Resolves once the process that carries the connection has exited. */
  abstract get ended(): Promise<void>

  abstract write(pieces: readonly Buffer[]): void

  /** Breaks the connection, and ends what carries nothing else. */
  protected abstract cut(): void

  send(host: number, message: ToAgent): void {
    this.write([wire.controlFrame(host, message)])
  }

  /** The agent leaves, and kills what it still has. */
  close(): void {
    this.#over = true
  }

  /** For an agent from which nothing is to be expected any more. `how` is told as its loss. */
  kill(how: string): void {
    this.cut()
    this.lose(how)
  }

  /** What came before the greeting. */
  protected get noise(): string {
    return this.#before?.subarray(0, MAX_WORDS).toString() ?? ''
  }

  protected take(chunk: Buffer): void {
    if (this.#over) return
    try {
      const bytes = this.#before === undefined ? chunk : this.#greet(Buffer.concat([this.#before, chunk]))
      for (const frame of this.#reader.push(bytes)) this.#listener.frame(frame)
    } catch (error) {
      this.kill((error as Error).message)
    }
  }

  protected lose(how: string): void {
    if (this.#over) return
    this.#over = true
    this.#listener.lost(how)
  }

  /** What follows the greeting, if that is complete. */
  #greet(bytes: Buffer): Buffer {
    const mark = bytes.indexOf(wire.GREETING_MARK)
    const start = mark + wire.GREETING_MARK.length
    const end = mark < 0 ? -1 : bytes.indexOf('\n', start)
    this.#before = bytes
    if (end < 0 && bytes.length > MAX_NOISE) throw new Error(`no agent speaks, but something else does`)
    if (end < 0) return Buffer.alloc(0)
    const greeting = parseGreeting(bytes.subarray(start, end).toString())
    this.#before = undefined
    this.#listener.greeting?.(greeting)
    return bytes.subarray(end + 1)
  }
}

/** Over the standard input and output of a process, which leads a group. */
export class ProcessLink extends AgentLink {
  readonly #agent: ChildProcess
  readonly #input: Writable
  #complaints = ''

  constructor(agent: ChildProcess, listener: LinkListener) {
    super(listener)
    this.#agent = agent
    this.#input = agent.stdin as Writable
    this.#input.on('error', () => {})
    let how = 'it closed its connection'
    agent.on('error', (error) => this.lose(error.message))
    agent.on('exit', (code, signal) => {
      how = describeExit(code, signal)
      setTimeout(() => this.lose(how), CLOSE_PATIENCE).unref()
    })
    agent.on('close', () => this.lose(how))
    const output = agent.stdout as Readable
    output.on('data', (chunk: Buffer) => this.take(chunk))
    agent.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#complaints = (this.#complaints + text).slice(-MAX_WORDS)))
  }

  get words(): string[] {
    return printable(`${this.noise}\n${this.#complaints}`)
  }

  get ended(): Promise<void> {
    return hasExited(this.#agent)
  }

  write(pieces: readonly Buffer[]): void {
    if (!this.#input.writable) return
    this.#input.cork()
    for (const piece of pieces) this.#input.write(piece)
    this.#input.uncork()
  }

  override close(): void {
    super.close()
    this.#input.end()
  }

  protected cut(): void {
    killGroup(this.#agent)
  }

  protected override lose(how: string): void {
    super.lose(how)
    this.#input.destroy()
  }
}

export const describeExit = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal ? `it was killed by ${signal}` : `it exited with code ${code}`

/** Lines without what a terminal would obey. */
export const printable = (text: string): string[] =>
  // oxlint-disable-next-line no-control-regex -- it is about them
  text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, '').split('\n').map((line) => line.trimEnd()).filter(Boolean)

function parseGreeting(text: string): Greeting {
  const { version, node, pid, processors, client, server, machine, session } = JSON.parse(text) as Partial<Greeting>
  return {
    version: String(version),
    node: String(node),
    pid: Number(pid) || 0,
    processors: Number(processors) || 1,
    ...(client !== undefined && { client: String(client) }),
    ...(server !== undefined && { server: String(server) }),
    ...(machine !== undefined && { machine: String(machine) }),
    ...(session !== undefined && { session: String(session) }),
  }
}

/** A process that leads a group, and whatever it has started there. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // gone already
  }
}

export async function hasExited(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  await new Promise<void>((resolve) => child.once('exit', () => resolve()))
}

/** So much is shown of what is no message. */
const MAX_SHOWN = 100

/** @throws TransportError where it is no message of an agent */
export function parseFromAgent(payload: Buffer): FromAgent {
  const text = payload.toString()
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    // it is not one either
  }
  if (isFromAgent(message)) return message
  throw new TransportError(`its agent sent what is no message of an agent: ${printable(text).join(' ').slice(0, MAX_SHOWN)}`)
}
