// Which algorithm is fastest up to which size and length: data, for shared memory on few cores.
//
// The first row of a collective that fits the call, and whose algorithm may run it, decides; see select.ts. `maxBytes`
// counts the vector for bcast, reduce and allreduce, and one block for scatter, gather, allgather and alltoall; but with
// 'shm' all that a rank publishes.
import type { CollectiveName } from './schedule.js'

export interface SwitchPoint {
  readonly collective: CollectiveName
  readonly algorithm: string
  readonly maxSize?: number
  readonly maxBytes?: number
  /** Only where ranks share cores: messages in all count then, not those on the longest path. */
  readonly crowded?: boolean
  /** Only where the size is a power of two. */
  readonly powerOfTwo?: boolean
}

const KIB = 1024

export const SWITCH_POINTS: readonly SwitchPoint[] = [
  { collective: 'barrier', maxSize: 32, algorithm: 'shm' },
  { collective: 'barrier', crowded: true, algorithm: 'tree' },
  { collective: 'barrier', algorithm: 'dissemination' },

  { collective: 'bcast', maxSize: 32, maxBytes: 32 * KIB, algorithm: 'shm' },
  { collective: 'bcast', maxSize: 2, algorithm: 'binomial' },
  { collective: 'bcast', maxBytes: 64 * KIB, algorithm: 'binomial' },
  { collective: 'bcast', crowded: true, algorithm: 'chain' },
  { collective: 'bcast', maxBytes: 1024 * KIB, algorithm: 'scatter-allgather' },
  { collective: 'bcast', algorithm: 'chain' },

  { collective: 'scatter', maxSize: 32, maxBytes: 32 * KIB, algorithm: 'shm' },
  { collective: 'scatter', maxSize: 8, algorithm: 'linear' },
  { collective: 'scatter', maxBytes: 2 * KIB, algorithm: 'binomial' },
  { collective: 'scatter', algorithm: 'linear' },

  { collective: 'gather', maxSize: 32, maxBytes: 32 * KIB, algorithm: 'shm' },
  { collective: 'gather', maxSize: 8, algorithm: 'linear' },
  { collective: 'gather', maxBytes: 2 * KIB, algorithm: 'binomial' },
  { collective: 'gather', algorithm: 'linear' },

  { collective: 'allgather', maxSize: 32, maxBytes: 32 * KIB, algorithm: 'shm' },
  { collective: 'allgather', maxBytes: 32 * KIB, powerOfTwo: true, algorithm: 'recursive-doubling' },
  { collective: 'allgather', maxBytes: 8 * KIB, algorithm: 'bruck' },
  { collective: 'allgather', algorithm: 'ring' },

  { collective: 'alltoall', maxSize: 32, maxBytes: 32 * KIB, algorithm: 'shm' },
  { collective: 'alltoall', maxSize: 16, maxBytes: 4 * KIB, algorithm: 'linear' },
  { collective: 'alltoall', maxBytes: 1 * KIB, algorithm: 'bruck' },
  { collective: 'alltoall', algorithm: 'pairwise' },

  { collective: 'reduce', maxSize: 32, maxBytes: 32 * KIB, algorithm: 'shm' },
  { collective: 'reduce', maxBytes: 16 * KIB, algorithm: 'binomial' },
  { collective: 'reduce', crowded: true, maxBytes: 64 * KIB, algorithm: 'binomial' },
  { collective: 'reduce', algorithm: 'rabenseifner' },

  { collective: 'allreduce', maxSize: 32, maxBytes: 32 * KIB, algorithm: 'shm' },
  { collective: 'allreduce', maxBytes: 8 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', powerOfTwo: true, algorithm: 'rabenseifner' },
  { collective: 'allreduce', maxSize: 7, algorithm: 'ring' },
  { collective: 'allreduce', maxBytes: 256 * KIB, algorithm: 'rabenseifner' },
  { collective: 'allreduce', algorithm: 'ring' },
]
