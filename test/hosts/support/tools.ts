// What hosts of namespaces need of the machine, and small helpers around processes.
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { promisify } from 'node:util'

const call = promisify(execFile)

/** Every command is bounded in time: a host that does not come up must not hold up the others. */
const PATIENCE = 30_000

/** Runs a command to its end and gives its standard output; throws with its own words where it fails. */
export async function command(file: string, ...args: string[]): Promise<string> {
  try {
    return (await call(file, args, { timeout: PATIENCE, env: plainEnvironment() })).stdout
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    throw new Error(`${file} ${args.join(' ')}: ${stderr?.trim() || message}`)
  }
}

/** This process's environment as a user's would be: without what tap, a launcher or a batch system has put there. */
export function plainEnvironment(): Record<string, string> {
  const foreign = /^(NODE_OPTIONS$|TAP|_TAPJS|TSMPI_|PMI_|PMIX|SLURM|PBS_|PE_HOSTFILE|LSB_|SSH_)/
  const own = Object.entries(process.env).filter(([name, value]) => value !== undefined && !foreign.test(name))
  return Object.fromEntries(own) as Record<string, string>
}

/** Whether the machine has a command. */
export const has = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore', env: wide() }).status === 0

/** Daemons lie where a user's PATH may not lead. */
export const wide = (): Record<string, string> => {
  const env = plainEnvironment()
  return { ...env, PATH: `${env['PATH'] ?? ''}:/usr/sbin:/sbin` }
}

let reason: string | undefined | null = null

/** Why there can be no hosts here, if so. */
export function whyNoHosts(): string | undefined {
  if (reason === null) reason = findReason()
  return reason
}

function findReason(): string | undefined {
  if (process.platform !== 'linux') return 'hosts are made of Linux namespaces'
  if (process.getuid?.() !== 0) return 'only root can make hosts of namespaces'
  const missing = ['unshare', 'nsenter', 'ip', 'ssh', 'sshd', 'ssh-keygen'].filter((name) => !has(name))
  if (missing.length > 0) return `${missing.join(', ')} not installed (Debian: util-linux, iproute2, openssh-server, openssh-client)`
  const script = 'mount -t tmpfs tmpfs /dev/shm && ip link add va0 type veth peer name vb0 && ip link add br0 type bridge'
  const tried = spawnSync('unshare', ['--net', '--uts', '--ipc', '--pid', '--mount', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script], {
    timeout: PATIENCE,
    encoding: 'utf8',
    env: wide(),
  })
  return tried.status === 0 ? undefined : `namespaces cannot be made here: ${tried.stderr.trim() || tried.error?.message}`
}

/** Tells a process from a later one with the same number. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** The processes that a process has started and that are alive. */
export function children(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** The namespace of process ids of a process. */
export function pidNamespace(pid: number | string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return undefined
  }
}

/** Resolves to what `ready` gives as soon as that is something. */
export async function until<T>(what: string, ready: () => T | undefined | false | Promise<T | undefined | false>, ms = PATIENCE): Promise<T> {
  const deadline = Date.now() + ms
  for (;;) {
    const result = await ready()
    if (result !== undefined && result !== false) return result
    if (Date.now() > deadline) throw new Error(`${what}: not within ${ms / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
