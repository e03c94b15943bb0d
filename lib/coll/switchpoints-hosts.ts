// Which algorithm where the ranks are on several hosts, and more than one on some: rows that stand before all others.
// Measured with four hosts of two ranks.
import type { SwitchPoint } from './table.js'

const KIB = 1024

export const SEVERAL_HOSTS: readonly SwitchPoint[] = [
  { collective: 'barrier', severalHosts: true, algorithm: 'two-level' },
  { collective: 'bcast', severalHosts: true, algorithm: 'two-level' },
  { collective: 'allgather', severalHosts: true, algorithm: 'two-level' },
  { collective: 'reduce', severalHosts: true, maxBytes: 1024 * KIB, algorithm: 'two-level' },
  { collective: 'reduce', severalHosts: true, algorithm: 'two-level-rabenseifner' },
  { collective: 'reduce', severalHosts: true, algorithm: 'two-level' },
  { collective: 'allreduce', severalHosts: true, maxBytes: 256 * KIB, algorithm: 'two-level' },
  { collective: 'allreduce', severalHosts: true, algorithm: 'two-level-rabenseifner' },
  { collective: 'allreduce', severalHosts: true, algorithm: 'two-level' },
]
