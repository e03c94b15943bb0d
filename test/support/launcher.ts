// Starts the ranks of a job on several hosts as launcher and agents do, all of them on this machine: each host has shared
// memory of its own, and an address of its own at which its ranks listen.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { nativeMemory } from '../../native/load.js'
import { ENV } from '../../lib/env.js'
import { ControlReader, encodeControl } from '../../lib/wire/control.js'
import type { FromRank, ToRank } from '../../lib/wire/control.js'
import { encodeHosts } from '../../lib/wire/hosts.js'
import { segmentBytes } from '../../lib/wire/segment.js'

const CONTROL_FD = 3

export interface HostsJob {
  /** Program and arguments for Node. */
  readonly args: readonly string[]
  /** By rank. */
  readonly hosts: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Hosts without shared memory. */
  readonly without?: readonly string[]
  readonly seconds?: number
}

export interface Outcome {
  /** By rank; a signal's name where it died of one. */
  readonly codes: readonly (number | string)[]
  /** Of all ranks, as it came. */
  readonly output: string
}

interface Rank {
  readonly child: ChildProcess
  readonly control: Socket
  /** Ranks that have asked where this one listens. */
  readonly asked: number[]
  endpoint?: string
  over: boolean
}

export async function runOnHosts({ args, hosts, env = {}, without = [], seconds = 60 }: HostsJob): Promise<Outcome> {
  const secret = randomBytes(32).toString('hex')
  const names = [...new Set(hosts)]
  // tap makes every Node process below it load its own hooks: ranks run as a user's do.
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const common = {
    ...inherited,
    ...env,
    [ENV.SIZE]: `${hosts.length}`,
    [ENV.HOSTS]: encodeHosts(hosts),
    [ENV.JOB]: randomBytes(8).toString('hex'),
    [ENV.PROCESSORS]: '1',
    [ENV.RANKS_PER_CORE]: `${Math.max(...names.map((name) => hosts.filter((host) => host === name).length))}`,
    [ENV.CONTROL_FD]: `${CONTROL_FD}`,
    [ENV.REPORT_FD]: `${CONTROL_FD}`,
  }
  const shared = new Map(names.filter((name) => !without.includes(name)).map((name) => [name, shareMemory(hosts, name)]))
  const ranks: Rank[] = []
  let output = ''
  const exits = hosts.map((host, rank) => {
    const locals = localRanks(hosts, host)
    const segment = shared.get(host)
    const place: Record<string, string> = {
      [ENV.RANK]: `${rank}`,
      [ENV.LOCAL_RANK]: `${locals.indexOf(rank)}`,
      [ENV.LOCAL_SIZE]: `${locals.length}`,
      [ENV.ADDRESS]: `127.0.0.${names.indexOf(host) + 1}`,
      [ENV.TRANSPORT]: segment === undefined ? 'zmq' : 'auto',
      ...(segment && { [ENV.SEGMENT_FD]: `${CONTROL_FD + 1}`, [ENV.DOORBELL_FD]: `${CONTROL_FD + 2}` }),
    }
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe', ...(segment ?? [])] as ('pipe' | number)[]
    const child = spawn(process.execPath, [...args], { env: { ...common, ...place }, stdio })
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const control = child.stdio[CONTROL_FD] as Socket
    const state: Rank = { child, control, asked: [], over: false }
    ranks.push(state)
    const reader = new ControlReader<FromRank>()
    control.on('error', () => undefined)
    control.on('data', (chunk: Buffer) => {
      for (const message of reader.push(chunk)) heard(rank, message)
    })
    control.on('close', () => over(rank, false))
    return new Promise<number | string>((resolve) => {
      child.on('close', (code, signal) => resolve(code ?? signal ?? 'gone'))
    })
  })
  for (const descriptors of shared.values()) for (const fd of descriptors) nativeMemory()!.close(fd)

  function tell(to: number, message: ToRank): void {
    if (ranks[to].control.writable) ranks[to].control.write(encodeControl(message))
  }

  function heard(rank: number, message: FromRank): void {
    if (message.type === 'hello') return tell(rank, { type: 'job', secret, hosts: [...hosts] })
    if (message.type === 'endpoint') {
      ranks[rank].endpoint = message.endpoint
      for (const from of ranks[rank].asked.splice(0)) answer(from, rank)
    }
    if (message.type === 'where') answer(rank, message.rank)
    if (message.type === 'finalize') over(rank, true, message.sent)
  }

  function answer(from: number, rank: number): void {
    const { asked, endpoint } = ranks[rank]
    if (endpoint === undefined) asked.push(from)
    else tell(from, { type: 'endpoint', rank, endpoint, host: hosts[rank] })
  }

  /** A rank will send nothing more. */
  function over(rank: number, finalized: boolean, sent?: Record<number, number>): void {
    if (ranks[rank].over) return
    ranks[rank].over = true
    ranks.forEach((_, peer) => {
      const count = sent && { sent: sent[peer] ?? 0 }
      if (peer !== rank) tell(peer, { type: 'ended', rank, finalized, how: 'is done', ...count })
    })
    if (ranks.every((one) => one.over)) ranks.forEach((_, peer) => tell(peer, { type: 'finalized' }))
  }

  const timer = setTimeout(() => {
    output += `\nnot done after ${seconds} s\n`
    for (const { child } of ranks) child.kill('SIGKILL')
  }, seconds * 1000)
  const codes = await Promise.all(exits)
  clearTimeout(timer)
  return { codes, output }
}

const localRanks = (hosts: readonly string[], name: string): number[] =>
  hosts.flatMap((host, rank) => (host === name ? [rank] : []))

/** Segment and doorbells of a host. */
function shareMemory(hosts: readonly string[], name: string): number[] {
  const memory = nativeMemory()!
  const size = localRanks(hosts, name).length
  const made = [memory.createSegment(segmentBytes(size)), ...Array.from({ length: size }, () => memory.createDoorbell())]
  for (const fd of made) memory.closeOnExec(fd)
  return made
}
