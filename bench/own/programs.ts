// Programs that run to their end: how long they take, and what they print.
import { spawn } from 'node:child_process'
import type { Command } from '../session.js'

/** Milliseconds after which a program is stuck. */
const LIMIT = 60_000

export interface Ended {
  /** Milliseconds from the start to the end. */
  readonly elapsed: number
  readonly output: string
}

/** @throws Error where it fails or takes too long, with what it complained of. */
export async function runToEnd({ file, args, env }: Command, limit = LIMIT): Promise<Ended> {
  const start = performance.now()
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let complaints = ''
  child.stdout.on('data', (data: Buffer) => (output += String(data)))
  child.stderr.on('data', (data: Buffer) => (complaints += String(data)))
  const late = setTimeout(() => child.kill('SIGTERM'), limit)
  const dead = setTimeout(() => child.kill('SIGKILL'), limit + 5000)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    if (code !== 0) throw new Error(complaints.trim().split('\n').at(-1) ?? `ended with ${code}`)
    return { elapsed: performance.now() - start, output }
  } finally {
    clearTimeout(late)
    clearTimeout(dead)
  }
}
