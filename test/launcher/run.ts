// Runs jobs under the real tsmpirun, bounded in time, and finds what they leave behind.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
/** Node's arguments start with this. */
export const TSMPIRUN = fileURLToPath(new URL('dist/launcher/main.js', root))
const MARK = 'TSMPI_TEST_MARK'

/** Jobs run what has been built: a test of what an edited source was before would say nothing. */
function requireFresh(built: string, folders: string[], sources: RegExp, command: string): void {
  const since = statSync(new URL(built, root), { throwIfNoEntry: false })?.mtimeMs
  if (since === undefined) return
  for (const folder of folders) {
    for (const name of readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })) {
      const source = join(folder, name)
      if (!sources.test(name) || statSync(new URL(source, root)).mtimeMs <= since) continue
      throw new Error(`${source} is newer than ${built}: \`${command}\``)
    }
  }
}
requireFresh('dist/launcher/main.js', ['lib', 'launcher', 'native'], /\.c?ts$/, 'npm run build')
requireFresh('build/Release/tsmpi.node', ['native'], /\.(cc|h)$/, 'npm run build:addon')

export interface Finished {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  env?: Record<string, string>
  /** Standard input; none by default. */
  input?: string | Buffer
  /** Milliseconds, after which the job is killed and the promise rejected. */
  timeout?: number
  cwd?: string
}

export interface Running {
  child: ChildProcess
  /** Resolves once tsmpirun has ended and its output is complete. */
  finished: Promise<Finished>
  /** Resolves once standard output contains `text` (`times` times). */
  printed(text: string, times?: number): Promise<void>
  /** Processes of the job that are alive, tsmpirun and its agent included; zombies do not count. */
  processes(): JobProcess[]
}

export interface JobProcess {
  pid: number
  command: string
  /** As in /proc/pid/stat: R S D T… */
  state: string
  /** Undefined for tsmpirun and its agent. */
  rank: number | undefined
}

/** The path of a program in test/launcher/fixtures/. */
export const fixture = (name: string): string => fileURLToPath(new URL(`test/launcher/fixtures/${name}`, root))

/** Starts tsmpirun with these arguments. */
export function startJob(args: string[], options: RunOptions = {}): Running {
  const mark = randomUUID()
  const { TSMPI_RANK: _rank, ...inherited } = process.env
  // tap makes every Node process below it load its own hooks: jobs run as a user's do, and in half the time.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, TSMPIRUN, ...args], {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...inherited, ...options.env, [MARK]: mark },
    cwd: options.cwd ?? fileURLToPath(root),
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input)
  const kill = (): void => void child.kill('SIGKILL')
  return { child, ...follow(child, `tsmpirun ${args.join(' ')}`, kill, options.timeout), processes: () => processesWith(`${MARK}=${mark}`) }
}

/** What a child prints, and how it ends; `kill` is called after `timeout` milliseconds. */
export function follow(
  child: ChildProcess,
  what: string,
  kill: () => void,
  timeout = 150_000,
): Pick<Running, 'finished' | 'printed'> {
  const output = { stdout: '', stderr: '' }
  const watchers = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const watch of watchers) watch()
    })
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    const timer = setTimeout(() => {
      kill()
      const last = `${output.stdout.slice(-2000)}\n${output.stderr.slice(-2000)}`
      reject(new Error(`${what}: still running\n${last}`))
    }, timeout)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, ...output })
    })
  })
  finished.catch(() => {})
  const printed = async (text: string, times = 1): Promise<void> => {
    const seen = (): boolean => output.stdout.split(text).length > times
    if (seen()) return
    const heard = new Promise<void>((resolve) => {
      const watch = (): void => {
        if (!seen()) return
        watchers.delete(watch)
        resolve()
      }
      watchers.add(watch)
    })
    const ended = finished.then(({ code, stdout, stderr }) => {
      if (!seen()) throw new Error(`ended with ${code} before it printed '${text}'\n${stdout}\n${stderr}`)
    })
    await Promise.race([heard, ended])
  }
  return { finished, printed }
}

/** Runs tsmpirun with these arguments to its end. */
export function runJob(args: string[], options: RunOptions = {}): Promise<Finished> {
  return startJob(args, options).finished
}

/** Processes alive whose initial environment has this `NAME=value`. Linux only. */
function processesWith(variable: string): JobProcess[] {
  const found: JobProcess[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const env = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0')
      if (!env.includes(variable)) continue
      const state = /\) (\S) /.exec(readFileSync(`/proc/${name}/stat`, 'latin1'))?.[1] ?? ''
      if (state === 'Z') continue
      const rank = env.find((item) => item.startsWith('TSMPI_RANK='))
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
      found.push({ pid: Number(name), command, state, rank: rank === undefined ? undefined : Number(rank.slice(11)) })
    } catch {
      // gone meanwhile
    }
  }
  return found
}

/** Resolves once `condition` holds; false if it does not within `ms`. */
export async function within(ms: number, condition: () => boolean): Promise<boolean> {
  const deadline = Date.now() + ms
  while (!condition()) {
    if (Date.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}

/**
 * Waits until no process of the job is left. The launcher promises two seconds; a machine that is busy with other tests
 * may take longer, which is said and not failed.
 */
export async function nothingLeft(job: Running): Promise<boolean> {
  const start = Date.now()
  const gone = await within(60_000, () => job.processes().length === 0)
  const took = Date.now() - start
  if (took > 2000) console.log(`# it took ${took} ms until no process of the job was left`)
  return gone
}
