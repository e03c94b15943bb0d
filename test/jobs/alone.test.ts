// A world of one, with and without a launcher, and a job without the addon.
import { spawn } from 'node:child_process'
import t from 'tap'
import { runJob } from '../launcher/run.js'
import type { Finished } from '../launcher/run.js'
import { program, show } from './support.js'

const ALONE = program('alone.mjs')
const FOREIGN = /^(TSMPI|OMPI|PMI|PMIX|SLURM)_/

/** Runs `node alone.mjs`, without a launcher. */
function alone(env: Record<string, string>): Promise<Finished> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)))
  const child = spawn(process.execPath, [ALONE], { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 150_000 })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, ...output }))
  })
}

t.setTimeout(600_000)

void t.test('a world of one without a launcher', async (t) => {
  for (const env of [{}, { TSMPI_EAGER_LIMIT: '0' }, { TSMPI_EAGER_LIMIT: '1' }, { TSMPI_NO_ADDON: '1' }]) {
    const job = await alone(env)
    t.match(job, { code: 0, stdout: /^done \d{3}\n$/, stderr: '' }, show(job))
  }
})

void t.test('a world of one under tsmpirun', async (t) => {
  const job = await runJob(['-n', '1', '--timeout', '140', ALONE])
  t.match(job, { code: 0, stdout: /^done \d{3}\n$/, stderr: '' }, show(job))
})

void t.test('under a foreign launcher it says once that it is alone, and goes on', async (t) => {
  for (const [env, line] of [
    [{ OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '0' }, /^tsmpi: .*Open MPI as one of 4.*world of its own.*tsmpirun -n 4.*\n$/],
    [{ PMI_SIZE: '3', PMI_RANK: '0' }, /^tsmpi: .*Hydra.*tsmpirun -n 3.*\n$/],
    [{ SLURM_NTASKS: '2', SLURM_PROCID: '0' }, /^$/],
    [{ SLURM_NTASKS: '2', SLURM_PROCID: '0', SLURM_STEP_ID: '0' }, /^tsmpi: .*Slurm.*tsmpirun -n 2.*\n$/],
    [{ OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '1' }, /^$/],
    [{ OMPI_COMM_WORLD_SIZE: '1', OMPI_COMM_WORLD_RANK: '0' }, /^$/],
  ] as const) {
    const job = await alone(env)
    t.match(job, { code: 0, stdout: /^done/, stderr: line }, show(job))
  }
})

void t.test('under tsmpirun, a foreign launcher does not matter', async (t) => {
  const env = { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '0' }
  const job = await runJob(['-n', '1', '--timeout', '140', ALONE], { env })
  t.match(job, { code: 0, stderr: '' }, show(job))
})

void t.test('without the addon a job runs over ZeroMQ, after one warning', async (t) => {
  const env = { TSMPI_NO_ADDON: '1' }
  const job = await runJob(['-n', '4', '--timeout', '140', program('large.mjs'), 'job'], { env })
  t.equal(job.code, 0, show(job))
  t.match(job.stdout, /"ranks":4/)
  t.match(job.stderr, /^tsmpirun: messages go over ZeroMQ, not shared memory; the native addon is not there: .*TSMPI_NO_ADDON.*\n$/)

  const forced = await runJob(['-n', '2', '--transport', 'shm', program('large.mjs'), 'job'], { env })
  t.match(forced, { code: 1, stdout: '', stderr: /^tsmpirun: --transport shm is not possible; .*TSMPI_NO_ADDON.*\n$/ })
})
