// Which Monte-Carlo kernels there are here, and which one a call uses.
import { ENV } from '../env.js'
import { ArgumentError } from '../errors.js'
import { native, whyNotNative } from '../../native/load.js'
import { countHitsInTypeScript, philoxBlock } from './philox.js'

/** One implementation of the count. All give the same hits. */
export type Kernel = 'avx512' | 'avx2' | 'sse4.1' | 'neon' | 'portable' | 'typescript'

/** The kernels that this machine and this build can run, fastest first. `'typescript'` is always among them. */
export function kernels(): Kernel[] {
  return [...((native()?.kernels() ?? []) as Kernel[]), 'typescript']
}

/** The kernel that is used where none is named: that of the variable TSMPI_KERNEL, else the fastest. */
export function defaultKernel(): Kernel {
  const forced = process.env[ENV.KERNEL]
  return forced ? checkKernel(forced, ENV.KERNEL) : kernels()[0]
}

/** `name` as a kernel that can run here. `from` says where it was asked for. */
export function checkKernel(name: string, from: string): Kernel {
  const available = kernels()
  if (available.includes(name as Kernel)) return name as Kernel
  const addon = native() ? '' : ` (the native addon is not loaded: ${whyNotNative()})`
  throw new ArgumentError(`${from}: no Monte-Carlo kernel '${name}' here; there are ${available.join(', ')}${addon}`)
}

/** Hits in [first, first + count) by one kernel, on the calling thread and `threads` - 1 more. */
export function runKernel(kernel: Kernel, first: bigint, count: bigint, seed: bigint, threads: number): bigint {
  if (kernel === 'typescript') return countHitsInTypeScript(first, count, seed)
  return native()!.countHits(kernel, first, count, seed, threads)
}

/**
 * One block of Philox4x32-10 as `kernel` computes it: four 32-bit words from a counter of four and a key of two, all
 * least significant word first. For tests against published vectors.
 */
export function philox(kernel: Kernel, counter: ArrayLike<number>, key: ArrayLike<number>): Uint32Array {
  if (checkKernel(kernel, 'philox') !== 'typescript') {
    return native()!.philox(kernel, Uint32Array.from(counter), Uint32Array.from(key))
  }
  const out = new Uint32Array(4)
  philoxBlock(counter[0], counter[1], counter[2], counter[3], key[0], key[1], out)
  return out
}
