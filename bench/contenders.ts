// Who is measured, and how each is built and started. A peer that is not there is said, not failed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Family } from './families.js'
import type { Command } from './session.js'

export const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
export const TSMPIRUN = file('../dist/launcher/main.js')
const BUILD = file('../build/bench')

export interface Contender {
  readonly name: string
  /** The families it takes part in, at this number of ranks. */
  readonly plays: (family: Family, ranks: number) => boolean
  /** `folder` is an empty one of its own, which lives as long as its program. */
  readonly command: (family: Family, ranks: number, folder: string) => Command
}

export const OURS: Contender = {
  name: 'tsmpi',
  plays: () => true,
  command: (_family, ranks) => ({
    file: process.execPath,
    args: [TSMPIRUN, '-n', String(ranks), file('ours/mpi.mjs')],
  }),
}

/** Open MPI refuses to run as root, as one is in a container, unless told so twice. */
const AS_ROOT = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }

export const mpirun = (ranks: number, ...args: string[]): Command => ({
  file: 'mpirun',
  args: ['--oversubscribe', '-n', String(ranks), ...args],
  env: AS_ROOT,
})

function openMpi(program: string): Contender {
  return {
    name: 'Open MPI C',
    plays: ({ objects }) => objects === undefined,
    command: (_family, ranks, folder) => mpirun(ranks, program, folder),
  }
}

function mpi4py(python: string): Contender {
  return {
    name: 'mpi4py',
    plays: () => true,
    command: (_family, ranks, folder) => mpirun(ranks, python, file('peers/mpi4py_peer.py'), folder),
  }
}

/** The peers that are there, and what is said of those that are not. */
export interface Peers {
  readonly contenders: readonly Contender[]
  readonly missing: readonly string[]
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

export function findPeers(): Peers {
  const contenders: Contender[] = []
  const missing: string[] = []
  if (succeeds('mpirun', '--version')) {
    const c = compile('mpicc', 'openmpi.c')
    if ('program' in c) contenders.push(openMpi(c.program))
    else missing.push(`Open MPI in C: ${c.reason}`)
    const python = pythonWith('mpi4py', 'numpy')
    if (python !== undefined) contenders.push(mpi4py(python))
    else missing.push('mpi4py: no python3 that imports mpi4py and numpy')
  } else {
    missing.push('Open MPI and mpi4py: no mpirun (Debian: openmpi-bin libopenmpi-dev python3-mpi4py python3-numpy)')
  }
  return { contenders, missing }
}

/** An empty folder for the time of `use`. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-bench-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
