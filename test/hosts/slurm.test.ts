// A real Slurm: tsmpirun inside allocations, ranks by srun alone, and what is left after scancel.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { program, show } from '../jobs/support.js'
import { TSMPIRUN, within } from '../launcher/run.js'
import { Cluster } from './support/cluster.js'
import { cleanTest, processes, ranksOf, startCommand } from './support/job.js'
import type { HostJob } from './support/job.js'
import { slurmOrSkip } from './support/skip.js'
import { startSlurm, untilIdle } from './support/slurm.js'

const skip = slurmOrSkip('Slurm')
const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
const ROUNDS = fileURLToPath(new URL('programs/rounds.mjs', import.meta.url))
const node = process.execPath
const HITS = ' 785475 hits in 1000000 samples'
const picture = (text: string): string => text.split('\n').filter((line) => !/\d/.test(line)).join('\n')

void t.test('Slurm', { skip, timeout: 600_000 }, async (t) => {
  const cluster = await Cluster.create(3)
  t.teardown(() => cluster.remove())
  const slurm = await startSlurm(cluster)
  const start = (...argv: string[]): HostJob => startCommand(cluster, argv, { env: slurm })
  const idle = (): Promise<void> => untilIdle(cluster, slurm)
  const test = (name: string, body: (t: Test) => Promise<void>): Promise<unknown> =>
    cleanTest(t, () => cluster, name, async (t) => {
      await body(t)
      await idle()
    })

  await test('tsmpirun inside salloc: as many ranks as tasks', async (t) => {
    const job = await start('salloc', '-N', '3', '-n', '8', node, TSMPIRUN, program('hosts.mjs')).finished
    t.equal(job.code, 0, show(job))
    const said = job.stdout.trim().split('\n').map((line) => JSON.parse(line) as { rank: number; hosts: string[]; processor: string })
    t.equal(said.length, 8)
    t.same([...new Set(said[0]!.hosts)], ['h1', 'h2', 'h3'])
    for (const { rank, hosts, processor } of said) t.equal(processor, hosts[rank])
  })

  await test('one step starts all agents; another network', async (t) => {
    const job = start('salloc', '-N', '3', '-n', '6', node, TSMPIRUN, '--interface', '10.78.0.0/16', ROUNDS, '3')
    await job.printed(' talks', 6)
    const steps = (await cluster.head.run(['squeue', '--steps', '-h', '-o', '%i %N'], { env: slurm })).trim().split('\n')
    t.equal(steps.length, 1, steps.join())
    t.match(steps[0], /^\d+\.0 h\[1-3\]$/)
    t.match(await cluster.head.run(['ss', '-ltnH'], { env: slurm }), ` ${cluster.head.address2}:`)
    const finished = await job.finished
    t.equal(finished.code, 0, show(finished))
  })

  await test('a node on which tsmpi is not installed', async (t) => {
    const prefix = join(cluster.folder, 'package')
    await cluster.head.run(['sh', '-c', 'mkdir "$0" && ln -s "$1"/* "$0"', prefix, process.cwd()])
    await cluster.host('h2').mount(prefix, '64k')
    const job = await start('salloc', '-N', '3', '-n', '6', node, TSMPIRUN, '--prefix', prefix, ROUNDS, '0').finished
    t.equal(job.code, 1, show(job))
    t.match(job.stderr, /tsmpirun: host h2: its agent could not be started by `srun .*: its task has ended\n/)
    t.match(job.stderr, /\n {2}tsmpi is not installed there: no \S+agent.js, see --prefix\n/)
    t.match(job.stderr, /\n {2}srun: error: h2: task 1: Exited with exit code 127\n/)
  })

  await test('collectives inside salloc', async (t) => {
    const job = await start('salloc', '-N', '3', '--ntasks-per-node', '2', node, TSMPIRUN, program('across.mjs')).finished
    t.equal(job.code, 0, show(job))
    t.match(job.stdout, 'rank 5 of 6: ok')
  })

  await test('pi by sbatch', async (t) => {
    const script = cluster.file('pi.sh', `#!/bin/sh\n${node} ${TSMPIRUN} ${example('pi.js')} --samples 1e6\n`)
    const output = join(cluster.folder, 'pi.out')
    const job = await start('sbatch', '-N', '3', '-n', '8', '-o', output, script).finished
    t.equal(job.code, 0, show(job))
    const printed = (): string => (existsSync(output) ? readFileSync(output, 'utf8') : '')
    await within(60_000, () => printed().includes(HITS))
    t.match(printed(), HITS)
  })

  await test('what the script of sbatch runs itself is no rank, and no warning is due', async (t) => {
    const alone = `${node} --input-type=module -e "import { COMM_WORLD } from 'tsmpi'; console.log('a world of', COMM_WORLD.size)"`
    const script = cluster.file('alone.sh', `#!/bin/sh\necho "task $SLURM_PROCID of $SLURM_NTASKS"; ${alone}; echo; srun --mpi=none -n 2 ${alone}; echo over\n`)
    const output = join(cluster.folder, 'alone.out')
    const job = await start('sbatch', '-N', '2', '-n', '4', '-o', output, script).finished
    t.equal(job.code, 0, show(job))
    const printed = (): string => (existsSync(output) ? readFileSync(output, 'utf8') : '')
    t.ok(await within(60_000, () => printed().includes('over\n')))
    const [first = '', step = ''] = printed().split('\n\n')
    t.equal(first, 'task 0 of 4\na world of 1')
    t.match(step, /^tsmpi: this process was started by Slurm as one of 2, which tsmpi does not know how to join/m)
    t.equal(step.split('\n').filter((line) => line.startsWith('tsmpi: ')).length, 1, 'once')
    t.equal(step.split('a world of 1\n').length, 3)
  })

  await test('pi by srun alone', async (t) => {
    const job = await start('srun', '--mpi=pmi2', '-N', '3', '-n', '8', node, example('pi.js'), '--samples', '1e6').finished
    t.equal(job.code, 0, show(job))
    t.match(job.stdout, HITS)
  })

  await test('the heat example both ways', async (t) => {
    const alone = await start(node, TSMPIRUN, '-n', '1', example('heat2d.ts')).finished
    t.equal(alone.code, 0, show(alone))
    const ways = [
      ['salloc', '-N', '3', '-n', '6', node, TSMPIRUN, example('heat2d.ts')],
      ['srun', '--mpi=pmi2', '-N', '3', '-n', '6', node, '--import', 'tsx', example('heat2d.ts')],
    ]
    for (const way of ways) {
      const job = await start(...way).finished
      t.equal(job.code, 0, show(job))
      t.equal(picture(job.stdout), picture(alone.stdout), way[0])
    }
  })

  await test('scancel: of a job of tsmpirun, of one of srun', async (t) => {
    const ways = [
      ['salloc', '-N', '3', '-n', '6', node, TSMPIRUN, ROUNDS, '600'],
      ['srun', '--mpi=pmi2', '-N', '3', '-n', '6', node, ROUNDS, '600'],
    ]
    for (const way of ways) {
      const job = start(...way)
      await job.printed(' talks', 6)
      await cluster.head.run(['scancel', '-u', 'root'], { env: slurm })
      const finished = await job.finished
      t.ok(finished.code !== 0, show(finished))
      t.ok(await within(60_000, () => processes(cluster.all).length === 0), `${way[0]}: nothing is left`)
      await idle()
    }
    const next = await start('srun', '--mpi=pmi2', '-n', '6', node, ROUNDS, '0').finished
    t.equal(next.code, 0, `the next job works: ${show(next)}`)
  })

  await test('a rank of srun is killed', async (t) => {
    const job = start('srun', '--mpi=pmi2', '--kill-on-bad-exit', '-N', '3', '-n', '6', node, ROUNDS, '600')
    await job.printed(' talks', 6)
    process.kill(ranksOf(cluster.host('h2'), ROUNDS)[0]!.pid, 'SIGKILL')
    const finished = await job.finished
    t.ok(finished.code !== 0, show(finished))
  })

  await test('a rank of srun that is alone on its host is killed, which Slurm tells nobody', async (t) => {
    const job = start('srun', '--mpi=pmi2', '-N', '3', '-n', '3', node, ROUNDS, '600')
    await job.printed(' talks', 3)
    const begun = Date.now()
    process.kill(ranksOf(cluster.host('h2'), ROUNDS)[0]!.pid, 'SIGKILL')
    const finished = await job.finished
    t.ok(finished.code !== 0, show(finished))
    t.match(finished.stderr, /tsmpi: rank \d on h2 \(10\.77\.0\.2:\d+\) is gone: it was killed, or crashed, or its host is cut off/)
    t.comment(`after ${Date.now() - begun} ms`)
    t.ok(await within(30_000, () => processes(cluster.all).length === 0), 'nothing is left')
  })

  await test('the launcher is killed, and a rank', async (t) => {
    for (const what of ['launcher', 'rank'] as const) {
      const job = start('salloc', '-N', '3', '-n', '6', node, TSMPIRUN, ROUNDS, '600')
      await job.printed(' talks', 6)
      const victims = processes(what === 'rank' ? [cluster.host('h2')] : [cluster.head]).filter(({ command }) => command.startsWith(node) && command.includes(ROUNDS))
      process.kill(victims[0]!.pid, 'SIGKILL')
      const finished = await job.finished
      // A command that was killed is no failure to salloc.
      if (what === 'rank') {
        t.equal(finished.code, 137, show(finished))
        t.match(finished.stderr, /rank \d \(pid \d+ on host h2\) was killed by SIGKILL/)
      }
      await idle()
    }
  })
})
