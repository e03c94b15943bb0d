// One host made of namespaces: network, host name, process ids, IPC, /dev/shm and /run of its own.
//
// Its first process (the holder) reads a pipe of the test's process: when that process ends, however it ends, the holder
// reads the end of it and leaves, and the kernel kills every other process of the host with it. Nothing of a host has a
// name outside of its namespaces, so hosts of tests that run at the same time cannot meet.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { children, command, pidNamespace, until, wide } from './tools.js'

const NAMESPACES = ['--net', '--uts', '--ipc', '--pid', '--mount']

export interface HostProcess {
  /** As the test sees it. */
  pid: number
  /** As the host's own processes see it. */
  innerPid: number
  command: string
  /** As in /proc/pid/stat: R S D T… */
  state: string
}

/** Which processes of a host belong to the host itself. */
const DAEMON = /^(sshd|slurmd|slurmstepd|slurmctld|slurmscriptd|munged)/

export interface StartOptions {
  env?: Record<string, string>
  cwd?: string
  /** Whether the command gets a pipe as standard input; /dev/null otherwise. */
  input?: boolean
}

/** The address of the network card of the host with this address. */
const cardOf = (address: string): string => `02:00:00:00:00:${address.split('.')[3]!.slice(-2).padStart(2, '0')}`

export class Host {
  readonly name: string
  readonly address: string
  /** Its address of version 6, and one in a second network of version 4. */
  readonly address6: string
  readonly address2: string
  /** The holder's process id. */
  readonly pid: number
  /** The namespace of the switch that its cable leads to. */
  readonly #switch: number | undefined
  readonly #holder: ChildProcess
  readonly #gone: Promise<void>

  private constructor(name: string, number: number, holder: ChildProcess, pid: number, switchPid?: number) {
    this.name = name
    this.address = `10.77.0.${number}`
    this.address2 = `10.78.0.${number}`
    this.address6 = `fd77::${number}`
    this.pid = pid
    this.#switch = switchPid
    this.#holder = holder
    this.#gone = new Promise((resolve) => void holder.once('close', () => resolve()))
  }

  /** `setUp` runs on the host before anything else. */
  static async boot(name: string, number: number, setUp: string, switchPid?: number): Promise<Host> {
    const script = `set -e; hostname ${name}; mount -t tmpfs tmpfs /dev/shm; mount -t tmpfs -o mode=755 tmpfs /run; ip link set lo up; ${setUp}
      echo ready; while read -r _; do :; done`
    const holder = spawn('unshare', [...NAMESPACES, '--fork', '--kill-child', '--mount-proc', 'bash', '-c', script], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: wide(),
    })
    let said = ''
    let complaint = ''
    holder.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    holder.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    holder.stdin.on('error', () => {})
    holder.on('error', () => {})
    try {
      await until(`host ${name}`, () => {
        if (holder.exitCode !== null) throw new Error(`host ${name}: ${complaint}`)
        return said.includes('ready')
      })
      const host = new Host(name, number, holder, children(holder.pid!)[0]!, switchPid)
      if (switchPid !== undefined) await host.#plugIn()
      return host
    } catch (error) {
      holder.stdin.end()
      throw error
    }
  }

  async #plugIn(): Promise<void> {
    // The cable of a host that was powered off stays until the kernel has cleared its network away.
    const cable = `ip link add port-${this.name} type veth peer name eth0 netns ${this.pid}`
    const script = `ip link del port-${this.name} 2>/dev/null; ${cable} && ip link set port-${this.name} master br0 up`
    await command('nsenter', '-t', String(this.#switch), '--net', 'sh', '-c', script)
    // A host that comes up again has the card that it had: others remember the card's address for a while.
    await this.run(['sh', '-c', `ip link set eth0 address ${cardOf(this.address)}
      ip addr add ${this.address}/24 dev eth0; ip addr add ${this.address2}/24 dev eth0
      ip addr add ${this.address6}/64 dev eth0 nodad || true
      ip link set eth0 up`])
  }

  /** Starts a command on the host. */
  start(argv: string[], options: StartOptions = {}): ChildProcess {
    const enter = ['-t', String(this.pid), ...NAMESPACES, '--', 'sh', '-c', 'cd "$0" && exec "$@"', options.cwd ?? process.cwd()]
    const child = spawn('nsenter', [...enter, ...argv], {
      stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      env: { ...wide(), ...options.env },
    })
    child.stdin?.on('error', () => {})
    return child
  }

  /** Runs a command on the host to its end; its standard output. Throws where it fails. */
  async run(argv: string[], options: StartOptions = {}): Promise<string> {
    const child = this.start(argv, options)
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const timer = setTimeout(() => inside(child).forEach((pid) => process.kill(pid, 'SIGKILL')), 60_000)
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on('error', reject).on('close', (...how) => resolve(how))
    })
    clearTimeout(timer)
    if (code !== 0) throw new Error(`${argv.join(' ')} on ${this.name}: ${signal ?? `code ${code}`}\n${stdout}${stderr}`)
    return stdout
  }

  /** Processes of the host, without the holder, daemons and the dead. */
  processes(): HostProcess[] {
    const own = pidNamespace(this.pid)
    if (own === undefined) return []
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== this.pid && pidNamespace(name) === own)
      .flatMap((name) => describe(Number(name)))
      .filter(({ state, name }) => state !== 'Z' && !DAEMON.test(name))
  }

  /** Names in the host's /dev/shm. */
  sharedMemory(): string[] {
    return pidNamespace(this.pid) === undefined ? [] : readdirSync(`/proc/${this.pid}/root/dev/shm`)
  }

  /** Unplugs the host's cable at the switch: both ends lose the carrier, packets under way are lost, nobody is told. */
  cut(): Promise<void> {
    return this.#port('down')
  }

  heal(): Promise<void> {
    return this.#port('up')
  }

  /** Isolated hosts reach those that are not, but not each other. */
  async isolate(isolated: boolean): Promise<void> {
    const port = ['bridge', 'link', 'set', 'dev', `port-${this.name}`, 'isolated', isolated ? 'on' : 'off']
    await command('nsenter', '-t', String(this.#switch), '--net', ...port)
  }

  /** Others' addresses are known to this host for good: what is sent to them is lost where the switch does not pass it on. */
  async remember(others: readonly Host[]): Promise<void> {
    for (const { address } of others.filter((host) => host !== this)) {
      await this.run(['ip', 'neigh', 'replace', address, 'lladdr', cardOf(address), 'nud', 'permanent', 'dev', 'eth0'])
    }
  }

  async #port(state: string): Promise<void> {
    await command('nsenter', '-t', String(this.#switch), '--net', 'ip', 'link', 'set', `port-${this.name}`, state)
  }

  /** The host is gone at once: unlike a process that is killed, it closes none of its connections. */
  async powerOff(): Promise<void> {
    await this.cut()
    process.kill(this.pid, 'SIGKILL')
    await this.#gone
  }

  /** Slows the host's cable down, both delay and rate where the kernel can. Resolves to how it was done. */
  async slow(delay: number, megabits: number): Promise<string> {
    try {
      await this.run(['tc', 'qdisc', 'replace', 'dev', 'eth0', 'root', 'netem', 'delay', `${delay}ms`, 'rate', `${megabits}mbit`])
      return `${delay} ms and ${megabits} Mbit/s by netem`
    } catch {
      // Kernels without netem can hold back what they send, at least.
      await this.run(['tc', 'qdisc', 'replace', 'dev', 'eth0', 'root', 'tbf', 'rate', `${megabits}mbit`, 'burst', '16kb', 'latency', '2s'])
      return `${megabits} Mbit/s by tbf (this kernel has no netem)`
    }
  }

  /** A file system of its own for a folder of the host, as large as `size` says ("64k"). */
  async mount(folder: string, size: string): Promise<void> {
    await this.run(['sh', '-c', 'mkdir -p "$0" && mount -t tmpfs -o size="$1" tmpfs "$0"', folder, size])
  }

  /** Ends all of it. */
  async remove(): Promise<void> {
    this.#holder.stdin?.end()
    const timer = setTimeout(() => {
      if (pidNamespace(this.pid) !== undefined) process.kill(this.pid, 'SIGKILL')
    }, 2000)
    await this.#gone
    clearTimeout(timer)
  }
}

/** The process that `start` was asked for: nsenter waits for it outside, and passes no signal on. */
export const inside = (child: ChildProcess): number[] => (child.pid === undefined ? [] : children(child.pid))

function describe(pid: number): (HostProcess & { name: string })[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
    const innerPid = Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1] ?? pid)
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    return [{ pid, innerPid, command: argv || name, state: stat[stat.lastIndexOf(')') + 2]!, name }]
  } catch {
    return []
  }
}
