// Jobs under the real tsmpirun on hosts of namespaces: started on the head node, bounded in time, and what they leave
// behind on any host.
import type { ChildProcess } from 'node:child_process'
import type { Test } from 'tap'
import { show } from '../../jobs/support.js'
import { TSMPIRUN, follow, within } from '../../launcher/run.js'
import type { Finished, RunOptions, Running } from '../../launcher/run.js'
import type { Cluster } from './cluster.js'
import { inside } from './host.js'
import type { Host, HostProcess } from './host.js'
import { until } from './tools.js'

export interface HostJob extends Pick<Running, 'child' | 'finished' | 'printed'> {
  /** The process of the command itself, as the test sees it. */
  pid(): Promise<number>
}

export interface JobOptions extends RunOptions {
  /** Where the command runs: the head node, unless said otherwise. */
  on?: Host
}

/** Starts a command on the head node. */
export function startCommand(cluster: Cluster, argv: string[], options: JobOptions = {}): HostJob {
  const host = options.on ?? cluster.head
  const child = host.start(argv, { ...options, input: options.input !== undefined })
  child.stdin?.end(options.input)
  const kill = (): void => inside(child).forEach((pid) => process.kill(pid, 'SIGKILL'))
  return { child, ...follow(child, argv.join(' '), kill, options.timeout), pid: () => commandOf(child) }
}

const commandOf = (child: ChildProcess): Promise<number> => until('the command', () => inside(child)[0])

/** tsmpirun's words for a job over the cluster's hosts: `perHost` slots on each of them. */
export function onHosts(cluster: Cluster, perHost: number, hosts: readonly Host[] = cluster.hosts): string[] {
  return ['--rsh', cluster.rsh, '-H', hosts.map(({ name }) => `${name}:${perHost}`).join(',')]
}

/** Starts tsmpirun on the head node. */
export function startJob(cluster: Cluster, args: string[], options: JobOptions = {}): HostJob {
  return startCommand(cluster, [process.execPath, TSMPIRUN, ...args], options)
}

export const runJob = (cluster: Cluster, args: string[], options?: JobOptions): Promise<Finished> => startJob(cluster, args, options).finished

/** Runs a job that must succeed; the JSON that it prints as its last line. */
export async function runForJson<T>(cluster: Cluster, args: string[], options?: JobOptions): Promise<T> {
  const job = await runJob(cluster, args, options)
  if (job.code !== 0) throw new Error(`tsmpirun ${args.join(' ')}: ${show(job)}`)
  return JSON.parse(job.stdout.trim().split('\n').at(-1) ?? '') as T
}

/** Processes that are not the hosts' own. */
export const processes = (hosts: readonly Host[]): (HostProcess & { host: string })[] =>
  hosts.flatMap((host) => host.processes().map((process) => ({ ...process, host: host.name })))

export const byNode = (host: Host): HostProcess[] => host.processes().filter(({ command }) => command.startsWith(process.execPath))

/** The ranks on a host that run this program. */
export const ranksOf = (host: Host, file: string): HostProcess[] => byNode(host).filter(({ command }) => command.includes(file) && !command.includes(TSMPIRUN))

/** tsmpirun itself. */
export const launcherOf = (host: Host): HostProcess | undefined => byNode(host).find(({ command }) => command.includes(TSMPIRUN))

/** The agent of a host other than the launcher's. */
export const agentOf = (host: Host): HostProcess | undefined => byNode(host).find(({ command }) => /\bagent\b/.test(command))

/** Asserts that no process of a job and no shared memory is left on any host. Time is said and decides nothing. */
export async function nothingLeft(t: Test, hosts: readonly Host[], promised = 2000): Promise<void> {
  const start = Date.now()
  if (!(await within(promised, () => processes(hosts).length === 0))) {
    const late = processes(hosts).map(({ host, command }) => `${host}: ${command}`)
    await within(60_000, () => processes(hosts).length === 0)
    t.comment(`it took ${Date.now() - start} ms until no process of the job was left, and not ${promised}:\n${late.join('\n')}`)
  }
  t.same(processes(hosts), [], 'no process is left on any host')
  t.same(hosts.flatMap((host) => host.sharedMemory()), [], 'no shared memory is left on any host')
}

/** Runs a subtest, after which nothing of its jobs may be left on the hosts. */
export const cleanTest = (t: Test, cluster: () => Cluster, name: string, body: (t: Test) => Promise<void>): Promise<unknown> =>
  t.test(name, async (t) => {
    await body(t)
    await nothingLeft(t, cluster().all)
  })
