// Which algorithm where the ranks are on several hosts, and more than one on some: rows that stand before all others.
// Measured on one machine of two cores: four hosts of two ranks, consecutive and in turn, and two hosts of four. Allreduce
// in milliseconds; 'two-level' first, then 'two-level-rabenseifner':
//   256 KiB 7.7 7.4   1 MiB 20.1 17.4   2 MiB 34.7 32.5   4 MiB 72 55   8 MiB 136 112 (hosts in turn: 139 103)
// Two hosts of four: allreduce is within a tenth either way. Between two hosts both send the same.
import type { SwitchPoint } from './table.js'

const KIB = 1024

export const SEVERAL_HOSTS: readonly SwitchPoint[] = [
  { collective: 'barrier', severalHosts: true, algorithm: 'two-level' },
  // Measured up to 4 MiB: as long as a binomial tree where the ranks of a host follow one another, else 0.7 of it.
  { collective: 'bcast', severalHosts: true, algorithm: 'two-level' },
  { collective: 'allgather', severalHosts: true, algorithm: 'two-level' },
  // As long as a binomial tree (8 MiB: 1.2 times) where the ranks of a host follow one another, else 0.65 of it.
  { collective: 'reduce', severalHosts: true, algorithm: 'two-level' },
  // 1 MiB: 0.83 of rabenseifner where the ranks of a host follow one another, else 0.59; 8 MiB: the same, and 0.54.
  { collective: 'allreduce', severalHosts: true, maxBytes: 256 * KIB, algorithm: 'two-level' },
  { collective: 'allreduce', severalHosts: true, algorithm: 'two-level-rabenseifner' },
  { collective: 'allreduce', severalHosts: true, algorithm: 'two-level' },
]
