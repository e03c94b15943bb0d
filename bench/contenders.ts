// Who is measured, and how each is built and started. A peer that is not there is said, not failed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kernels } from 'tsmpi/montecarlo'
import type { Family } from './families.js'
import type { Command } from './session.js'

export const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const BUILD = file('../build/bench')

export interface Contender {
  readonly name: string
  readonly plays: (family: Family, ranks: number) => boolean
  /** It is asked for fewer sizes, and for none above. */
  readonly largest?: number
  /** `folder` is an empty one of its own, which lives as long as its program. */
  readonly command: (family: Family, ranks: number, folder: string) => Command
}

/** The name by which results know tsmpi. */
export const OURS = 'tsmpi'
export const COPY = 'copy'
export const OPEN_MPI = 'Open MPI C'
export const MPI4PY = 'mpi4py'
export const LIBZMQ = 'libzmq C'
export const ZEROMQ_JS = 'zeromq.js'

const node = (...args: string[]): Command => ({ file: process.execPath, args })

export const tsmpirun = (ranks: number, ...args: string[]): Command =>
  node(file('../dist/launcher/main.js'), '-n', String(ranks), ...args)

/** Open MPI refuses to run as root, as one is in a container, unless told so twice. */
const AS_ROOT = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }

export const mpirun = (ranks: number, ...args: string[]): Command => ({
  file: 'mpirun',
  args: ['--oversubscribe', '-n', String(ranks), ...args],
  env: AS_ROOT,
})

const ours = (launcherOptions: readonly string[]): Contender => ({
  name: OURS,
  plays: ({ kind }) => kind === 'messages' || kind === 'collective',
  command: (_family, ranks) => tsmpirun(ranks, ...launcherOptions, file('ours/mpi.mjs')),
})

/** tsmpirun on these hosts, all of them this machine. */
export const overHosts = (ranks: number, hosts: string, ...args: string[]): Command =>
  tsmpirun(ranks, '-H', hosts, '--rsh', file('ours/here.sh'), ...args)

const OURS_BETWEEN_HOSTS: Contender = {
  name: OURS,
  plays: ({ kind }) => kind === 'wire',
  command: (_family, ranks) => overHosts(ranks, 'a,b', file('ours/mpi.mjs')),
}

const COPYING: Contender = {
  name: COPY,
  plays: ({ name }) => name === 'latency',
  command: () => node(file('ours/copy.mjs')),
}

/** One of several programs that count hits. */
const kernel = (name: string, command: Command): Contender => ({
  name,
  plays: ({ kind }) => kind === 'kernel',
  command: () => command,
})

/** tsmpi and what needs no peer; options go to tsmpirun. */
export function ourContenders(launcherOptions: readonly string[]): Contender[] {
  return [
    ours(launcherOptions),
    OURS_BETWEEN_HOSTS,
    COPYING,
    ...kernels().map((name) => kernel(`tsmpi ${name}`, node(file('ours/kernel.mjs'), name))),
    kernel('Math.random', node(file('ours/kernel.mjs'), 'Math.random')),
  ]
}

/** The peers that are there, and what is said of those that are not. */
export interface Peers {
  readonly contenders: Contender[]
  readonly missing: string[]
}

const succeeds = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0

/** A python that has the modules, or none. */
export const pythonWith = (...modules: string[]): string | undefined =>
  ['python3', '/usr/bin/python3'].find((python) => succeeds(python, '-c', `import ${modules.join(', ')}`))

/** Compiles a program of peers/; says why it could not. */
export function compile(compiler: string, source: string, ...flags: string[]): { program: string } | { reason: string } {
  mkdirSync(BUILD, { recursive: true })
  const program = join(BUILD, source.replace(/\W/g, '-'))
  const done = spawnSync(compiler, ['-O3', '-march=native', '-o', program, file(`peers/${source}`), ...flags], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (done.status === 0) return { program }
  return { reason: done.error === undefined ? done.stderr.trim().split('\n')[0] : `no ${compiler}` }
}

export const hasMpirun = (): boolean => succeeds('mpirun', '--version')

function mpiPeers({ contenders, missing }: Peers): void {
  if (!hasMpirun()) {
    missing.push('Open MPI and mpi4py: no mpirun (Debian: openmpi-bin libopenmpi-dev python3-mpi4py python3-numpy)')
    return
  }
  const messages = ({ kind }: Family): boolean => kind === 'messages' || kind === 'collective'
  const c = compile('mpicc', 'openmpi.c')
  if ('program' in c) {
    contenders.push({
      name: OPEN_MPI,
      plays: (family) => messages(family) && family.name !== 'objects',
      command: (_family, ranks, folder) => mpirun(ranks, c.program, folder),
    })
  } else {
    missing.push(`Open MPI in C: ${c.reason}`)
  }
  const python = pythonWith('mpi4py', 'numpy')
  if (python !== undefined) {
    contenders.push({
      name: MPI4PY,
      plays: messages,
      command: (_family, ranks, folder) => mpirun(ranks, python, file('peers/mpi4py_peer.py'), folder),
    })
  } else {
    missing.push('mpi4py: no python3 that imports mpi4py and numpy')
  }
}

function zeroMqPeer({ contenders, missing }: Peers): void {
  const c = compile('cc', 'libzmq.c', '-lzmq')
  if ('reason' in c) {
    missing.push(`libzmq in C: ${c.reason} (Debian: libzmq3-dev)`)
    return
  }
  contenders.push({
    name: LIBZMQ,
    plays: ({ name, kind }, ranks) => ranks === 2 && (kind === 'wire' || ['latency', 'bandwidth', 'message-rate'].includes(name)),
    command: ({ kind }) => ({ file: c.program, args: kind === 'wire' ? ['curve'] : [] }),
    largest: 4 << 20,
  })
}

/** Megabytes of windows of large messages fill the memory of channels without flow control: they stop earlier. */
const NODE_LARGEST = 1 << 20

function nodePeers({ contenders, missing }: Peers): void {
  const plays = ({ name }: Family, ranks: number): boolean =>
    ranks === 2 && ['latency', 'bandwidth', 'message-rate', 'objects'].includes(name)
  const channel = (name: string, program: string): void => {
    const command = (family: Family): Command => node(file(`peers/node/${program}`), family.name)
    contenders.push({ name, plays, command, largest: NODE_LARGEST })
  }
  channel('child_process', 'child-process.mjs')
  channel('worker_threads', 'worker-threads.mjs')
  try {
    createRequire(import.meta.url).resolve('zeromq')
    channel(ZEROMQ_JS, 'zeromq.mjs')
    contenders.push({
      name: ZEROMQ_JS,
      plays: ({ name }) => name === 'wire-stream',
      command: ({ name }) => node(file('peers/node/zeromq.mjs'), name),
      largest: 4096,
    })
  } catch {
    missing.push('zeromq.js: not installed')
  }
}

function kernelPeers({ contenders, missing }: Peers): void {
  const c = compile('c++', 'rng.cc')
  if ('program' in c) {
    for (const name of ['xoshiro256+', 'mt19937_64']) contenders.push(kernel(`C++ ${name}`, { file: c.program, args: [name] }))
  } else {
    missing.push(`generators in C++: ${c.reason}`)
  }
  const python = pythonWith('numpy')
  if (python !== undefined) contenders.push(kernel('numpy', { file: python, args: [file('peers/numpy_peer.py')] }))
  else missing.push('numpy: no python3 that imports it')
}

export function findPeers(): Peers {
  const peers: Peers = { contenders: [], missing: [] }
  for (const find of [mpiPeers, zeroMqPeer, nodePeers, kernelPeers]) find(peers)
  return peers
}

/** What the peers' figures depend on, in words. */
export function peerVersions(): string {
  const first = (command: string, ...args: string[]): string =>
    spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 }).stdout?.split('\n')[0].trim() ?? ''
  const mpi = /\(Open MPI\) (\S+)/.exec(first('mpirun', '--version'))?.[1]
  const python = pythonWith('mpi4py')
  const mpi4py = python === undefined ? '' : first(python, '-c', 'import mpi4py; print(mpi4py.__version__)')
  return `${mpi === undefined ? '' : `, Open MPI ${mpi}`}${mpi4py === '' ? '' : `, mpi4py ${mpi4py}`}`
}

/** An empty folder for the time of `use`, or until this process ends. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-bench-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    return await use(folder)
  } finally {
    process.off('exit', remove)
    remove()
  }
}
