// The agents of all branches, started by one step of srun, a task on each node. They are told where the root listens by
// the step's standard input, which all tasks share, and connect to it; what srun prints is only what went wrong.
//
// Invariants:
// - The step's standard input stays open as long as the root lives: its end is the loss of the root for every task.
// - Of each agent that is gone its link is told: at once where srun says that the task has ended, or with the step; else
//   at the next beat, which finds no connection; else, where that is silent, by the heartbeat.
// - Nobody but an agent hears the secret: it goes through srun's standard input, not into its words or environment.
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { addressOn, ownAddresses } from '../../lib/addresses.js'
import type { Branch, Invitation, StepOptions, Tree } from '../../lib/wire/agent.js'
import { hostKey } from '../hosts/host.js'
import { compressNodeList } from '../hosts/nodelist.js'
import { AgentLink, describeExit, hasExited, killGroup, printable } from '../link.js'
import type { LinkListener } from '../link.js'
import { startRemoteAgent, stepCommand } from '../spawn/remote.js'
import type { RemoteCommand } from '../spawn/remote.js'
import { SrunWords } from '../spawn/srun-words.js'
import { chooseAddress, ownAddressTowards } from './addresses.js'
import { loadZmq } from './messages.js'
import type { Secret } from './messages.js'
import { Port } from './port.js'
import type { PortListener } from './port.js'

/** So many names are tried for the way to the nodes: that none of them is known says enough. */
const NAMES_TRIED = 3
/** srun tells of a task's end, in milliseconds, before it has passed on all that the task printed. */
const LAST_WORDS = 100
/** How often it is looked whether agents have left, in milliseconds. */
const LOOK_AGAIN = 20

export class Step {
  readonly command: RemoteCommand
  readonly #tree: Tree
  readonly #port: Port
  readonly #invitation: Invitation
  readonly #words = new SrunWords()
  readonly #links = new Map<number, StepLink>()
  /** The numbers of agents that are not connected any more. */
  readonly #gone = new Set<number>()
  #srun: ChildProcess | undefined
  #left: Promise<void> = Promise.resolve()

  /** Listens; the step itself begins by `start`. @throws LaunchError, TransportError */
  static async open(tree: Tree, options: StepOptions): Promise<Step> {
    const zmq = await loadZmq()
    const address = await addressFor(tree.branches, options)
    const secret = { job: tree.job, secret: options.secret }
    const hosts = tree.branches.map(({ host }) => host)
    return new Step(tree, secret, (listener) => new Port(zmq, address, secret, hosts, listener))
  }

  private constructor(tree: Tree, secret: Secret, listen: (listener: PortListener) => Port) {
    this.#tree = tree
    this.command = stepCommand(tree, tree.branches)
    this.#port = listen({
      bytes: (host, chunk) => this.#links.get(host)?.heard(chunk),
      // Where srun has ended or the task, that says more.
      unreachable: (host) => setTimeout(() => this.#lose(host, 'its connection was lost'), 2 * LAST_WORDS),
    })
    const hosts = Object.fromEntries(tree.branches.map(({ name, host }) => [hostKey(name), host]))
    this.#invitation = { ...secret, endpoint: this.#port.endpoint, hosts }
  }

  /** The link to a branch's agent, before the step starts. */
  link({ host, name }: Branch, listener: LinkListener): AgentLink {
    const link = new StepLink(listener, {
      write: (pieces) => this.#port.write(host, pieces),
      end: () => this.#port.end(host),
      cut: () => {
        this.#gone.add(host)
        this.#port.end(host)
      },
      words: () => this.#words.about(hostKey(name)),
      ended: () => this.#left,
    })
    this.#links.set(host, link)
    return link
  }

  start(): void {
    const srun = startRemoteAgent(this.command, this.#tree.start, this.#tree.job)
    this.#srun = srun
    srun.stdin?.on('error', () => {})
    srun.stdin?.write(`${JSON.stringify(this.#invitation)}\n`)
    for (const stream of [srun.stdout, srun.stderr]) {
      createInterface({ input: stream as Readable }).on('line', (line) => this.#hear(line))
    }
    let how = 'it ended'
    const loseAll = (): void => [...this.#links.keys()].forEach((host) => this.#lose(host, how))
    srun.on('error', (error) => {
      how = error.message
      loseAll()
    })
    srun.on('exit', (code, signal) => {
      how = `${describeExit(code, signal)}, and with it its step on ${compressNodeList(this.#tree.branches.map(({ name }) => name))}`
      setTimeout(loseAll, LAST_WORDS)
    })
  }

  /** All agents leave. */
  close(): void {
    if (this.#srun === undefined) return
    this.#srun.stdin?.end()
    // srun would wait for nodes that are lost.
    this.#left = this.#gone.size === 0 ? hasExited(this.#srun) : this.#allLeft()
  }

  kill(): void {
    if (this.#srun !== undefined) killGroup(this.#srun)
    this.#port.close()
  }

  #hear(line: string): void {
    const names = printable(line).flatMap((text) => this.#words.hear(text))
    if (names.length === 0) return
    setTimeout(() => names.forEach((name) => this.#lose(this.#invitation.hosts[name], 'its task has ended')), LAST_WORDS)
  }

  #lose(host: number, how: string): void {
    const link = this.#links.get(host)
    if (link === undefined) return
    this.#gone.add(host)
    link.gone(how)
  }

  /** Resolves once no agent is connected. */
  async #allLeft(): Promise<void> {
    while (this.#gone.size < this.#links.size) {
      for (const host of this.#links.keys()) if (!this.#gone.has(host)) this.#port.end(host)
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN))
    }
  }
}

/** What a link of a step takes of it. */
interface Way {
  write(pieces: readonly Buffer[]): void
  end(): void
  cut(): void
  words(): string[]
  ended(): Promise<void>
}

class StepLink extends AgentLink {
  readonly #way: Way

  constructor(listener: LinkListener, way: Way) {
    super(listener)
    this.#way = way
  }

  get words(): string[] {
    return [...printable(this.noise), ...this.#way.words()]
  }

  get ended(): Promise<void> {
    return this.#way.ended()
  }

  write(pieces: readonly Buffer[]): void {
    this.#way.write(pieces)
  }

  override close(): void {
    super.close()
    this.#way.end()
  }

  heard(chunk: Buffer): void {
    this.take(chunk)
  }

  gone(how: string): void {
    this.lose(how)
  }

  protected cut(): void {
    this.#way.cut()
  }
}

/**
 * As ranks would listen; else at the address from which messages to the nodes go out. `--interface` is about ranks: a
 * login node, which has none, need not be on their network.
 */
async function addressFor(branches: readonly Branch[], options: Pick<StepOptions, 'interface'>): Promise<string> {
  const chosen = options.interface === undefined ? undefined : addressOn(options.interface, ownAddresses())
  if (chosen !== undefined) return chosen
  const found = await Promise.all(branches.slice(0, NAMES_TRIED).map(({ name }) => ownAddressTowards(name)))
  return chooseAddress({ reachedAt: found.filter((address) => address !== undefined) })
}
