// The launcher's end of its connection to an agent.
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import * as wire from '../lib/wire/agent.js'
import type { FromAgent, ToAgent } from '../lib/wire/agent.js'

/** What the job wants to hear from its agent. */
export interface LinkListener {
  control(message: FromAgent): void
  output(rank: number, type: number, chunk: Buffer): void
  /** The rank has taken `bytes` of its standard input. */
  consumed(rank: number, bytes: number): void
  /** The agent is gone: with this exit code or signal, or because of this error. */
  lost(how: string): void
}

/** Credit is returned in portions, not for each line; small against OUTPUT_WINDOW. */
const CREDIT_PORTION = wire.OUTPUT_WINDOW / 16

export class AgentLink {
  readonly pid: number | undefined
  readonly #input: Writable
  #owed = 0

  constructor(agent: ChildProcess, listener: LinkListener) {
    this.pid = agent.pid
    this.#input = agent.stdin as Writable
    this.#input.on('error', () => {})
    const reader = new wire.FrameReader()
    let how = 'it closed its connection'
    agent.on('error', (error) => listener.lost(`it could not be started: ${error.message}`))
    agent.on('exit', (code, signal) => (how = signal ? `it was killed by ${signal}` : `it exited with code ${code}`))
    const output = agent.stdout as Readable
    output.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) dispatch(frame, listener)
    })
    agent.on('close', () => listener.lost(how))
  }

  send(message: ToAgent): void {
    if (this.#input.writable) this.#input.write(wire.controlFrame(message))
  }

  /** Standard input for a rank; an empty chunk ends it. */
  sendInput(rank: number, chunk: Buffer): void {
    if (!this.#input.writable) return
    this.#input.cork()
    this.#input.write(wire.frameHeader(wire.STDIN, rank, chunk.length))
    this.#input.write(chunk)
    this.#input.uncork()
  }

  /** `bytes` of output have left the launcher. */
  credit(bytes: number): void {
    this.#owed += bytes
    if (this.#owed < CREDIT_PORTION || !this.#input.writable) return
    this.#input.write(wire.creditFrame(0, this.#owed))
    this.#owed = 0
  }

  /** The agent leaves, and kills what it still has. */
  close(): void {
    this.#input.end()
  }
}

function dispatch({ type, rank, payload }: wire.Frame, listener: LinkListener): void {
  if (type === wire.CONTROL) listener.control(JSON.parse(payload.toString()) as FromAgent)
  else if (type === wire.CREDIT) listener.consumed(rank, payload.readUInt32LE(0))
  else listener.output(rank, type, payload)
}
