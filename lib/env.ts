// The TSMPI_* contract between launcher and rank, in one place: variable names, descriptor numbers, defaults.

/** Which transports a job may use. `auto`: shared memory where the addon loads, else ZeroMQ. */
export type TransportChoice = 'auto' | 'shm' | 'zmq'

/**
 * Variables the launcher sets for each rank. A user may set `EAGER_LIMIT`, `TRANSPORT`, `NO_ADDON`, `ALGORITHM`,
 * `SWITCH_POINTS` and `INTERFACE` too.
 */
export const ENV = {
  RANK: 'TSMPI_RANK',
  SIZE: 'TSMPI_SIZE',
  LOCAL_RANK: 'TSMPI_LOCAL_RANK',
  LOCAL_SIZE: 'TSMPI_LOCAL_SIZE',
  /** The host of each rank, see wire/hosts. */
  HOSTS: 'TSMPI_HOSTS',
  /** How many processors the ranks of this host share, whatever each is bound to. */
  PROCESSORS: 'TSMPI_PROCESSORS',
  /** Ranks a processor on the fullest host, where the job has several: a decimal number, the same for all ranks. */
  RANKS_PER_CORE: 'TSMPI_RANKS_PER_CORE',
  /** Where the job has several hosts: the address of this one at which the rank listens. */
  ADDRESS: 'TSMPI_ADDRESS',
  /** Where the job has several hosts: `--heartbeat`, in seconds. */
  HEARTBEAT: 'TSMPI_HEARTBEAT',
  /** Under other launchers, where the job has several hosts: the interface, address or network of this host to listen at. */
  INTERFACE: 'TSMPI_INTERFACE',
  /** A random name of the job, not a secret. */
  JOB: 'TSMPI_JOB',
  /** Which of the programs of an MPMD command line this rank runs, from 0. */
  APP: 'TSMPI_APP',
  TRANSPORT: 'TSMPI_TRANSPORT',
  EAGER_LIMIT: 'TSMPI_EAGER_LIMIT',
  /** Descriptor of the socket to the agent. */
  CONTROL_FD: 'TSMPI_CONTROL_FD',
  /** The same descriptor, for lib/bootstrap/report, which takes it before any other code of the rank runs. */
  REPORT_FD: 'TSMPI_REPORT_FD',
  /** Descriptor of the host's shared-memory segment; absent when the job does not use shared memory. */
  SEGMENT_FD: 'TSMPI_SEGMENT_FD',
  /** Descriptor of local rank 0's doorbell; the others follow in local-rank order. */
  DOORBELL_FD: 'TSMPI_DOORBELL_FD',
  /** Any non-empty value: do not load the native addon. */
  NO_ADDON: 'TSMPI_NO_ADDON',
  /** Which Monte-Carlo kernel to use, see montecarlo/. */
  KERNEL: 'TSMPI_KERNEL',
  /** Forces collective algorithms: `allreduce=ring,bcast=chain`. */
  ALGORITHM: 'TSMPI_ALGORITHM',
  /** For tsmpirun the file of the user's own switch points, which it reads; for ranks what was in it. */
  SWITCH_POINTS: 'TSMPI_SWITCH_POINTS',
  /** For tsmpirun: the command that starts agents on other hosts, instead of ssh. */
  RSH: 'TSMPI_RSH',
  /** `1` where the launcher's standard error is a terminal: a progress line makes sense. */
  TTY: 'TSMPI_TTY',
} as const

/** What makes a process a rank. Taken out of a rank's environment once read, so that its children are not ranks. */
export const ROLE = [ENV.RANK, ENV.CONTROL_FD, ENV.REPORT_FD, ENV.SEGMENT_FD, ENV.DOORBELL_FD, ENV.ADDRESS] as const

/** The same of a launcher that speaks PMI. */
export const PMI_ROLE = [
  'PMI_FD', 'PMI_RANK', 'PMI_SIZE', 'PMI_ID', 'PMI_PORT', 'PMI_JOBID', 'PMI_SPAWNED', 'HYDI_CONTROL_FD',
  'SLURM_PROCID', 'PMIX_RANK',
] as const

/** Bytes up to which a message is sent without asking, unless `--eager-limit` says otherwise. */
export const DEFAULT_EAGER_LIMIT = 16384

/** An integer from the environment, or `fallback` where the variable is absent, empty or not a non-negative integer. */
export function envInteger(name: string, fallback: number, env: NodeJS.ProcessEnv = process.env): number {
  const text = env[name]
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : fallback
}
