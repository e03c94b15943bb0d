// A rank that a launcher of MPI programs started: mpiexec of Hydra, srun --mpi=pmi2. Who it is, from the environment;
// who the others are, from the launcher's key-value space, for which all ranks wait here as in MPI_Init.
import { availableParallelism, hostname } from 'node:os'
import { DEFAULT_EAGER_LIMIT, ENV, envInteger } from '../env.js'
import type { TransportChoice } from '../env.js'
import { ArgumentError, StateError, TransportError } from '../errors.js'
import { nativeMemory, whyNotNative } from '../../native/load.js'
import type { NativeMemory } from '../../native/load.js'
import type { Job } from './job.js'
import { getCards, newJob, putCard, whereAmI } from './pmi-cards.js'
import type { Card } from './pmi-cards.js'
import { PmiControl, abortJob } from './pmi-control.js'
import { describe, makeBells, shareHost } from './pmi-shared.js'
import type { OwnBells, SharedHost } from './pmi-shared.js'
import type { Pmi } from './pmi-wire.js'
import { openPmi } from './pmi.js'
import { Roster } from './roster.js'

/** What makes a process a rank of such a launcher. */
export const PMI_ROLE = [
  'PMI_FD', 'PMI_RANK', 'PMI_SIZE', 'PMI_ID', 'PMI_PORT', 'PMI_JOBID', 'PMI_SPAWNED', 'HYDI_CONTROL_FD',
  'SLURM_PROCID', 'PMIX_RANK',
] as const

/** Whether the environment says so. */
export const isPmiRank = (env: NodeJS.ProcessEnv): boolean => env['PMI_FD'] !== undefined && env['PMI_RANK'] !== undefined

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
  const { rank, size } = own
  const { memory, bells, why } = prepareMemory(own.transport)
  putCard(pmi, rank, {
    ...whereAmI(),
    pid: process.pid,
    transport: own.transport,
    ...(bells && { bells: [describe(bells.doorbell[1]), describe(bells.news[1])] }),
    ...(why !== undefined && { reason: why }),
    ...(rank === 0 && { job: newJob() }),
  })
  pmi.fence('the other ranks to import tsmpi')
  const cards = getCards(pmi, size)
  const refusal = severalHosts(cards)
  // All ranks know it; one says it, and ends the job, while the others wait.
  if (refusal !== undefined && rank > 0) pmi.fence('rank 0 to end the job')
  if (refusal !== undefined) throw new TransportError(refusal)
  const { id, secret } = cards[0].job!
  const hosts = cards.map(({ host }) => host)
  const options = { pmi, rank, secret, hosts }
  const shared = shareAll(pmi, cards, rank, memory, bells)
  if (shared === undefined || memory === undefined) return { ...own, hosts, id, control: new PmiControl(options) }
  const { segment, doorbells, news, roster } = shared
  const control = new Roster({ ...options, memory, roster, news, pids: cards.map(({ pid }) => pid) })
  return { ...own, hosts, id, control, segment: { fd: segment, doorbells } }
}

/** What this rank brings to share memory with others, or why it cannot. */
function prepareMemory(transport: TransportChoice): { memory?: NativeMemory; bells?: OwnBells; why?: string } {
  if (transport === 'zmq') return { why: `${ENV.TRANSPORT}=zmq` }
  const memory = nativeMemory()
  if (memory === undefined) return { why: `the native addon is not there: ${whyNotNative()}` }
  return { memory, bells: makeBells(memory) }
}

/**
 * Why a job on several hosts is refused, if this is one. Here a rank would take the endpoints of ranks on other hosts, which
 * they put into the key-value space beside their cards.
 */
function severalHosts(cards: readonly Card[]): string | undefined {
  const ranks = new Map<string, { host: string; ranks: number[] }>()
  cards.forEach(({ host, place }, rank) => {
    if (!ranks.has(place)) ranks.set(place, { host, ranks: [] })
    ranks.get(place)!.ranks.push(rank)
  })
  if (ranks.size === 1) return undefined
  const list = [...ranks.values()].slice(0, 8).map(({ host, ranks }) => `${host}: rank ${ranks.slice(0, 8).join(', ')}${ranks.length > 8 ? ' …' : ''}`)
  return (
    `the ranks of this job are on ${ranks.size} hosts (${list.join('; ')}${ranks.size > 8 ? '; …' : ''}), which tsmpi does not ` +
    'do under mpiexec and srun: start the job by tsmpirun, or on one host'
  )
}

/** Shared memory among all ranks; undefined where one of them does not want it or cannot have it. */
function shareAll(
  pmi: Pmi, cards: readonly Card[], rank: number, memory: NativeMemory | undefined, bells: OwnBells | undefined,
): SharedHost | undefined {
  const without = cards.findIndex((card) => card.bells === undefined)
  let why = `rank ${without}: ${cards[without]?.reason}`
  // All cards are the same everywhere, so all ranks go the same way.
  if (without < 0 && memory && bells) {
    const shared = shareHost({ pmi, memory, cards, leader: 0, localRank: rank, bells })
    if (typeof shared !== 'string') return shared
    why = `rank ${rank}: ${shared}`
  }
  const forced = cards.findIndex(({ transport }) => transport === 'shm')
  if (forced >= 0) throw new TransportError(`${ENV.TRANSPORT}=shm of rank ${forced} is not possible; ${why}`)
  const chosen = cards.some(({ transport }) => transport === 'zmq')
  if (rank === 0 && !chosen) process.stderr.write(`tsmpi: messages go over ZeroMQ, not shared memory; ${why}\n`)
  return undefined
}
