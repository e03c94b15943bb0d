// A process that nobody launched: a world of one.
import { availableParallelism, hostname } from 'node:os'
import { DEFAULT_EAGER_LIMIT, ENV, envInteger } from '../env.js'
import type { TransportChoice } from '../env.js'
import type { Job } from './job.js'

interface Foreign {
  readonly launcher: string
  readonly size: string
  readonly rank: string
  readonly why: string
  /** Where the variables alone do not say that it started this process as one of several. */
  readonly started?: (env: NodeJS.ProcessEnv) => boolean
}

/** A launcher that is not ours, by the variables it sets: how many processes it started, and which this is. */
const FOREIGN: readonly Foreign[] = [
  { launcher: 'Open MPI', size: 'OMPI_COMM_WORLD_SIZE', rank: 'OMPI_COMM_WORLD_RANK', why: 'It speaks PMIx only' },
  { launcher: 'Hydra (MPICH, Intel MPI)', size: 'PMI_SIZE', rank: 'PMI_RANK', why: 'It passes no descriptor (PMI_FD)' },
  { launcher: 'Slurm', size: 'SLURM_NTASKS', rank: 'SLURM_PROCID', why: '`srun --mpi=pmi2` makes ranks of them', started: inStep },
  { launcher: 'PMIx', size: 'PMIX_SIZE', rank: 'PMIX_RANK', why: 'tsmpi speaks PMI-1 and PMI-2' },
]

/** Slurm's own steps, for the script of a job and the shell of an allocation, have larger numbers. */
const MOST_STEPS = 0xfffffff0

/** The script of sbatch has the variables of a task, as if it were the first of all, but is in no step of srun's. */
function inStep(env: NodeJS.ProcessEnv): boolean {
  const step = env['SLURM_STEP_ID'] ?? env['SLURM_STEPID'] ?? ''
  return /^\d+$/.test(step) && Number(step) < MOST_STEPS
}

/** The world of one. Says so once a job where a foreign launcher meant it to be larger. */
export function singleton(): Job {
  const warning = foreignLauncher(process.env)
  if (warning !== undefined) process.stderr.write(`tsmpi: ${warning}\n`)
  return {
    rank: 0,
    size: 1,
    hosts: [hostname()],
    processors: availableParallelism(),
    id: `${process.pid}`,
    transport: (process.env[ENV.TRANSPORT] || 'auto') as TransportChoice,
    eagerLimit: envInteger(ENV.EAGER_LIMIT, DEFAULT_EAGER_LIMIT),
  }
}

/** What to say of a foreign launcher, if this process is the first of several that it started. */
export function foreignLauncher(env: NodeJS.ProcessEnv): string | undefined {
  for (const { launcher, size, rank, why, started } of FOREIGN) {
    const count = env[size]
    if (env[rank] === undefined || count === '1' || started?.(env) === false) continue
    if (env[rank] !== '0') return undefined
    return (
      `this process was started by ${launcher}${count === undefined ? '' : ` as one of ${count}`}, which tsmpi does ` +
      `not know how to join: each process is a world of its own, of size 1. ${why}. Start it with ` +
      `\`npx tsmpirun -n ${count ?? 'N'} program.js\` or MPICH's \`mpiexec.hydra\`.`
    )
  }
  return undefined
}
