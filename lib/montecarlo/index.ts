// The Monte-Carlo kernel: how many of a range of random points fall inside the quarter circle. See docs/montecarlo.md.
import { clock } from '../clock.js'
import { ArgumentError } from '../errors.js'
import { native } from '../../native/load.js'
import { checkKernel, defaultKernel, runKernel, type Kernel } from './kernels.js'

export { defaultKernel, kernels, philox, type Kernel } from './kernels.js'

export interface CountOptions {
  /** Which sequence of samples: an integer of 64 bits. Default 0. */
  seed?: number | bigint
  /** Default: that of the variable TSMPI_KERNEL, else the fastest. The hits do not depend on it. */
  kernel?: Kernel
  /** How many threads count. The TypeScript kernel has one. The hits do not depend on it. */
  threads?: number
}

export interface AsyncCountOptions<Count extends number | bigint> extends CountOptions {
  /** Called after each piece with the samples counted so far. If it throws, the count ends with that error. */
  onProgress?: (done: Count) => void
}

const LIMIT = 1n << 64n

interface Job {
  first: bigint
  count: bigint
  seed: bigint
  kernel: Kernel
  threads: number
}

function toIndex(name: string, value: number | bigint): bigint {
  if (typeof value === 'bigint' ? value >= 0n && value < LIMIT : Number.isSafeInteger(value) && value >= 0) {
    return BigInt(value)
  }
  throw new ArgumentError(
    `countHits: ${name} is ${String(value)}; it must be a whole number from 0 to 2^53 - 1, or a bigint below 2^64`,
  )
}

function toJob(first: number | bigint, count: number | bigint, options: CountOptions, leastThreads: number): Job {
  const { seed = 0, kernel, threads = leastThreads } = options
  if (!Number.isInteger(threads) || threads < leastThreads || threads > 1024) {
    throw new ArgumentError(`countHits: threads is ${String(threads)}; it must be from ${leastThreads} to 1024`)
  }
  const job = {
    first: toIndex('first', first),
    count: toIndex('count', count),
    seed: toIndex('seed', seed),
    kernel: kernel === undefined ? defaultKernel() : checkKernel(kernel, 'countHits'),
    threads,
  }
  if (job.first + job.count > LIMIT) {
    throw new ArgumentError(`countHits: samples end at 2^64; first ${job.first} and count ${job.count} go beyond`)
  }
  return job
}

/**
 * How many of the samples with index in [first, first + count) fall inside the quarter circle; 4 hits / count tends to
 * pi. A sample depends on its index and the seed alone, so however a range is cut, over ranks, threads or calls, on
 * whatever machine, the hits of its parts add up to the same number.
 *
 * Blocks the calling thread until done: use `countHitsAsync` for long ranges. The result is of the kind of `count`.
 * @param first index of the first sample; a bigint beyond 2^53
 * @throws ArgumentError where an argument is out of range, or the kernel cannot run here
 */
export function countHits(first: number | bigint, count: number, options?: CountOptions): number
export function countHits(first: number | bigint, count: bigint, options?: CountOptions): bigint
export function countHits(
  first: number | bigint, count: number | bigint, options: CountOptions = {},
): number | bigint {
  const job = toJob(first, count, options, 1)
  const hits = runKernel(job.kernel, job.first, job.count, job.seed, job.threads)
  return typeof count === 'bigint' ? hits : Number(hits)
}

/** How long a piece may take: the event loop is held up so long where the calling thread counts. */
const PIECE_MS = { onLoop: 4, offLoop: 200 }

const turnOfEventLoop = () => new Promise<void>((resolve) => setImmediate(resolve))

/**
 * As `countHits`, but leaves the event loop free, so that messages still progress. Without `threads` the calling thread
 * counts, in pieces of a few milliseconds with a turn of the event loop after each. With `threads`, so many threads of
 * the addon count and the calling thread is free: the hybrid that MPI users know as MPI + OpenMP.
 * @throws ArgumentError as `countHits`; the promise rejects
 */
export function countHitsAsync(
  first: number | bigint, count: number, options?: AsyncCountOptions<number>,
): Promise<number>
export function countHitsAsync(
  first: number | bigint, count: bigint, options?: AsyncCountOptions<bigint>,
): Promise<bigint>
export async function countHitsAsync(
  first: number | bigint, count: number | bigint, options: AsyncCountOptions<never> = {},
): Promise<number | bigint> {
  const job = toJob(first, count, options, 0)
  const same = (value: bigint) => (typeof count === 'bigint' ? value : Number(value)) as never
  const offLoop = job.threads > 0 && job.kernel !== 'typescript'
  const limit = offLoop ? PIECE_MS.offLoop : PIECE_MS.onLoop
  let piece = job.kernel === 'typescript' ? 1n << 16n : 1n << 20n
  let hits = 0n
  for (let done = 0n; done < job.count;) {
    const size = piece < job.count - done ? piece : job.count - done
    const started = clock()
    hits += offLoop
      ? await native()!.countHitsAsync(job.kernel, job.first + done, size, job.seed, job.threads)
      : runKernel(job.kernel, job.first + done, size, job.seed, 1)
    const elapsed = clock() - started
    done += size
    options.onProgress?.(same(done))
    if (!offLoop && done < job.count) await turnOfEventLoop()
    if (elapsed < limit / 2) piece *= 2n
    else if (elapsed > limit && piece > 1n) piece /= 2n
  }
  return same(hits)
}
