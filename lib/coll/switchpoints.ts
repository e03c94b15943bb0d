// Which algorithm is fastest up to which size and length: data, written by `npm run tune`.
import type { MeasuredOn, SwitchPoint } from './table.js'

/** Undefined: estimated for shared memory on few cores. */
export const MEASURED_ON: MeasuredOn | undefined = undefined

const KIB = 1024

export const SWITCH_POINTS: readonly SwitchPoint[] = [
  { collective: 'barrier', maxSize: 32, algorithm: 'shm' },
  { collective: 'barrier', crowded: true, algorithm: 'tree' },
  { collective: 'barrier', algorithm: 'dissemination' },

  { collective: 'bcast', maxSize: 2, maxBytes: 32 * KIB, algorithm: 'shm' },
  { collective: 'bcast', maxSize: 32, algorithm: 'shm' },
  { collective: 'bcast', maxSize: 2, algorithm: 'binomial' },
  { collective: 'bcast', maxBytes: 64 * KIB, algorithm: 'binomial' },
  { collective: 'bcast', crowded: true, algorithm: 'chain' },
  { collective: 'bcast', maxBytes: 1024 * KIB, algorithm: 'scatter-allgather' },
  { collective: 'bcast', algorithm: 'chain' },
  { collective: 'bcast', algorithm: 'binomial' },

  { collective: 'scatter', maxSize: 32, algorithm: 'shm' },
  { collective: 'scatter', maxSize: 8, algorithm: 'linear' },
  { collective: 'scatter', maxBytes: 2 * KIB, algorithm: 'binomial' },
  { collective: 'scatter', algorithm: 'linear' },

  { collective: 'gather', maxSize: 32, algorithm: 'shm' },
  { collective: 'gather', maxSize: 8, algorithm: 'linear' },
  { collective: 'gather', maxBytes: 2 * KIB, algorithm: 'binomial' },
  { collective: 'gather', algorithm: 'linear' },

  { collective: 'allgather', maxSize: 32, algorithm: 'shm' },
  { collective: 'allgather', maxBytes: 32 * KIB, powerOfTwo: true, algorithm: 'recursive-doubling' },
  { collective: 'allgather', maxBytes: 8 * KIB, algorithm: 'bruck' },
  { collective: 'allgather', algorithm: 'ring' },

  { collective: 'alltoall', maxSize: 32, algorithm: 'shm' },
  { collective: 'alltoall', maxSize: 16, maxBytes: 4 * KIB, algorithm: 'linear' },
  { collective: 'alltoall', maxBytes: 1 * KIB, algorithm: 'bruck' },
  { collective: 'alltoall', algorithm: 'pairwise' },

  { collective: 'reduce', maxSize: 32, algorithm: 'shm' },
  { collective: 'reduce', maxBytes: 16 * KIB, algorithm: 'binomial' },
  { collective: 'reduce', crowded: true, maxBytes: 64 * KIB, algorithm: 'binomial' },
  { collective: 'reduce', algorithm: 'rabenseifner' },
  { collective: 'reduce', algorithm: 'binomial' },

  { collective: 'allreduce', maxSize: 32, algorithm: 'shm' },
  { collective: 'allreduce', maxBytes: 8 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', powerOfTwo: true, algorithm: 'rabenseifner' },
  { collective: 'allreduce', maxSize: 7, algorithm: 'ring' },
  { collective: 'allreduce', maxBytes: 256 * KIB, algorithm: 'rabenseifner' },
  { collective: 'allreduce', algorithm: 'ring' },
  { collective: 'allreduce', algorithm: 'rabenseifner' },
  { collective: 'allreduce', algorithm: 'recursive-doubling' },
]
