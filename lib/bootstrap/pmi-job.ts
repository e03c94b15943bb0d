// A rank that a launcher of MPI programs started: mpiexec of Hydra, srun --mpi=pmi2. Who it is, from the environment;
// who the others are, from the launcher's key-value space, for which all ranks wait here as in MPI_Init.
import { availableParallelism, hostname } from 'node:os'
import { DEFAULT_EAGER_LIMIT, ENV, PMI_ROLE, envInteger } from '../env.js'
import type { TransportChoice } from '../env.js'
import { ArgumentError, StateError, TransportError } from '../errors.js'
import { endpointAt } from '../wire/control.js'
import { ranksPerHost } from '../wire/hosts.js'
import { nativeMemory, whyNotNative } from '../../native/load.js'
import type { NativeMemory } from '../../native/load.js'
import type { Job } from './job.js'
import { makeKeys, ownAddress } from './pmi-between.js'
import { getCards, newJob, newSecret, putCard, whereAmI } from './pmi-cards.js'
import type { Card } from './pmi-cards.js'
import { PmiControl, abortJob } from './pmi-control.js'
import { abstain, describe, makeBells, shareHost } from './pmi-shared.js'
import type { OwnBells, SharedHost } from './pmi-shared.js'
import type { Pmi } from './pmi-wire.js'
import { openPmi } from './pmi.js'
import { Roster } from './roster.js'

/** All ranks may connect at once. */
const BACKLOG = 4096
const SECRET_KEY = 'tsmpi-secret'

/** The rank that the environment describes. Takes the role out of the environment: children are not ranks. */
export function joinedByPmi(env: NodeJS.ProcessEnv = process.env): Job {
  const rank = envInteger('PMI_RANK', -1, env)
  const size = envInteger('PMI_SIZE', 0, env)
  const fd = envInteger('PMI_FD', -1, env)
  const jobId = env['PMI_JOBID']
  const said = `PMI_FD=${env['PMI_FD']} PMI_RANK=${env['PMI_RANK']} PMI_SIZE=${env['PMI_SIZE']}`
  const transport = transportChoice(env)
  for (const name of PMI_ROLE) delete env[name]
  if (rank < 0 || rank >= size || fd < 0) {
    throw new StateError(`${said} describe no rank of a job: start it by mpiexec, srun or tsmpirun, or unset them`)
  }
  const eagerLimit = envInteger(ENV.EAGER_LIMIT, DEFAULT_EAGER_LIMIT, env)
  const own = { rank, size, transport, eagerLimit, processors: availableParallelism() }
  if (size === 1) return { ...own, hosts: [hostname()], id: `${process.pid}` }
  // Slurm names its step; Hydra speaks both, and PMI-1 better.
  const pmi = openOrExplain(() => openPmi({ fd, rank, size, jobId, version: jobId === undefined ? 1 : 2, onLost: die }), said)
  try {
    return join(pmi, own)
  } catch (error) {
    const what = `rank ${rank} cannot join the job: ${(error as Error).message}`
    process.stderr.write(`tsmpi: ${what}\n`)
    abortJob(pmi, 1, what)
    process.exit(1)
  }
}

function openOrExplain(open: () => Pmi, said: string): Pmi {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof StateError)) throw error
    const how = 'Something between the launcher and this process closed it; to run it on its own, unset PMI_RANK.'
    throw new StateError(`${said} say that a launcher started this process, but: ${error.message}. ${how}`, { cause: error })
  }
}

/** The launcher is gone, so nothing of this rank may stay. */
function die(): void {
  process.stderr.write('tsmpi: the launcher is gone\n')
  process.kill(process.pid, 'SIGKILL')
}

function transportChoice(env: NodeJS.ProcessEnv): TransportChoice {
  const choice = env[ENV.TRANSPORT] || 'auto'
  if (choice === 'auto' || choice === 'shm' || choice === 'zmq') return choice
  throw new ArgumentError(`${ENV.TRANSPORT}=${choice} is none of auto, shm, zmq`)
}

function join(pmi: Pmi, own: Omit<Job, 'hosts' | 'id' | 'control' | 'segment'>): Job {
  const { rank, size, processors } = own
  const { memory, bells, why } = prepareMemory(own.transport)
  const { secretKey, publicKey } = makeKeys()
  const address = ownAddress()
  const port = takePort(address)
  putCard(pmi, rank, {
    ...whereAmI(),
    pid: process.pid,
    transport: own.transport,
    address,
    key: publicKey,
    ...(port && { port: port.number }),
    processors,
    ...(bells && { bells: [describe(bells.doorbell[1]), describe(bells.news[1])] }),
    ...(why !== undefined && { reason: why }),
    ...(rank === 0 && { job: newJob() }),
  })
  pmi.fence('the other ranks to import tsmpi')
  const cards = getCards(pmi, size)
  const ranks = cards.flatMap(({ place }, peer) => (place === cards[rank].place ? [peer] : []))
  const several = ranks.length < size
  if (several) port?.listen()
  else port?.close()
  const shared = shareAll(pmi, cards, { rank, ranks, memory, bells })
  const publicKeys = cards.map(({ key }) => key)
  const hosts = hostNames(cards)
  const job = {
    ...own,
    hosts,
    id: cards[0].job!,
    ...(several && { address, ...(port && { listener: port.fd }), keys: { secretKey, publicKeys }, ranksPerCore: ranksPerCore(cards) }),
  }
  const secret = shared === undefined && !several ? shareSecret(pmi, rank) : ''
  const endpoints = cards.map((card) => (card.port === undefined ? undefined : endpointAt(card.address, card.port)))
  const options = { pmi, rank, secret, hosts, several, endpoints }
  if (shared === undefined || memory === undefined) return { ...job, control: new PmiControl(options) }
  const { segment, doorbells, news, roster } = shared
  const control = new Roster({ ...options, memory, roster, ranks, news, pids: ranks.map((peer) => cards[peer].pid) })
  return { ...job, control, segment: { fd: segment, doorbells } }
}

interface OwnPort {
  readonly fd: number
  readonly number: number
  listen(): void
  close(): void
}

/**
 * A port of this rank's own, so that others can watch it from the start, before its event loop has turned. Undefined where
 * it cannot be had: then ZeroMQ says where it listens. It refuses connections until `listen`, for ranks of one host.
 */
function takePort(address: string): OwnPort | undefined {
  const memory = nativeMemory()
  if (memory === undefined) return undefined
  try {
    const [fd, number] = memory.takePort(address)
    return { fd, number, listen: () => memory.listen(fd, BACKLOG), close: () => memory.close(fd) }
  } catch {
    return undefined
  }
}

/** Names of the ranks' hosts: containers may have the same name and share nothing. */
function hostNames(cards: readonly Card[]): string[] {
  const names = new Map<string, string>()
  const taken = new Map<string, number>()
  for (const { host, place } of cards) {
    if (names.has(place)) continue
    const before = taken.get(host) ?? 0
    taken.set(host, before + 1)
    names.set(place, before === 0 ? host : `${host}#${before + 1}`)
  }
  return cards.map(({ place }) => names.get(place)!)
}

function ranksPerCore(cards: readonly Card[]): number {
  const counts = ranksPerHost(cards.map(({ place }) => place))
  return Math.max(...cards.map(({ place, processors }) => counts.get(place)! / processors))
}

/** On one host without shared memory: what ranks know each other by, see transport/zmq-ipc. */
function shareSecret(pmi: Pmi, rank: number): string {
  if (rank === 0) pmi.put(SECRET_KEY, newSecret())
  pmi.fence('rank 0 to tell the secret of the job')
  return pmi.get(SECRET_KEY)
}

/** What this rank brings to share memory with others, or why it cannot. */
function prepareMemory(transport: TransportChoice): { memory?: NativeMemory; bells?: OwnBells; why?: string } {
  if (transport === 'zmq') return { why: `${ENV.TRANSPORT}=zmq` }
  const memory = nativeMemory()
  if (memory === undefined) return { why: `the native addon is not there: ${whyNotNative()}` }
  return { memory, bells: makeBells(memory) }
}

interface Locals {
  readonly rank: number
  /** Those of its host. */
  readonly ranks: readonly number[]
  readonly memory: NativeMemory | undefined
  readonly bells: OwnBells | undefined
}

/** Shared memory among the ranks of this host; undefined where one of them does not want it or cannot have it. */
function shareAll(pmi: Pmi, cards: readonly Card[], { rank, ranks, memory, bells }: Locals): SharedHost | undefined {
  const leader = ranks[0]
  const without = ranks.find((peer) => cards[peer].bells === undefined)
  let why = without === undefined ? '' : `rank ${without}: ${cards[without].reason}`
  // The cards of a host are the same for all its ranks, so all of them go the same way.
  if (without === undefined && memory && bells) {
    const own = ranks.map((peer) => cards[peer])
    const shared = shareHost({ pmi, memory, cards: own, leader, localRank: ranks.indexOf(rank), bells })
    if (typeof shared !== 'string') return shared
    why = `rank ${rank}: ${shared}`
  } else if (ranks.length < cards.length) abstain(pmi)
  const forced = ranks.find((peer) => cards[peer].transport === 'shm')
  if (forced !== undefined) throw new TransportError(`${ENV.TRANSPORT}=shm of rank ${forced} is not possible; ${why}`)
  const chosen = ranks.some((peer) => cards[peer].transport === 'zmq')
  if (rank === leader && !chosen) process.stderr.write(`tsmpi: messages go over ZeroMQ, not shared memory; ${why}\n`)
  return undefined
}
