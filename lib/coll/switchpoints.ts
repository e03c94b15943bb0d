// Which algorithm is fastest up to which size and length: data, written by `npm run tune`.
import type { MeasuredOn, SwitchPoint } from './table.js'

/** Undefined where the table was estimated. */
export const MEASURED_ON: MeasuredOn | undefined = {
  cpu: 'Intel(R) Xeon(R) Processor',
  cores: 2,
  node: 'v20.20.2',
  date: '2026-11-21',
  ranks: [2, 3, 4, 6, 8, 16],
}

const KIB = 1024

export const SWITCH_POINTS: readonly SwitchPoint[] = [
  // barrier, measured: 3, 4, 6, 8, 16 ranks sharing cores
  { collective: 'barrier', crowded: true, maxSize: 22, algorithm: 'shm' },
  { collective: 'barrier', crowded: true, maxSize: 22, algorithm: 'tree' },

  // barrier, as before: ranks that share cores
  { collective: 'barrier', crowded: true, maxSize: 32, algorithm: 'shm' },
  { collective: 'barrier', crowded: true, algorithm: 'tree' },

  // barrier, measured: 2 ranks with a core each
  { collective: 'barrier', maxSize: 2, algorithm: 'shm' },
  { collective: 'barrier', maxSize: 2, algorithm: 'dissemination' },

  // barrier, as before
  { collective: 'barrier', maxSize: 32, algorithm: 'shm' },
  { collective: 'barrier', algorithm: 'dissemination' },

  // bcast, measured: 3 ranks sharing cores
  { collective: 'bcast', crowded: true, maxSize: 3, maxBytes: 128 * KIB, algorithm: 'shm' },
  { collective: 'bcast', crowded: true, maxSize: 3, algorithm: 'binomial' },

  // bcast, measured: 4, 6 ranks sharing cores
  { collective: 'bcast', crowded: true, maxSize: 6, maxBytes: 2048 * KIB, algorithm: 'shm' },
  { collective: 'bcast', crowded: true, maxSize: 6, algorithm: 'binomial' },

  // bcast, measured: 8, 16 ranks sharing cores
  { collective: 'bcast', crowded: true, maxSize: 22, algorithm: 'shm' },
  { collective: 'bcast', crowded: true, maxSize: 22, algorithm: 'binomial' },

  // bcast, as before: ranks that share cores
  { collective: 'bcast', crowded: true, maxSize: 32, algorithm: 'shm' },
  { collective: 'bcast', crowded: true, maxBytes: 64 * KIB, algorithm: 'binomial' },
  { collective: 'bcast', crowded: true, algorithm: 'chain' },
  { collective: 'bcast', crowded: true, maxBytes: 1024 * KIB, algorithm: 'scatter-allgather' },
  { collective: 'bcast', crowded: true, algorithm: 'binomial' },

  // bcast, measured: 2 ranks with a core each
  { collective: 'bcast', maxSize: 2, maxBytes: 128 * KIB, algorithm: 'shm' },
  { collective: 'bcast', maxSize: 2, maxBytes: 32 * KIB, algorithm: 'binomial' },
  { collective: 'bcast', maxSize: 2, maxBytes: 128 * KIB, algorithm: 'chain' },
  { collective: 'bcast', maxSize: 2, algorithm: 'binomial' },

  // bcast, as before
  { collective: 'bcast', maxSize: 32, algorithm: 'shm' },
  { collective: 'bcast', maxBytes: 64 * KIB, algorithm: 'binomial' },
  { collective: 'bcast', maxBytes: 1024 * KIB, algorithm: 'scatter-allgather' },
  { collective: 'bcast', algorithm: 'chain' },
  { collective: 'bcast', algorithm: 'binomial' },

  // scatter, measured: 3, 4, 6, 8, 16 ranks sharing cores
  { collective: 'scatter', crowded: true, maxSize: 22, algorithm: 'shm' },
  { collective: 'scatter', crowded: true, maxSize: 22, algorithm: 'linear' },

  // scatter, as before: ranks that share cores
  { collective: 'scatter', crowded: true, maxSize: 32, algorithm: 'shm' },
  { collective: 'scatter', crowded: true, maxBytes: 2 * KIB, algorithm: 'binomial' },
  { collective: 'scatter', crowded: true, algorithm: 'linear' },

  // scatter, measured: 2 ranks with a core each
  { collective: 'scatter', maxSize: 2, maxBytes: 4096 * KIB, algorithm: 'shm' },
  { collective: 'scatter', maxSize: 2, algorithm: 'linear' },

  // scatter, as before
  { collective: 'scatter', maxSize: 32, algorithm: 'shm' },
  { collective: 'scatter', maxSize: 8, algorithm: 'linear' },
  { collective: 'scatter', maxBytes: 2 * KIB, algorithm: 'binomial' },
  { collective: 'scatter', algorithm: 'linear' },

  // gather, measured: 3 ranks sharing cores
  { collective: 'gather', crowded: true, maxSize: 3, algorithm: 'shm' },
  { collective: 'gather', crowded: true, maxSize: 3, algorithm: 'binomial' },

  // gather, measured: 4, 6, 8, 16 ranks sharing cores
  { collective: 'gather', crowded: true, maxSize: 22, algorithm: 'shm' },
  { collective: 'gather', crowded: true, maxSize: 22, algorithm: 'linear' },

  // gather, as before: ranks that share cores
  { collective: 'gather', crowded: true, maxSize: 32, algorithm: 'shm' },
  { collective: 'gather', crowded: true, maxBytes: 2 * KIB, algorithm: 'binomial' },
  { collective: 'gather', crowded: true, algorithm: 'linear' },

  // gather, measured: 2 ranks with a core each
  { collective: 'gather', maxSize: 2, algorithm: 'shm' },
  { collective: 'gather', maxSize: 2, algorithm: 'linear' },

  // gather, as before
  { collective: 'gather', maxSize: 32, algorithm: 'shm' },
  { collective: 'gather', maxSize: 8, algorithm: 'linear' },
  { collective: 'gather', maxBytes: 2 * KIB, algorithm: 'binomial' },
  { collective: 'gather', algorithm: 'linear' },

  // allgather, measured: 3 ranks sharing cores
  { collective: 'allgather', crowded: true, maxSize: 3, maxBytes: 128 * KIB, algorithm: 'shm' },
  { collective: 'allgather', crowded: true, maxSize: 3, maxBytes: 8, algorithm: 'bruck' },
  { collective: 'allgather', crowded: true, maxSize: 3, maxBytes: 32, algorithm: 'ring' },
  { collective: 'allgather', crowded: true, maxSize: 3, maxBytes: 128 * KIB, algorithm: 'bruck' },
  { collective: 'allgather', crowded: true, maxSize: 3, algorithm: 'ring' },

  // allgather, measured: 4 ranks sharing cores
  { collective: 'allgather', crowded: true, maxSize: 4, maxBytes: 512 * KIB, algorithm: 'shm' },
  { collective: 'allgather', crowded: true, maxSize: 4, algorithm: 'recursive-doubling' },
  { collective: 'allgather', crowded: true, maxSize: 4, algorithm: 'bruck' },

  // allgather, measured: 6 ranks sharing cores
  { collective: 'allgather', crowded: true, maxSize: 6, algorithm: 'shm' },
  { collective: 'allgather', crowded: true, maxSize: 6, maxBytes: 8 * KIB, algorithm: 'bruck' },
  { collective: 'allgather', crowded: true, maxSize: 6, maxBytes: 128 * KIB, algorithm: 'ring' },
  { collective: 'allgather', crowded: true, maxSize: 6, algorithm: 'bruck' },

  // allgather, measured: 8 ranks sharing cores
  { collective: 'allgather', crowded: true, maxSize: 11, algorithm: 'shm' },
  { collective: 'allgather', crowded: true, maxSize: 11, algorithm: 'recursive-doubling' },
  { collective: 'allgather', crowded: true, maxSize: 11, algorithm: 'bruck' },

  // allgather, measured: 16 ranks sharing cores
  { collective: 'allgather', crowded: true, maxSize: 22, maxBytes: 128 * KIB, algorithm: 'shm' },
  { collective: 'allgather', crowded: true, maxSize: 22, maxBytes: 2 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allgather', crowded: true, maxSize: 22, maxBytes: 2 * KIB, algorithm: 'bruck' },
  { collective: 'allgather', crowded: true, maxSize: 22, maxBytes: 8 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allgather', crowded: true, maxSize: 22, maxBytes: 8 * KIB, algorithm: 'ring' },
  { collective: 'allgather', crowded: true, maxSize: 22, algorithm: 'bruck' },

  // allgather, measured: 2 ranks with a core each
  { collective: 'allgather', maxSize: 2, maxBytes: 2048 * KIB, algorithm: 'shm' },
  { collective: 'allgather', maxSize: 2, algorithm: 'ring' },

  // allgather, as before
  { collective: 'allgather', maxSize: 32, algorithm: 'shm' },
  { collective: 'allgather', maxBytes: 32 * KIB, powerOfTwo: true, algorithm: 'recursive-doubling' },
  { collective: 'allgather', maxBytes: 8 * KIB, algorithm: 'bruck' },
  { collective: 'allgather', algorithm: 'ring' },

  // alltoall, measured: 3 ranks sharing cores
  { collective: 'alltoall', crowded: true, maxSize: 3, maxBytes: 1024 * KIB, algorithm: 'shm' },
  { collective: 'alltoall', crowded: true, maxSize: 3, maxBytes: 512, algorithm: 'pairwise' },
  { collective: 'alltoall', crowded: true, maxSize: 3, algorithm: 'linear' },

  // alltoall, measured: 4 ranks sharing cores
  { collective: 'alltoall', crowded: true, maxSize: 4, maxBytes: 512 * KIB, algorithm: 'shm' },
  { collective: 'alltoall', crowded: true, maxSize: 4, algorithm: 'linear' },

  // alltoall, measured: 6 ranks sharing cores
  { collective: 'alltoall', crowded: true, maxSize: 6, maxBytes: 128 * KIB, algorithm: 'shm' },
  { collective: 'alltoall', crowded: true, maxSize: 6, algorithm: 'linear' },

  // alltoall, measured: 8 ranks sharing cores
  { collective: 'alltoall', crowded: true, maxSize: 11, maxBytes: 1024 * KIB, algorithm: 'shm' },
  { collective: 'alltoall', crowded: true, maxSize: 11, algorithm: 'linear' },

  // alltoall, measured: 16 ranks sharing cores
  { collective: 'alltoall', crowded: true, maxSize: 22, algorithm: 'shm' },
  { collective: 'alltoall', crowded: true, maxSize: 22, algorithm: 'linear' },

  // alltoall, as before: ranks that share cores
  { collective: 'alltoall', crowded: true, maxSize: 32, algorithm: 'shm' },
  { collective: 'alltoall', crowded: true, maxBytes: 1 * KIB, algorithm: 'bruck' },
  { collective: 'alltoall', crowded: true, algorithm: 'pairwise' },

  // alltoall, measured: 2 ranks with a core each
  { collective: 'alltoall', maxSize: 2, maxBytes: 4096 * KIB, algorithm: 'shm' },
  { collective: 'alltoall', maxSize: 2, algorithm: 'pairwise' },

  // alltoall, as before
  { collective: 'alltoall', maxSize: 32, algorithm: 'shm' },
  { collective: 'alltoall', maxSize: 16, maxBytes: 4 * KIB, algorithm: 'linear' },
  { collective: 'alltoall', maxBytes: 1 * KIB, algorithm: 'bruck' },
  { collective: 'alltoall', algorithm: 'pairwise' },

  // reduce, measured: 3 ranks sharing cores
  { collective: 'reduce', crowded: true, maxSize: 3, algorithm: 'shm' },
  { collective: 'reduce', crowded: true, maxSize: 3, maxBytes: 8 * KIB, algorithm: 'linear' },
  { collective: 'reduce', crowded: true, maxSize: 3, maxBytes: 128 * KIB, algorithm: 'binomial' },
  { collective: 'reduce', crowded: true, maxSize: 3, algorithm: 'linear' },

  // reduce, measured: 4, 6 ranks sharing cores
  { collective: 'reduce', crowded: true, maxSize: 6, algorithm: 'shm' },
  { collective: 'reduce', crowded: true, maxSize: 6, maxBytes: 32 * KIB, algorithm: 'linear' },
  { collective: 'reduce', crowded: true, maxSize: 6, algorithm: 'binomial' },

  // reduce, measured: 8 ranks sharing cores
  { collective: 'reduce', crowded: true, maxSize: 11, algorithm: 'shm' },
  { collective: 'reduce', crowded: true, maxSize: 11, algorithm: 'linear' },

  // reduce, measured: 16 ranks sharing cores
  { collective: 'reduce', crowded: true, maxSize: 22, algorithm: 'shm' },
  { collective: 'reduce', crowded: true, maxSize: 22, maxBytes: 8 * KIB, algorithm: 'linear' },
  { collective: 'reduce', crowded: true, maxSize: 22, algorithm: 'binomial' },

  // reduce, as before: ranks that share cores
  { collective: 'reduce', crowded: true, maxSize: 32, algorithm: 'shm' },
  { collective: 'reduce', crowded: true, maxBytes: 64 * KIB, algorithm: 'binomial' },
  { collective: 'reduce', crowded: true, algorithm: 'rabenseifner' },
  { collective: 'reduce', crowded: true, algorithm: 'binomial' },

  // reduce, measured: 2 ranks with a core each
  { collective: 'reduce', maxSize: 2, algorithm: 'shm' },
  { collective: 'reduce', maxSize: 2, algorithm: 'binomial' },

  // reduce, as before
  { collective: 'reduce', maxSize: 32, algorithm: 'shm' },
  { collective: 'reduce', maxBytes: 16 * KIB, algorithm: 'binomial' },
  { collective: 'reduce', algorithm: 'rabenseifner' },
  { collective: 'reduce', algorithm: 'binomial' },

  // allreduce, measured: 3 ranks sharing cores
  { collective: 'allreduce', crowded: true, maxSize: 3, algorithm: 'shm' },
  { collective: 'allreduce', crowded: true, maxSize: 3, maxBytes: 512 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', crowded: true, maxSize: 3, maxBytes: 2048 * KIB, algorithm: 'rabenseifner' },
  { collective: 'allreduce', crowded: true, maxSize: 3, algorithm: 'recursive-doubling' },

  // allreduce, measured: 4 ranks sharing cores
  { collective: 'allreduce', crowded: true, maxSize: 4, algorithm: 'shm' },
  { collective: 'allreduce', crowded: true, maxSize: 4, maxBytes: 8 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', crowded: true, maxSize: 4, maxBytes: 32 * KIB, algorithm: 'rabenseifner' },
  { collective: 'allreduce', crowded: true, maxSize: 4, maxBytes: 128 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', crowded: true, maxSize: 4, algorithm: 'rabenseifner' },
  { collective: 'allreduce', crowded: true, maxSize: 4, algorithm: 'recursive-doubling' },

  // allreduce, measured: 6 ranks sharing cores
  { collective: 'allreduce', crowded: true, maxSize: 6, algorithm: 'shm' },
  { collective: 'allreduce', crowded: true, maxSize: 6, maxBytes: 128 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', crowded: true, maxSize: 6, algorithm: 'rabenseifner' },
  { collective: 'allreduce', crowded: true, maxSize: 6, algorithm: 'recursive-doubling' },

  // allreduce, measured: 8, 16 ranks sharing cores
  { collective: 'allreduce', crowded: true, maxSize: 22, algorithm: 'shm' },
  { collective: 'allreduce', crowded: true, maxSize: 22, maxBytes: 8 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', crowded: true, maxSize: 22, maxBytes: 32 * KIB, algorithm: 'rabenseifner' },
  { collective: 'allreduce', crowded: true, maxSize: 22, maxBytes: 512 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', crowded: true, maxSize: 22, algorithm: 'rabenseifner' },
  { collective: 'allreduce', crowded: true, maxSize: 22, algorithm: 'recursive-doubling' },

  // allreduce, as before: ranks that share cores
  { collective: 'allreduce', crowded: true, maxSize: 32, algorithm: 'shm' },
  { collective: 'allreduce', crowded: true, maxBytes: 8 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', crowded: true, powerOfTwo: true, algorithm: 'rabenseifner' },
  { collective: 'allreduce', crowded: true, maxBytes: 256 * KIB, algorithm: 'rabenseifner' },
  { collective: 'allreduce', crowded: true, algorithm: 'ring' },
  { collective: 'allreduce', crowded: true, algorithm: 'rabenseifner' },
  { collective: 'allreduce', crowded: true, algorithm: 'recursive-doubling' },

  // allreduce, measured: 2 ranks with a core each
  { collective: 'allreduce', maxSize: 2, algorithm: 'shm' },
  { collective: 'allreduce', maxSize: 2, maxBytes: 8 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', maxSize: 2, algorithm: 'ring' },
  { collective: 'allreduce', maxSize: 2, algorithm: 'rabenseifner' },
  { collective: 'allreduce', maxSize: 2, algorithm: 'recursive-doubling' },

  // allreduce, as before
  { collective: 'allreduce', maxSize: 32, algorithm: 'shm' },
  { collective: 'allreduce', maxBytes: 8 * KIB, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', powerOfTwo: true, algorithm: 'rabenseifner' },
  { collective: 'allreduce', maxSize: 7, algorithm: 'ring' },
  { collective: 'allreduce', maxBytes: 256 * KIB, algorithm: 'rabenseifner' },
  { collective: 'allreduce', algorithm: 'ring' },
  { collective: 'allreduce', algorithm: 'rabenseifner' },
  { collective: 'allreduce', algorithm: 'recursive-doubling' },
]
