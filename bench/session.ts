// A program that measures on command: a line to its standard input, a line of numbers back. While it waits it sleeps,
// so programs of several contenders live side by side and take turns of milliseconds.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Milliseconds until a program must have said that it is ready, or answered. */
const START = 30_000
const ANSWER = 20_000
/** Milliseconds between the end of its input and being killed. */
const LEAVE = 5_000

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

export class Session {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #complaints = ''

  private constructor({ file, args, env, cwd }: Command) {
    this.#child = spawn(file, args, { env: { ...process.env, ...env }, cwd, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.on('error', (error) => (this.#complaints += error.message))
    this.#child.stdin?.on('error', () => {})
    this.#child.stderr?.on('data', (data: Buffer) => (this.#complaints = (this.#complaints + String(data)).slice(-4000)))
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  }

  static async open(command: Command): Promise<Session> {
    const session = new Session(command)
    try {
      const line = await session.#line(START)
      if (line !== 'ready') throw new Error(`said "${line}" instead of "ready"`)
      return session
    } catch (error) {
      await session.close(true)
      throw error
    }
  }

  async ask(line: string): Promise<number[]> {
    this.#child.stdin?.write(`${line}\n`)
    const answer = await this.#line(ANSWER)
    const numbers = answer.split(' ').map(Number)
    if (numbers.some(Number.isNaN)) throw new Error(`answered "${answer}" to "${line}"`)
    return numbers
  }

  /** The end of its input makes it leave; a stuck one is told to end, then killed. */
  async close(stuck = false): Promise<void> {
    const child = this.#child
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.stdin?.end()
    const signals: NodeJS.Timeout[] = [
      setTimeout(() => child.kill('SIGTERM'), stuck ? 0 : LEAVE),
      setTimeout(() => child.kill('SIGKILL'), stuck ? LEAVE : 2 * LEAVE),
    ]
    await gone
    for (const timer of signals) clearTimeout(timer)
  }

  async #line(milliseconds: number): Promise<string> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds)
    })
    try {
      const { done, value } = await Promise.race([this.#lines.next(), late])
      if (done !== true) return value
      // What it complained of may still be on its way.
      await new Promise((resolve) => setTimeout(resolve, 100))
      const lines = this.#complaints.trim().split('\n')
      throw new Error(`ended: ${[...lines.slice(0, 4), ...lines.slice(4).slice(-4)].join('\n')}`)
    } finally {
      clearTimeout(timer)
    }
  }
}
