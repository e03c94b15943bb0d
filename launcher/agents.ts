// The agents of a job as the launcher deals with them: one on each host with ranks, behind the one on its own.
//
// Invariants:
// - No rank is started before every agent has joined: a host that cannot be had is told before anything runs.
// - `over` is told once, when no host has ranks left: each is done, or lost.
// - A loss is told once for each host. Those whose agents were reached through it are lost with it.
// - What an agent says is believed as far as it is about its own host and ranks, and in its time. A host of which anything
//   else is heard is lost, and no more is heard of it; that of the others goes on. Frames go through the agent on this
//   host, which lets each speak for itself and those behind it only.
import type { ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { ENV } from '../lib/env.js'
import { TransportError } from '../lib/errors.js'
import * as wire from '../lib/wire/agent.js'
import type { Branch, FromAgent, Greeting, LaunchSpec, OfRanks, ToAgent } from '../lib/wire/agent.js'
import { ProcessLink, parseFromAgent } from './link.js'
import type { Plan } from './plan.js'
import { keptFromAgent } from './spawn/local.js'
import { formatCpuList } from './topology.js'
import { allBranches, branches, hostsOf } from './tree/branches.js'
import { Heartbeat } from './tree/heartbeat.js'
import { Joining } from './tree/joining.js'
import { describeAliases, whereabouts } from './tree/machine.js'

export interface AgentsListener {
  /** Ranks are being started. */
  launched(): void
  message(message: OfRanks, host: string): void
  output(rank: number, type: number, chunk: Buffer): void
  /** The rank has taken `bytes` of its standard input. */
  consumed(rank: number, bytes: number): void
  /** A host cannot be had, or was lost before any rank was started. */
  failed(reason: string): void
  /** Hosts are lost, with these ranks; `message` tells which. On `host` some may still run, see `sweep`. */
  lost(host: number, ranks: readonly number[], message: string): void
  over(): void
  /** The agent on this host is gone, and with it the way to all others. */
  rootLost(how: string): void
}

interface Node {
  name: string
  ranks: number[]
  /** Absent for this host. */
  branch?: Branch
  greeting?: Greeting
  over: boolean
  /** Nothing that comes in its name is believed any more. */
  unheard: boolean
  /** Bytes of output that have left the launcher and are not credited yet. */
  owed: number
}

/** All hosts together may have this much output under way; one host no less than the other value. */
const ALL_WINDOWS = 64 * wire.OUTPUT_WINDOW
const MIN_WINDOW = wire.OUTPUT_WINDOW / 8
/** How long the agents may take to leave, in milliseconds. */
const LEAVE_PATIENCE = 2000
/** Part of the heartbeat time that may pass until what a lost agent has left behind is ended. */
const SWEEP_PART = 0.2

export class Agents {
  readonly #plan: Plan
  readonly #agent: ChildProcess
  readonly #link: ProcessLink
  readonly #listener: AgentsListener
  /** By number: the first is this host, with or without ranks. */
  readonly #nodes: Node[]
  readonly #hostOf: number[] = []
  readonly #window: number
  /** From the first frame on: on a busy machine the agent here may take longer to start than it may be silent. */
  #heartbeat: Heartbeat | undefined
  readonly #startTimer: NodeJS.Timeout | undefined
  #joining: Joining | undefined
  #launched = false
  readonly #fresh: [rank: number, endpoint: string][] = []
  readonly #sweeping = new Map<number, () => void>()
  #swept: Promise<unknown> = Promise.resolve()

  constructor(plan: Plan, agent: ChildProcess, listener: AgentsListener) {
    this.#plan = plan
    this.#agent = agent
    this.#listener = listener
    this.#nodes = makeNodes(plan)
    for (const [host, { ranks }] of this.#nodes.entries()) for (const rank of ranks) this.#hostOf[rank] = host
    this.#window = Math.max(MIN_WINDOW, Math.min(wire.OUTPUT_WINDOW, ALL_WINDOWS / this.#nodes.length))
    this.#link = new ProcessLink(agent, { frame: (frame) => this.#onFrame(frame), lost: (how) => this.#onRootLost(how) })
    if (!this.several) return
    // Later than it says itself that another host does not answer.
    const seconds = plan.tree.start.timeout + plan.tree.heartbeat
    this.#startTimer = setTimeout(() => this.#link.kill(`it has not answered within ${seconds} s`), seconds * 1000)
  }

  get launched(): boolean {
    return this.#launched
  }

  /** Whether there are agents on other hosts. */
  get several(): boolean {
    return this.#nodes.length > 1
  }

  /** The ranks on this host. */
  get here(): readonly number[] {
    return this.#nodes[0].ranks
  }

  start(): void {
    if (!this.several) return this.#launch()
    if (process.stderr.isTTY) this.#joining = new Joining(this.#nodes.slice(1).map(({ name }) => name), (text) => process.stderr.write(text))
    const { job, secret, tree: { heartbeat, start, width, interface: chosen } } = this.#plan
    const others = this.#nodes.flatMap(({ branch }) => branch ?? [])
    // One agent alone needs no port to connect to.
    const inOneStep = start.by === 'srun' && others.length > 1
    const tops = branches(others, inOneStep ? others.length : width)
    for (const branch of allBranches(tops)) this.#nodes[branch.host].branch = branch
    const step = inOneStep && { step: { secret, ...(chosen !== undefined && { interface: chosen }) } }
    this.#link.send(0, { type: 'tree', host: 0, job, heartbeat, start, env: environmentElsewhere(), branches: tops, ...step })
  }

  /** Says something to every agent. */
  tell(message: ToAgent): void {
    this.#link.send(wire.ALL_HOSTS, message)
  }

  /** Standard input for a rank; an empty chunk ends it. */
  input(rank: number, chunk: Buffer): void {
    this.#link.write(wire.frame(wire.STDIN, this.#hostOf[rank], rank, chunk))
  }

  /** `bytes` of a rank's output have left the launcher. They are credited in portions, not for each line. */
  credit(rank: number, bytes: number): void {
    const host = this.#hostOf[rank]
    const node = this.#nodes[host]
    node.owed += bytes
    if (node.owed < this.#window / 16) return
    this.#link.write([wire.creditFrame(host, 0, node.owed)])
    node.owed = 0
  }

  /** Ends what the lost agent of `host` may have left behind there: `groupsOf` tells the groups of ranks that still run. */
  sweep(host: number, groupsOf: (ranks: readonly number[]) => number[]): void {
    const { branch, greeting, ranks } = this.#nodes[host]
    if (branch === undefined) return
    const agent = greeting?.pid
    const left = { job: this.#plan.job, groups: groupsOf(ranks), ...(agent !== undefined && { agent }) }
    this.#link.send(0, { type: 'sweep', branch: { ...branch, branches: [] }, left })
    const done = new Promise<void>((resolve) => {
      this.#sweeping.set(host, resolve)
      setTimeout(resolve, Math.max(1000, this.#plan.tree.heartbeat * 1000 * SWEEP_PART)).unref()
    })
    this.#swept = Promise.all([this.#swept, done])
  }

  /** All agents leave, and kill what they still have. Resolves, where others than this host's had to, once they have. */
  async close(): Promise<void> {
    if (!this.several) return this.#link.close()
    await this.#swept
    this.#stopWatch()
    this.#link.close()
    const { exitCode, signalCode } = this.#agent
    if (exitCode !== null || signalCode !== null) return
    await new Promise<void>((resolve) => {
      this.#agent.once('exit', () => resolve())
      setTimeout(resolve, LEAVE_PATIENCE)
    })
  }

  #launch(): void {
    this.#launched = true
    for (const [host, node] of this.#nodes.entries()) {
      if (node.ranks.length > 0) this.#link.send(host, { type: 'launch', spec: this.#specFor(host) })
    }
    this.#listener.launched()
  }

  #specFor(host: number): LaunchSpec {
    const { programs: _programs, places: _places, warnings: _warnings, notes: _notes, here: _here, tree, env, ranks, ...spec } = this.#plan
    const node = this.#nodes[host]
    const network = this.#nodes.filter((one) => one.ranks.length > 0).length > 1
    return {
      ...spec,
      window: this.#window,
      env: { ...(host === 0 ? keptFromAgent() : environmentElsewhere()), ...env, ...(network && this.#forSeveralHosts()) },
      ranks: node.ranks.map((rank) => ranks[rank]),
      ...(network && { network: { ...(tree.interface !== undefined && { interface: tree.interface }), reachedAt: this.#reachedAt(host) } }),
    }
  }

  /** The other end of each connection has seen one of the addresses of this host. */
  #reachedAt(host: number): string[] {
    const seen = host === 0 ? this.#nodes.map(({ greeting }) => greeting?.client) : [this.#nodes[host].greeting?.server]
    return [...new Set(seen.filter((address) => address !== undefined))]
  }

  #forSeveralHosts(): Record<string, string> {
    return { [ENV.RANKS_PER_CORE]: this.#ranksPerCore(), [ENV.HEARTBEAT]: String(this.#plan.tree.heartbeat) }
  }

  #ranksPerCore(): string {
    const shares = this.#nodes.map(({ ranks, greeting }) => ranks.length / (greeting?.processors ?? availableParallelism()))
    return String(Math.max(...shares))
  }

  #onFrame({ type, host, rank, payload }: wire.Frame): void {
    this.#heard()
    if (type === wire.BEAT) return
    const node = this.#nodes[host]
    if (node === undefined) throw new TransportError(`it spoke of host ${host}, which the job does not have`)
    try {
      if (type === wire.CONTROL) this.#hear(host, parseFromAgent(payload))
      else if (!node.unheard) this.#onBytes(host, { type, rank, payload })
    } catch (error) {
      if (!(error instanceof TransportError) || node.branch === undefined) throw error
      if (node.unheard) return
      node.unheard = true
      this.#lose(host, error.message)
    }
  }

  #heard(): void {
    this.#heartbeat?.heard()
    if (!this.several || this.#heartbeat !== undefined) return
    clearTimeout(this.#startTimer)
    const silent = (seconds: number): void => this.#link.kill(`nothing was heard of it for ${seconds} s`)
    this.#heartbeat = new Heartbeat(this.#plan.tree.heartbeat, { silent })
  }

  #onBytes(host: number, { type, rank, payload }: Omit<wire.Frame, 'host'>): void {
    this.#requireOwn(host, rank)
    if (type === wire.CREDIT) this.#listener.consumed(rank, payload.readUInt32LE(0))
    else if (type === wire.STDOUT || type === wire.STDERR) this.#listener.output(rank, type, payload)
    else throw new TransportError(`its agent sent a frame of type ${type}, which only it is sent`)
  }

  /** What comes before ranks are started is of none; what comes after a loss is of agents that look after it. */
  #hear(host: number, message: FromAgent): void {
    const { unheard } = this.#nodes[host]
    if (unheard && message.type !== 'swept') return
    if ('rank' in message) this.#requireOwn(host, message.rank)
    if (message.type === 'done' && !this.#launched) throw new TransportError('its agent was done before it was to start anything')
    this.#onMessage(host, message)
  }

  #requireOwn(host: number, rank: number): void {
    if (this.#hostOf[rank] !== host) throw new TransportError(`its agent spoke of rank ${rank}, which does not run there`)
    if (!this.#launched) throw new TransportError(`its agent spoke of rank ${rank} before that was to be started`)
  }

  #onMessage(host: number, message: FromAgent): void {
    const node = this.#nodes[host]
    switch (message.type) {
      case 'joined':
        if (node.greeting !== undefined) throw new TransportError('its agent said twice who it is')
        node.greeting = message.greeting
        this.#joining?.joined(node.name)
        if (this.#launched || this.#nodes.some(({ branch, greeting }) => branch && !greeting)) return
        this.#joining?.end()
        this.#tellAliases()
        return this.#launch()
      case 'unreachable':
        return this.#fail(`host ${node.name}: ${message.reason}`)
      case 'gone':
        return this.#lose(host, message.how)
      case 'swept':
        return this.#sweeping.get(host)?.()
      case 'endpoint':
        if (this.#fresh.push([message.rank, message.endpoint]) === 1) setImmediate(() => this.#tellEndpoints())
        return
      case 'done':
        return this.#over([node])
      default:
        return this.#listener.message(message, node.name)
    }
  }

  #tellAliases(): void {
    const [{ name, ranks }, ...others] = this.#nodes
    const here = ranks.length > 0 ? { name, ...whereabouts(process.env) } : undefined
    const text = describeAliases(here, others.map((node) => ({ ...node.greeting, name: node.name })))
    if (text !== undefined) this.#listener.message({ type: 'notice', text }, name)
  }

  /** Many come at once, at the start of a job. */
  #tellEndpoints(): void {
    this.tell({ type: 'endpoints', endpoints: this.#fresh.splice(0) })
  }

  #lose(host: number, how: string): void {
    const { branch } = this.#nodes[host]
    if (branch === undefined) return
    const lost = hostsOf(branch).map((one) => this.#nodes[one]).filter(({ over, ranks }) => !over && ranks.length > 0)
    const message = describeLoss(this.#nodes[host], lost, how)
    if (!this.#launched) return this.#fail(message)
    if (lost.length === 0) return
    this.#listener.lost(host, lost.flatMap(({ ranks }) => ranks), message)
    this.#over(lost)
  }

  /** The start has failed. */
  #fail(message: string): void {
    this.#joining?.end()
    this.#listener.failed(message)
  }

  #over(nodes: readonly Node[]): void {
    if (nodes.every(({ over }) => over)) return
    for (const node of nodes) node.over = true
    if (this.#nodes.every(({ over, ranks }) => over || ranks.length === 0)) this.#listener.over()
  }

  #stopWatch(): void {
    clearTimeout(this.#startTimer)
    this.#heartbeat?.stop()
    this.#joining?.end()
  }

  #onRootLost(how: string): void {
    this.#stopWatch()
    this.#listener.rootLost(how)
  }
}

function makeNodes({ places, here }: Plan): Node[] {
  const local = places.find((place) => place.local)
  const others = places.filter((place) => !place.local && place.ranks.length > 0)
  const rest = { over: false, unheard: false, owed: 0 }
  return [
    { name: here, ranks: local?.ranks ?? [], ...rest },
    ...others.map(({ name, user, port, ranks }, index) => {
      const branch = { host: index + 1, name, ...(user !== undefined && { user }), ...(port !== undefined && { port }), branches: [] }
      return { name, ranks, branch, ...rest }
    }),
  ]
}

/** What hosts that do not inherit this environment get of it. */
function environmentElsewhere(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) => name === 'PATH' || name.startsWith('TSMPI_'))
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? '']))
}

function describeLoss(first: Node, lost: readonly Node[], how: string): string {
  const on = (ranks: readonly number[]): string => (ranks.length === 1 ? `rank ${ranks[0]}` : `ranks ${formatCpuList(ranks)}`)
  const behind = lost.filter((node) => node !== first)
  const more = behind.map(({ name, ranks }) => `; with it ${name}, reached through it, with ${on(ranks)}`).join('')
  return `host ${first.name} is lost: ${how}${how.includes('\n') ? '\n' : '; '}${on(first.ranks)} ran there${more}`
}
