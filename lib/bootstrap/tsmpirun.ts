// A rank that tsmpirun started: who it is, from the environment and the socket to its agent.
import { fstatSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { DEFAULT_EAGER_LIMIT, ENV, PMI_ROLE, ROLE, envInteger } from '../env.js'
import type { TransportChoice } from '../env.js'
import { StateError } from '../errors.js'
import { decodeHosts } from '../wire/hosts.js'
import { nativeMemory } from '../../native/load.js'
import { AgentSocket } from './control.js'
import type { Job } from './job.js'
import './report.cjs'

/** The rank that the environment describes. Takes the role out of the environment: children are not ranks. */
export function launched(): Job {
  const { env } = process
  const rank = envInteger(ENV.RANK, -1)
  const size = envInteger(ENV.SIZE, 0)
  const controlFd = envInteger(ENV.CONTROL_FD, -1)
  const address = env[ENV.ADDRESS]
  const segmentFd = envInteger(ENV.SEGMENT_FD, -1)
  const firstDoorbell = envInteger(ENV.DOORBELL_FD, -1)
  if (rank < 0 || rank >= size || !isSocket(controlFd)) {
    throw new StateError(
      `${ENV.RANK}=${env[ENV.RANK]} says that this process is a rank, but descriptor ${controlFd} is not its socket ` +
        `to tsmpirun: something between tsmpirun and this process closed it. To run it on its own, unset ${ENV.RANK}.`,
    )
  }
  // tsmpirun itself may have been started by another launcher.
  for (const name of [...ROLE, ...PMI_ROLE]) delete env[name]

  const memory = nativeMemory()
  const doorbells = Array.from({ length: envInteger(ENV.LOCAL_SIZE, size) }, (_, index) => firstDoorbell + index)
  const segment = segmentFd >= 0 ? { fd: segmentFd, doorbells } : undefined
  for (const fd of [controlFd, ...(segment ? [segment.fd, ...doorbells] : [])]) memory?.closeOnExec(fd)
  memory?.dieWith(controlFd)
  const control = new AgentSocket(controlFd, dieWithGroup)
  control.send({ type: 'hello', pid: process.pid })
  return {
    rank,
    size,
    hosts: decodeHosts(env[ENV.HOSTS] ?? '', size),
    processors: envInteger(ENV.PROCESSORS, 0) || availableParallelism(),
    ...positive('ranksPerCore', env[ENV.RANKS_PER_CORE]),
    id: env[ENV.JOB] ?? '',
    transport: (env[ENV.TRANSPORT] ?? 'auto') as TransportChoice,
    eagerLimit: envInteger(ENV.EAGER_LIMIT, DEFAULT_EAGER_LIMIT),
    control,
    ...(segment && { segment }),
    ...(address && { address, ...positive('heartbeat', env[ENV.HEARTBEAT]) }),
  }
}

function positive(name: 'ranksPerCore' | 'heartbeat', text = ''): Pick<Job, typeof name> {
  return Number(text) > 0 ? { [name]: Number(text) } : {}
}

/** The agent is gone, so nothing of this rank may stay: the whole group, which the agent made for it. */
function dieWithGroup(): void {
  process.kill(0, 'SIGKILL')
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket()
  } catch {
    return false
  }
}
