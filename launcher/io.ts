// The ranks' output on its way to the launcher's own, and the launcher's standard input on its way to the ranks.
import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'
import { STDERR, STDIN_WINDOW, STDOUT } from '../lib/wire/agent.js'
import { Lane, LineWriter } from './lines.js'
import type { Options } from './options.js'
import { openSinks } from './sink.js'

/** Forwards output by whole lines, tagged as the options say. */
export class Output {
  readonly #stdout: LineWriter
  readonly #stderr: LineWriter
  readonly #lanes = new Map<number, Lane>()
  readonly #options: Options
  readonly #credit: (rank: number, bytes: number) => void
  readonly #muted = new Set<number>()

  /** `credit`: this much of a rank has left. `onBroken`: nobody reads standard output any more. */
  constructor(options: Options, credit: (rank: number, bytes: number) => void, onBroken: () => void) {
    this.#options = options
    this.#credit = credit
    const sinks = openSinks((fd) => {
      if (fd === 1) onBroken()
    })
    this.#stdout = new LineWriter(sinks.stdout)
    this.#stderr = sinks.stderr === sinks.stdout ? this.#stdout : new LineWriter(sinks.stderr)
  }

  push(rank: number, type: number, chunk: Buffer): void {
    if (type === STDERR && this.#muted.has(rank)) return this.#credit(rank, chunk.length)
    const key = rank * 2 + (type === STDOUT ? 0 : 1)
    let lane = this.#lanes.get(key)
    if (!lane) {
      const writer = type === STDOUT ? this.#stdout : this.#stderr
      lane = new Lane(writer, (bytes) => this.#credit(rank, bytes), tagger(this.#options, rank))
      this.#lanes.set(key, lane)
    }
    lane.push(chunk)
  }

  /** Nothing more of the rank's standard error is wanted. */
  mute(rank: number): void {
    this.#muted.add(rank)
  }

  /** A message of tsmpirun itself, on standard error. */
  say(text: string): void {
    this.#stderr.print(`tsmpirun: ${text}\n`)
  }

  /** Ends every stream; resolves once all of it has left. */
  async flush(): Promise<void> {
    for (const lane of this.#lanes.values()) lane.end()
    this.#lanes.clear()
    await Promise.all([this.#stdout.idle(), this.#stderr.idle()])
  }
}

function tagger({ tagOutput, timestampOutput }: Options, rank: number): (() => string) | undefined {
  if (timestampOutput) return () => `${new Date().toISOString()} ${tagOutput ? `[${rank}] ` : ''}`
  return tagOutput ? () => `[${rank}] ` : undefined
}

/** How often a job in the background looks whether it has come to the foreground, in milliseconds: no signal tells. */
const FOREGROUND_POLL = 500

/** Reads standard input as fast as the slowest of the ranks that get it. */
export class Input {
  readonly #send: (rank: number, chunk: Buffer) => void
  /** Bytes that each rank has not taken yet. */
  readonly #pending = new Map<number, number>()
  #started = false

  constructor(ranks: number[], send: (rank: number, chunk: Buffer) => void) {
    this.#send = send
    for (const rank of ranks) this.#pending.set(rank, 0)
  }

  /** Starts to read, once that does not stop the launcher: in the background, reading a terminal means SIGTTIN. */
  start(): void {
    if (this.#pending.size === 0) return
    if (inBackground()) return void setTimeout(() => this.start(), FOREGROUND_POLL)
    this.#started = true
    process.stdin.on('data', (chunk: Buffer) => this.#spread(chunk))
    process.stdin.on('end', () => this.#spread(Buffer.alloc(0)))
    process.stdin.on('error', () => this.#spread(Buffer.alloc(0)))
  }

  consumed(rank: number, bytes: number): void {
    const pending = this.#pending.get(rank)
    if (pending === undefined) return
    this.#pending.set(rank, Math.max(0, pending - bytes))
    this.#flow()
  }

  /** The rank has ended and holds nobody up. */
  drop(rank: number): void {
    if (this.#pending.delete(rank)) this.#flow()
  }

  #spread(chunk: Buffer): void {
    for (const [rank, pending] of this.#pending) {
      this.#send(rank, chunk)
      this.#pending.set(rank, pending + chunk.length)
    }
    this.#flow()
  }

  #flow(): void {
    if (!this.#started) return
    if (Math.max(0, ...this.#pending.values()) >= STDIN_WINDOW) process.stdin.pause()
    else if (process.stdin.isPaused()) process.stdin.resume()
  }
}

/** Is standard input a terminal that another process group has in the foreground? Known on Linux only. */
function inBackground(): boolean {
  if (!isatty(0)) return false
  try {
    // pid (name) state ppid group session tty foreground-group …
    const fields = readFileSync('/proc/self/stat', 'utf8').replace(/^.*\) /s, '').split(' ')
    return fields[2] !== fields[5]
  } catch {
    return false
  }
}
