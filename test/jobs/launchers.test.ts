// Jobs under real launchers of other MPIs, where they are installed: mpiexec of MPICH's Hydra, srun of Slurm.
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { plainEnvironment } from '../bootstrap/pmi-server.js'
import type { Finished } from '../launcher/run.js'
import { program, show } from './support.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const FOREIGN = program('foreign.mjs')

interface Launcher {
  readonly name: string
  readonly command: (ranks: number) => string[]
  /** Why it cannot be used here. */
  readonly missing: string | false
  /** Slurm's exit code of a job that was aborted is that of SIGKILL. */
  readonly keepsCode: boolean
}

const works = (command: string, ...args: string[]): boolean => spawnSync(command, args, { timeout: 20_000, stdio: 'ignore' }).status === 0

const LAUNCHERS: Launcher[] = [
  {
    name: 'mpiexec.hydra',
    command: (ranks) => ['mpiexec.hydra', '-n', `${ranks}`],
    missing: !works('mpiexec.hydra', '--version') && 'mpiexec.hydra of MPICH is not installed',
    keepsCode: true,
  },
  {
    name: 'srun',
    command: (ranks) => ['srun', '--mpi=pmi2', '--nodes=1', '--overcommit', '-n', `${ranks}`],
    missing: !works('srun', '--version') ? 'srun of Slurm is not installed, or not configured' : !works('sinfo', '--noheader') && 'no Slurm controller answers',
    keepsCode: false,
  },
]

function run(launcher: Launcher, ranks: number, args: string[], env: Record<string, string> = {}): Promise<Finished> {
  const [file, ...words] = [...launcher.command(ranks), process.execPath, ...args]
  const child = spawn(file!, words, { cwd: root, env: { ...plainEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, ...output }))
  })
}

function fails(t: Test, job: Finished, launcher: Launcher, code: number, message: RegExp): void {
  if (launcher.keepsCode) t.equal(job.code, code, show(job))
  else t.not(job.code, 0, show(job))
  t.match(job.stderr, message)
}

t.setTimeout(600_000)

for (const launcher of LAUNCHERS) {
  const skip = launcher.missing
  if (skip !== false) console.log(`# ${launcher.name}: skipped, ${skip}`)

  void t.test(`${launcher.name}: collectives and messages, ranks know who they are`, { skip }, async (t) => {
    for (const [ranks, env] of [[1, {}], [2, {}], [4, {}], [8, {}], [3, { TSMPI_TRANSPORT: 'zmq' }], [3, { TSMPI_EAGER_LIMIT: '0' }]] as [number, Record<string, string>][]) {
      const job = await run(launcher, ranks, [FOREIGN, 'well'], env)
      t.equal(job.code, 0, show(job))
      const lines = job.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
      t.equal(lines.length, ranks)
      for (const line of lines) t.match(line, { size: ranks, sum: (ranks * (ranks - 1)) / 2, right: true, role: [], child: '0 of 1' })
    }
  })

  void t.test(`${launcher.name}: examples`, { skip }, async (t) => {
    const pi = await run(launcher, 8, ['examples/pi.js', '--samples', '1e7', '--json'])
    t.match(JSON.parse(pi.stdout), { ranks: 8, samples: 1e7 }, show(pi))
    const ring = await run(launcher, 4, ['--import', 'tsx', 'examples/ring.ts', '--rounds', '200'])
    t.match(ring.stdout, 'sum 1200 after 200 rounds of 4 ranks', show(ring))
  })

  void t.test(`${launcher.name}: random programs against the model`, { skip }, async (t) => {
    for (const transport of ['auto', 'zmq']) {
      const env = { TSMPI_TRANSPORT: transport, TSMPI_EAGER_LIMIT: '100' }
      const job = await run(launcher, 4, [program('random.mjs'), '4711', '10', '100'], env)
      t.equal(job.code, 0, show(job))
    }
  })

  void t.test(`${launcher.name}: failures`, { skip }, async (t) => {
    const before = readdirSync('/dev/shm')
    fails(t, await run(launcher, 3, [FOREIGN, 'throw']), launcher, 1, /rank 1 ended with an uncaught error:\nError: thrown on purpose/)
    fails(t, await run(launcher, 3, [FOREIGN, 'exit']), launcher, 3, /^/)
    fails(t, await run(launcher, 3, [FOREIGN, 'abort']), launcher, 42, /tsmpi: rank 1 called abort\(42\): aborted on purpose/)
    fails(t, await run(launcher, 3, [FOREIGN, 'kill']), launcher, 9, /^/)
    fails(t, await run(launcher, 3, [FOREIGN, 'lost']), launcher, 1, /rank 1 has ended while rank \d still waited on it/)
    fails(t, await run(launcher, 3, [FOREIGN, 'finalized']), launcher, 1, /rank 0 of COMM_WORLD has left/)
    fails(t, await run(launcher, 3, [FOREIGN, 'lost'], { TSMPI_TRANSPORT: 'zmq' }), launcher, 1, /rank 1 exited with code 0, without having finalized/)
    t.same(readdirSync('/dev/shm').filter((name) => !before.includes(name)), [])
  })

  void t.test(`${launcher.name}: leaving early, and finalizing late`, { skip }, async (t) => {
    const leave = await run(launcher, 3, [FOREIGN, 'leave'])
    t.match(leave, { code: 0, stdout: 'last words\n', stderr: '' }, show(leave))
    for (const transport of ['auto', 'zmq']) {
      const late = await run(launcher, 3, [FOREIGN, 'late'], { TSMPI_TRANSPORT: transport })
      t.match(late, { code: 0, stdout: /^late\nfinalized\n/, stderr: '' }, show(late))
    }
  })
}
