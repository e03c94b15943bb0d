// The agents that this one starts on other hosts, each by itself or all by one step (step.ts), and the frames between
// them and the launcher.
//
// Invariants:
// - Frames keep their order on each connection, and none is held up here: credit goes from end to end.
// - Of each host the launcher hears either `joined` and, if it is lost, later `gone`; or `unreachable`. With a host those
//   behind it are lost: their agents leave when their connection to it ends.
// - No agent is trusted with the job before its greeting has been checked: the secret comes later, by `launch`. Those of
//   a step have it before, for it is by keys of it that they can greet.
import { basename } from 'node:path'
import * as wire from '../../lib/wire/agent.js'
import type { Branch, FromAgent, Greeting, Leftover, Tree } from '../../lib/wire/agent.js'
import { ProcessLink } from '../link.js'
import type { AgentLink, LinkListener } from '../link.js'
import { quoted, remoteCommand, startRemoteAgent } from '../spawn/remote.js'
import type { RemoteCommand } from '../spawn/remote.js'
import { hostsOf } from './branches.js'
import { Heartbeat } from './heartbeat.js'
import type { Step } from './step.js'

/** How long the agents below may take to leave, in milliseconds, before what connects to them is killed. */
const LEAVE_PATIENCE = 1000

interface Child {
  readonly branch: Branch
  readonly link: AgentLink
  heartbeat?: Heartbeat
  timer?: NodeJS.Timeout
  joined: boolean
}

/** What this agent is itself: others must be the same. */
export type Versions = Pick<Greeting, 'version' | 'node'>

export class Relay {
  readonly #tree: Tree
  readonly #versions: Versions
  readonly #up: (pieces: Buffer[]) => void
  readonly #step: Step | undefined
  readonly #children = new Set<Child>()
  /** By the numbers of all hosts below. */
  readonly #ways = new Map<number, Child>()
  readonly #sweepers = new Set<AgentLink>()

  /** `up` takes what is for the launcher. @throws LaunchError */
  static async open(tree: Tree, versions: Versions, up: (pieces: Buffer[]) => void): Promise<Relay> {
    const { step, ...rest } = tree
    if (step === undefined) return new Relay(rest, versions, up)
    const { Step } = await import('./step.js')
    return new Relay(rest, versions, up, await Step.open(rest, step))
  }

  private constructor(tree: Tree, versions: Versions, up: (pieces: Buffer[]) => void, step?: Step) {
    this.#tree = tree
    this.#versions = versions
    this.#up = up
    this.#step = step
    for (const branch of tree.branches) this.#start(branch)
    step?.start()
  }

  /** A frame from the launcher for one of the hosts below, or all. */
  pass({ type, host, rank, payload }: wire.Frame): void {
    const to = host === wire.ALL_HOSTS ? this.#children : [this.#ways.get(host)]
    for (const child of to) if (child?.joined) child.link.write(wire.frame(type, host, rank, payload))
  }

  /** Ends what a lost agent has left behind, by another one. */
  sweep(branch: Branch, left: Leftover): void {
    const { start, job, heartbeat } = this.#tree
    const link = new ProcessLink(startRemoteAgent(remoteCommand(this.#tree, branch), start, job), {
      greeting: () => link.send(branch.host, { type: 'reap', left }),
      frame: () => {},
      lost: () => {
        clearTimeout(timer)
        this.#sweepers.delete(link)
        this.#say(branch.host, { type: 'swept' })
      },
    })
    this.#sweepers.add(link)
    const timer = setTimeout(() => link.kill('it took too long'), heartbeat * 1000)
  }

  /** Lets all agents below leave; resolves once they have, or have been given up. */
  async close(): Promise<void> {
    this.#step?.close()
    for (const { link, joined, heartbeat } of this.#children) {
      heartbeat?.stop()
      if (joined) link.close()
      else link.kill('')
    }
    const gone = [...this.#children].map(({ link }) => link.ended)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LEAVE_PATIENCE)))
    await Promise.race([Promise.all(gone), late])
    clearTimeout(timer)
    for (const { link } of this.#children) link.kill('')
    for (const link of this.#sweepers) link.kill('')
    this.#step?.kill()
  }

  #start(branch: Branch): void {
    const { start, job } = this.#tree
    const command = this.#step?.command ?? remoteCommand(this.#tree, branch)
    const listener: LinkListener = {
      greeting: (greeting) => this.#onGreeting(child, greeting),
      frame: (frame) => this.#onFrame(child, frame),
      lost: (how) => this.#onLost(child, command, how),
    }
    const link = this.#step?.link(branch, listener) ?? new ProcessLink(startRemoteAgent(command, start, job), listener)
    const child: Child = { branch, joined: false, link }
    this.#children.add(child)
    for (const host of hostsOf(branch)) this.#ways.set(host, child)
    child.timer = setTimeout(() => child.link.kill(`it has not answered within ${start.timeout} s (--launch-timeout)`), start.timeout * 1000)
  }

  #onGreeting(child: Child, greeting: Greeting): void {
    clearTimeout(child.timer)
    const problem = describeMismatch(greeting, this.#versions)
    if (problem !== undefined) throw new Error(problem)
    const { host, branches } = child.branch
    child.joined = true
    child.link.send(host, { ...this.#tree, host, branches })
    child.heartbeat = new Heartbeat(this.#tree.heartbeat, {
      beat: () => child.link.write([wire.beatFrame()]),
      silent: (seconds) => child.link.kill(`nothing was heard of its agent for ${seconds} s (--heartbeat)`),
    })
    this.#say(host, { type: 'joined', greeting })
  }

  #onFrame(child: Child, { type, host, rank, payload }: wire.Frame): void {
    child.heartbeat?.heard()
    if (type === wire.BEAT) return
    if (this.#ways.get(host) !== child) throw new Error(`it sent a frame in the name of another host`)
    this.#up(wire.frame(type, host, rank, payload))
  }

  #onLost(child: Child, { reach }: RemoteCommand, how: string): void {
    const { branch, link, joined } = child
    clearTimeout(child.timer)
    child.heartbeat?.stop()
    this.#children.delete(child)
    const words = link.words.map((line) => `\n  ${line}`).join('')
    if (joined) return this.#say(branch.host, { type: 'gone', how: `${how.replace(/^it /, `${basename(reach[0])} `)}${words}` })
    const command = reach.map(quoted).join(' ')
    this.#say(branch.host, { type: 'unreachable', reason: `its agent could not be started by \`${command}\`: ${how}${words}` })
  }

  #say(host: number, message: FromAgent): void {
    this.#up([wire.controlFrame(host, message)])
  }
}

/** Why an agent and this one cannot work together. */
function describeMismatch(there: Versions, here: Versions): string | undefined {
  if (there.version !== here.version) return `it has tsmpi ${there.version}, and here is tsmpi ${here.version}`
  const major = (version: string): string => version.split('.')[0]
  if (major(there.node) !== major(here.node)) return `it has Node ${there.node}, and here is Node ${here.node}`
  return undefined
}
