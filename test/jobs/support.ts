// What tests of whole jobs share: the transports, the programs, and how a job that went wrong is shown.
import { fileURLToPath } from 'node:url'
import type { Finished, RunOptions } from '../launcher/run.js'
import { runJob } from '../launcher/run.js'

/** Every transport that a job on one host can use. */
export const TRANSPORTS = ['shm', 'zmq'] as const

/** The path of a program in test/jobs/programs/. */
export const program = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url))

/** A job's end in words, for a failed assertion. */
export const show = ({ code, signal, stdout, stderr }: Finished): string =>
  `code ${code}, signal ${signal}\nstdout: ${stdout.slice(-4000)}\nstderr: ${stderr.slice(-4000)}`

/** Runs a job that must succeed; the JSON that it prints as its last line. Throws with the job's output otherwise. */
export async function runForJson<T>(args: string[], options?: RunOptions): Promise<T> {
  const job = await runJob(args, options)
  if (job.code !== 0) throw new Error(`tsmpirun ${args.join(' ')}: ${show(job)}`)
  return JSON.parse(job.stdout.trim().split('\n').at(-1) ?? '') as T
}

/** The same for a job that takes long. It is ended after so many seconds: a bound for what hangs. */
export const runLongForJson = <T>(seconds: number, args: string[]): Promise<T> =>
  runForJson(['--timeout', `${seconds}`, ...args], { timeout: (seconds + 10) * 1000 })
