// One rank as its agent sees it: a process group, its output, its control socket.
//
// Invariants:
// - The started process leads a group of its own, so one signal to -pid reaches the wrapper script, the Node process
//   and their children alike. The group is signalled, never a single process, to end a rank.
// - A rank is over once the started process has been reaped, its group has no member left or has been sent KILL, and
//   its output has reached its end. `over` is reported exactly once, and after `exited`.
// - Nothing waits for the end of a pipe or socket for ever: a process that left the group may hold it open.
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { closeSync, mkdirSync, openSync, statSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { NativeMemory } from '../native/load.js'
import { ENV } from '../lib/env.js'
import { STDERR, STDOUT } from '../lib/wire/agent.js'
import type { RankSpec } from '../lib/wire/agent.js'
import { isFromRank } from '../lib/wire/check.js'
import { ControlReader, encodeControl } from '../lib/wire/control.js'
import type { FromRank, ToRank } from '../lib/wire/control.js'
import { commandHere } from './command.js'
import { groupLives, spawnGroup } from './spawn/group.js'

/** How long what a rank leaves behind in its group may take to end, in milliseconds. */
const LEFTOVER_GRACE = 1000
/** How long output and control may stay silent, once nobody of the group is left to write, before they are closed. */
const SILENCE = 200
const CONTROL_FD = 3

/** What the agent wants to hear of a rank. */
export interface Listener {
  output(rank: number, type: number, stream: Readable, chunk: Buffer): void
  /** `bytes` of its standard input have been taken. */
  consumed(rank: number, bytes: number): void
  message(rank: Rank, message: FromRank): void
  failed(rank: number, reason: string, code: number): void
  exited(rank: number, code: number | null, signal: NodeJS.Signals | null): void
  over(rank: number): void
}

/** Descriptors of the host's shared memory, for every rank. */
export interface Shared {
  segment: number
  doorbells: number[]
}

export class Rank {
  readonly spec: RankSpec
  /** The process that imported tsmpi, once it has said hello. */
  nodePid: number | undefined
  readonly #listener: Listener
  readonly #memory: NativeMemory | undefined
  #child: ChildProcess | undefined
  #control: Socket | undefined
  readonly #streams = new Set<Readable>()
  #exited = false
  #groupOver = false
  #over = false
  #kill: NodeJS.Timeout | undefined
  #killed = false

  constructor(spec: RankSpec, listener: Listener, memory: NativeMemory | undefined) {
    this.spec = spec
    this.#listener = listener
    this.#memory = memory
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts the process, bound to processors `cpus`. A failure is reported, not thrown. */
  start(env: NodeJS.ProcessEnv, shared: Shared | undefined, cpus?: readonly number[]): void {
    const { spec } = this
    const files: number[] = []
    try {
      if (!isFolder(spec.cwd)) throw new StartError(`its working directory ${spec.cwd} does not exist`, 1)
      const output = spec.output ? outputFiles(spec.output, files) : [this.#outputTo(STDOUT, files), this.#outputTo(STDERR, files)]
      const stdio: StdioOptions = [spec.stdin ? 'pipe' : 'ignore', ...output, 'pipe']
      const extra: Record<string, string> = { [ENV.CONTROL_FD]: `${CONTROL_FD}`, [ENV.REPORT_FD]: `${CONTROL_FD}` }
      if (shared) {
        stdio.push(shared.segment, ...shared.doorbells)
        extra[ENV.SEGMENT_FD] = String(CONTROL_FD + 1)
        extra[ENV.DOORBELL_FD] = String(CONTROL_FD + 2)
      }
      const options = { cwd: spec.cwd, env: { ...env, ...spec.env, ...extra }, stdio }
      this.#adopt(this.#bound(cpus, () => spawnGroup(...commandHere(spec), options, this.#memory?.groupChildren)))
    } catch (error) {
      this.#fail(error as Error)
    } finally {
      for (const fd of files) closeSync(fd)
    }
  }

  /** A child inherits what the thread that starts it is bound to, however it is started. */
  #bound(cpus: readonly number[] | undefined, start: () => ChildProcess): ChildProcess {
    const own = cpus && this.#memory?.setAffinity(cpus)
    try {
      return start()
    } finally {
      if (own) this.#memory?.setAffinity(own)
    }
  }

  /**
   * Where the rank writes; what we read it from is forwarded. Node gives children sockets, which a shell cannot open as
   * /dev/stderr; the addon has true pipes.
   */
  #outputTo(type: number, files: number[]): number | 'pipe' {
    if (this.#memory === undefined) return 'pipe'
    const [readEnd, writeEnd] = this.#memory.createPipe()
    files.push(writeEnd)
    this.#forwardOutput(new Socket({ fd: readEnd, readable: true, writable: false }), type)
    return writeEnd
  }

  /** Says something to the rank; lost if it is gone. */
  tell(messages: ToRank[]): void {
    if (this.#control?.writable) this.#control.write(messages.map(encodeControl).join(''))
  }

  /** Gives it standard input; an empty chunk ends it. */
  input(chunk: Buffer): void {
    const stdin = this.#child?.stdin
    const taken = (): void => this.#listener.consumed(this.spec.rank, chunk.length)
    if (!stdin || stdin.destroyed || stdin.writableEnded) return taken()
    if (chunk.length === 0) stdin.end()
    else stdin.write(chunk, taken)
  }

  /** A signal for the program: to the Node process where it is known, else to the whole group. */
  forward(signal: NodeJS.Signals): void {
    if (this.#exited || this.pid === undefined) return
    const whole = signal === 'SIGSTOP' || signal === 'SIGCONT'
    send(whole || this.nodePid === undefined ? -this.pid : this.nodePid, signal)
  }

  /** CONT and TERM to the group, KILL after `grace` milliseconds; with 0, KILL at once. */
  end(grace: number): void {
    if (this.pid === undefined || this.#groupOver) return
    if (grace === 0) return this.#killGroup()
    send(-this.pid, 'SIGCONT')
    send(-this.pid, 'SIGTERM')
    this.#kill ??= setTimeout(() => this.#killGroup(), grace)
  }

  #killGroup(): void {
    if (this.pid !== undefined) send(-this.pid, 'SIGKILL')
    this.#killed = true
  }

  #adopt(child: ChildProcess): void {
    this.#child = child
    child.on('error', (error) => this.#fail(error))
    if (child.pid === undefined) return
    child.on('exit', (code, signal) => void this.#onExit(code, signal))
    child.stdin?.on('error', () => {})
    this.#forwardOutput(child.stdout, STDOUT)
    this.#forwardOutput(child.stderr, STDERR)
    const control = child.stdio[CONTROL_FD] as Socket
    const reader = new ControlReader<FromRank>()
    control.on('error', () => {})
    control.on('data', (chunk: Buffer) => {
      for (const message of reader.push(chunk)) if (isFromRank(message)) this.#listener.message(this, message)
    })
    this.#control = control
  }

  #forwardOutput(stream: Readable | null, type: number): void {
    if (!stream) return
    this.#streams.add(stream)
    stream.on('data', (chunk: Buffer) => this.#listener.output(this.spec.rank, type, stream, chunk))
    stream.on('error', () => {})
    stream.on('close', () => {
      this.#streams.delete(stream)
      this.#check()
    })
  }

  async #onExit(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    this.#exited = true
    if (signal !== null) this.#killGroup()
    else this.end(LEFTOVER_GRACE)
    // What it said last, 'uncaught' above all, must be heard before its exit.
    await silent(this.#control)
    this.#listener.exited(this.spec.rank, code, signal)
    while (!this.#killed && groupLives(this.pid as number)) await delay(10)
    this.#groupOver = true
    clearTimeout(this.#kill)
    this.#control?.destroy()
    this.#child?.stdin?.destroy()
    for (const stream of this.#streams) void silent(stream).then(() => stream.destroy())
    this.#check()
  }

  #fail(error: Error): void {
    const [reason, code] = describeStart(error, this.spec.file)
    this.#exited = true
    this.#groupOver = true
    this.#listener.failed(this.spec.rank, reason, code)
    for (const stream of this.#streams) stream.destroy()
    this.#check()
  }

  #check(): void {
    if (this.#over || !this.#exited || !this.#groupOver || this.#streams.size > 0) return
    this.#over = true
    this.#listener.over(this.spec.rank)
  }
}

class StartError extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Why a process could not be started, and the exit code that shells give to that. */
function describeStart(error: Error, file: string): [reason: string, code: number] {
  if (error instanceof StartError) return [error.message, error.exitCode]
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return [`${file} cannot be found, or its interpreter (first line) cannot`, 127]
  if (code === 'EACCES') return [`${file} may not be executed`, 126]
  return [error.message, 1]
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function outputFiles(paths: { stdout: string; stderr: string }, opened: number[]): number[] {
  mkdirSync(dirname(paths.stdout), { recursive: true })
  for (const path of [paths.stdout, paths.stderr]) opened.push(openSync(path, 'w'))
  return opened
}

/** The folder of an output file, where there is no room left: many programs do not say that they could not write. */
export function fullDisk(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  const folder = dirname(file)
  const { bavail, blocks } = statfsSync(folder)
  return bavail === 0 && blocks > 0 ? folder : undefined
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal)
  } catch {
    // gone already
  }
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Resolves once `stream` has ended, or has had nothing to say for a while although somebody listened. */
function silent(stream: Readable | undefined): Promise<void> {
  if (!stream || stream.destroyed || stream.readableEnded) return Promise.resolve()
  return new Promise((resolve) => {
    let quiet = 0
    const step = SILENCE / 4
    const timer = setInterval(() => {
      quiet = stream.isPaused() ? 0 : quiet + step
      if (quiet >= SILENCE) done()
    }, step)
    const heard = (): void => void (quiet = 0)
    const done = (): void => {
      clearInterval(timer)
      stream.off('data', heard).off('close', done)
      resolve()
    }
    stream.on('data', heard).on('close', done)
  })
}
