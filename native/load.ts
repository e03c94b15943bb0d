// Finds and loads the native addon, once; everything else asks here whether it is there.
// Only lib/transport/shm, lib/data, lib/montecarlo and launcher/agent may import this.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Shared memory and wake-ups: Linux only. Descriptors are plain numbers. */
export interface NativeMemory extends NativeRemote {
  /** An anonymous shared-memory file (memfd) of `bytes`, zero-filled, sparse. Returns its descriptor, inheritable. */
  createSegment(bytes: number): number
  /** Maps part of a segment, shared. `offset` is a multiple of 4096. Unmapped when the buffer is collected. */
  map(fd: number, offset: number, bytes: number): ArrayBuffer
  /** An eventfd, inheritable. */
  createDoorbell(): number
  /** Rings: wakes whoever watches the doorbell. */
  ring(fd: number): void
  /** Calls `callback` from the event loop whenever the doorbell has rung. Never keeps the process alive. */
  watch(fd: number, callback: () => void): object
  /**
   * Calls `callback` from the event loop while there is something to read, or the end of it, which the callback must
   * take or unwatch. The descriptor no longer blocks. Does not keep the process alive, unless `keepAlive` says so.
   * Unwatch it before the process ends: Node lets its loop turn once more then, when nothing may be called any more.
   */
  watchInput(fd: number, callback: () => void): object
  keepAlive(watch: object, on: boolean): void
  unwatch(watch: object): void
  /** A pipe: its read end, which does not block, and its write end. Both are close-on-exec. */
  readonly createPipe: () => [number, number]
  /**
   * Binds a TCP socket to an address, given as digits, and a free port. Returns descriptor and port. It is close-on-exec,
   * does not block, and refuses connections until `listen`.
   */
  readonly takePort: (address: string) => [fd: number, port: number]
  listen(fd: number, backlog: number): void
  closeOnExec(fd: number): void
  close(fd: number): void
  /** Entry `entry` of a table of watched words watches a word of `memory`; see linger.cc for the table. */
  watchMemory(table: ArrayBuffer, entry: number, memory: ArrayBuffer): void
  /**
   * Waits for one of the first `entries` words to change: `looks` times, then again after sched_yield, for so many
   * nanoseconds at most.
   */
  linger(table: ArrayBuffer, entries: number, looks: number, nanoseconds: number): void
  /** A thread that kills this process's group with SIGKILL once the other end of the socket `fd` is closed. */
  dieWith(fd: number): void
  /** From now on, or no longer, the processes that this thread starts each lead a process group, in this session. */
  readonly groupChildren: (on: boolean) => void
  /**
   * Binds this thread, and the processes that it starts from now on, to processors by the kernel's numbers. Returns those
   * it was bound to. Throws where none of them may be used.
   */
  setAffinity(cpus: readonly number[]): number[]
}

/** Copies between the memory of this process and that of another process of the same user: Linux only. */
export interface NativeRemote {
  /**
   * Copies from memory of process `pid`. `pieces` has three numbers for each of `count` pieces (16 at the most): address
   * there, address here, bytes. Those here must be of typed arrays that are alive. Returns 0, or the errno: EPERM where it
   * is not allowed, ESRCH where there is no such process, EFAULT where it has no such memory (then some pieces may have
   * been copied).
   */
  copyFrom(pid: number, pieces: Float64Array, count: number): number
  /** The same the other way: to memory of process `pid`. */
  copyTo(pid: number, pieces: Float64Array, count: number): number
  /** Where the first of `bytes` is. It stays there while the array is alive, if it has more than 64 bytes. */
  addressOf(bytes: Uint8Array): number
  /** Where Yama restricts copies to descendants: allows those of the process at the other end of socket `fd`. */
  allowCopies(fd: number): void
}

/**
 * ZeroMQ sockets by libzmq's own calls: Linux only. A socket is a number. All throw where libzmq, or what they are given, is
 * at fault. lib/transport/zmq-socket.ts says how received messages lie in memory.
 */
export interface NativeZmq {
  /** Finds the libzmq that this process has loaded, as zeromq does, and returns its version; undefined: there is none. */
  readonly zmqLoad: () => string | undefined
  readonly zmqOpen: (type: number) => number
  /** A number is an int of libzmq's, a bigint an int64. */
  readonly zmqSet: (socket: number, option: number, value: number | bigint | string) => void
  /** Both return the endpoint as it has become. */
  readonly zmqBind: (socket: number, endpoint: string) => string
  readonly zmqConnect: (socket: number, endpoint: string) => string
  /** Tells a PAIR at `endpoint` of these events; ends that where they are 0. */
  readonly zmqMonitor: (socket: number, endpoint: string, events: number) => void
  /** Sends a copy of these bytes, which is one part of a message where `more` follow. Never waits. */
  readonly zmqSend: (socket: number, bytes: ArrayBuffer, from: number, length: number, more: boolean) => void
  /** Sends a copy of bytes of both as one part, padded with zeros to a multiple of 8 bytes. Never waits. */
  readonly zmqSendJoined: (
    socket: number, head: ArrayBuffer, from: number, length: number, rest: Uint8Array, at: number, count: number,
  ) => void
  /**
   * Writes messages that are there into the buffer, from byte `from` on (a multiple of 8), as long as there is room for
   * `least` bytes; of parts longer than `longest` the beginning, and holds them. Returns where they end. Never waits.
   */
  readonly zmqReceive: (socket: number, into: ArrayBuffer, from: number, least: number, longest: number) => number
  /** Copies bytes of the held part of that number: bytes[at …] = part[from … from + count]. */
  readonly zmqCopy: (socket: number, number: number, from: number, bytes: Uint8Array, at: number, count: number) => void
  /** Frees a held part, and its number for others. */
  readonly zmqDrop: (socket: number, number: number) => void
  /** Calls `callback` from the event loop when something comes after a `zmqReceive` that found nothing. */
  readonly zmqWatch: (socket: number, callback: () => void) => void
  /** The watch keeps the event loop alive, or no longer. */
  readonly zmqHold: (socket: number, on: boolean) => void
  /**
   * Waits for something to come after a `zmqReceive` that found nothing, or for an eventfd (-1: none), which it silences:
   * `awake` nanoseconds without sleeping, at most `nanoseconds` together.
   */
  readonly zmqWait: (socket: number, doorbell: number, awake: number, nanoseconds: number) => void
  /** What has not left is dropped. */
  readonly zmqClose: (socket: number) => void
}

/** Elementwise reductions: `inout[i] = inout[i] op input[i]`. Op codes and type codes: lib/data/. */
export interface NativeReduce {
  /**
   * Both arrays are of kind `type`, of one length, and do not overlap. `kernel` is an index into `reduceKernels()`.
   * Throws a TypeError where an op does not take the type, or the arrays do not fit.
   */
  reduce(op: number, type: number, inout: ArrayBufferView, input: ArrayBufferView, kernel?: number): void
  /** The instruction sets that this machine can run, best first: 'avx512', 'avx2', 'portable'. The first is used. */
  reduceKernels(): string[]
}

/** Monte-Carlo counts, see lib/montecarlo/. A kernel is one of `kernels()`; `first`, `count`, `seed` are below 2^64. */
export interface NativeMonteCarlo {
  /** The instruction sets that this build has and this machine can run, best first: 'avx512', 'avx2', … 'portable'. */
  kernels(): string[]
  /** One Philox4x32-10 block: counter of four words, key of two. */
  philox(kernel: string, counter: Uint32Array, key: Uint32Array): Uint32Array
  /** Hits in [first, first + count), on `threads` threads, the caller's included. */
  countHits(kernel: string, first: bigint, count: bigint, seed: bigint, threads: number): bigint
  /** The same off the event loop. */
  countHitsAsync(kernel: string, first: bigint, count: bigint, seed: bigint, threads: number): Promise<bigint>
}

export type Native = Partial<NativeMemory & NativeZmq> & NativeReduce & NativeMonteCarlo

/** The package's folder: this file is at native/ in a checkout and at dist/native/ in a build. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

let loaded: { addon?: Native; reason?: string } | undefined

function load(): { addon?: Native; reason?: string } {
  if (process.env['TSMPI_NO_ADDON']) return { reason: 'TSMPI_NO_ADDON is set' }
  const root = packageRoot()
  const places = [
    join(root, 'build/Release/tsmpi.node'),
    join(root, 'build-gyp/Release/tsmpi.node'),
    join(root, `prebuilds/${process.platform}-${process.arch}/tsmpi.node`),
  ]
  const place = places.find((path) => existsSync(path))
  if (place === undefined) return { reason: 'it has not been built (`npm run build:addon` in the package folder)' }
  try {
    // What `require` does of it, without the search for packages and scopes around it.
    const module = { exports: {} }
    process.dlopen(module, place)
    return { addon: module.exports as Native }
  } catch (error) {
    return { reason: (error as Error).message }
  }
}

/** The addon, or undefined where it cannot be loaded. */
export function native(): Native | undefined {
  return (loaded ??= load()).addon
}

/** Why `native()` is undefined, in words for a message. */
export function whyNotNative(): string {
  return (loaded ??= load()).reason ?? 'it is loaded'
}

/** The shared-memory part of the addon, or undefined where the addon or the platform has none. */
export function nativeMemory(): NativeMemory | undefined {
  const addon = native()
  return addon?.map ? (addon as Native & NativeMemory) : undefined
}

/** The part of the addon for ZeroMQ, or undefined where the addon or the platform has none. */
export function nativeZmq(): NativeZmq | undefined {
  const addon = native()
  return addon?.zmqLoad ? (addon as Native & NativeZmq) : undefined
}
