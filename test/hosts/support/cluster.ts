// Several hosts on one machine, made of namespaces: a head node h0 and h1 … hN, one switch, and sshd on each with keys of
// its own. No file outside of the cluster's folder is written, HOME included.
//
//   h0 10.77.0.100 ─┐
//   h1 10.77.0.1 ───┤ br0, in a network namespace of the switch
//   h2 10.77.0.2 ───┘
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Host } from './host.js'
import { command, startTime } from './tools.js'

const PREFIX = 'tsmpi-hosts-'
const MOST_HOSTS = 8
const HEAD_NUMBER = 100
/** In /etc/hosts of every host, but nobody has its address. */
export const NOBODY = { name: 'nobody', address: '10.77.0.99' }

export class Cluster {
  /** Files of the cluster, seen by all hosts, as all of the machine's files are. */
  readonly folder: string
  readonly head: Host
  readonly hosts: readonly Host[]
  readonly #switch: Host

  private constructor(folder: string, switchHost: Host, head: Host, hosts: Host[]) {
    this.folder = folder
    this.#switch = switchHost
    this.head = head
    this.hosts = hosts
  }

  /** Makes a head node and `count` hosts. */
  static async create(count: number): Promise<Cluster> {
    if (count > MOST_HOSTS) throw new Error(`${count} hosts: at most ${MOST_HOSTS}`)
    removeLeftovers()
    const folder = mkdtempSync(join(tmpdir(), PREFIX))
    writeFileSync(join(folder, 'owner'), `${process.pid} ${startTime(process.pid)}`)
    const made: Host[] = []
    try {
      const names = ['h0', ...Array.from({ length: count }, (_, index) => `h${index + 1}`)]
      await writeFiles(folder, names)
      const switchHost = await Host.boot('switch', 254, 'ip link add br0 type bridge; ip link set br0 up')
      made.push(switchHost)
      const booted = await Promise.all(names.map(async (name) => {
        const host = await bootHost(name, folder, switchHost.pid)
        made.push(host)
        return host
      }))
      const [head, ...hosts] = booted
      return new Cluster(folder, switchHost, head!, hosts)
    } catch (error) {
      await Promise.all(made.map((host) => host.remove()))
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** The client's configuration, for `ssh -F`. */
  get sshConfig(): string {
    return join(this.folder, 'ssh_config')
  }

  /** For `--rsh`. */
  get rsh(): string {
    return `ssh -F ${this.sshConfig}`
  }

  get all(): readonly Host[] {
    return [this.head, ...this.hosts]
  }

  /** A host by its name. */
  host(name: string): Host {
    const found = this.all.find((host) => host.name === name)
    if (found === undefined) throw new Error(`no host ${name}`)
    return found
  }

  /** Where daemons that serve all hosts run. */
  get service(): Host {
    return this.#switch
  }

  /** Writes a file into the cluster's folder; its path. */
  file(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  /** A host that was powered off comes up again, with the same name, address and keys. */
  async reboot(host: Host): Promise<Cluster> {
    const again = await bootHost(host.name, this.folder, this.#switch.pid)
    const replace = (one: Host): Host => (one === host ? again : one)
    return new Cluster(this.folder, this.#switch, replace(this.head), this.hosts.map(replace))
  }

  async remove(): Promise<void> {
    await Promise.all([...this.all, this.#switch].map((host) => host.remove()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const numberOf = (name: string): number => Number(name.slice(1)) || HEAD_NUMBER

async function bootHost(name: string, folder: string, switchPid: number): Promise<Host> {
  const setUp = `mount --bind ${folder}/hosts /etc/hosts; mount --bind ${folder}/resolv.conf /etc/resolv.conf; mkdir -p /run/sshd`
  const host = await Host.boot(name, numberOf(name), setUp, switchPid)
  // sshd wants its full path to start itself again for each connection.
  await host.run(['sh', '-c', '"$(command -v sshd)" -f "$0" -h "$1"', join(folder, 'sshd_config'), keyFile(folder, name)])
  return host
}

const keyFile = (folder: string, name: string): string => join(folder, 'keys', name)

async function writeFiles(folder: string, names: string[]): Promise<void> {
  mkdirSync(join(folder, 'keys'))
  const write = (name: string, lines: string[]): void => writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
  const addresses = names.map((name) => `10.77.0.${numberOf(name)} ${name}`)
  write('hosts', ['127.0.0.1 localhost', `${NOBODY.address} ${NOBODY.name}`, ...addresses])
  write('resolv.conf', [])
  const keys = ['user', ...names]
  await Promise.all(keys.map((name) => command('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile(folder, name))))
  const publicKey = (name: string): string => readFileSync(`${keyFile(folder, name)}.pub`, 'utf8').trim()
  write('authorized_keys', [publicKey('user')])
  write('known_hosts', names.map((name) => `${name},10.77.0.${numberOf(name)},10.78.0.${numberOf(name)},fd77::${numberOf(name)} ${publicKey(name)}`))
  write('sshd_config', [
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    'PasswordAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin yes',
    'MaxStartups 200',
    'PidFile none',
  ])
  write('ssh_config', [
    'Host *',
    `  IdentityFile ${keyFile(folder, 'user')}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${folder}/known_hosts`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
  ])
}

/** Hosts end with the process that made them, but its folder stays when it was killed. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name)
    let owner: string[]
    try {
      owner = readFileSync(join(folder, 'owner'), 'utf8').split(' ')
    } catch {
      continue // another test makes or removes it at this moment
    }
    if (startTime(Number(owner[0])) !== owner[1]) rmSync(folder, { recursive: true, force: true })
  }
}
