// What a job over hosts does as a job on one host does: output by lines, input, exit codes, reports, time limits, signals.
import { createHash, randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { program, show } from '../jobs/support.js'
import { TSMPIRUN, fixture } from '../launcher/run.js'
import { Cluster } from './support/cluster.js'
import { cleanTest, onHosts, runJob, startJob } from './support/job.js'
import { hostsOrSkip } from './support/skip.js'

const skip = hostsOrSkip('hosts as one')
const ROUNDS = fileURLToPath(new URL('programs/rounds.mjs', import.meta.url))

void t.test('hosts as one', { skip, timeout: 600_000 }, async (t) => {
  const cluster = await Cluster.create(3)
  t.teardown(() => cluster.remove())
  const test = (name: string, body: (t: Test) => Promise<void>): Promise<unknown> => cleanTest(t, () => cluster, name, body)
  const where = onHosts(cluster, 2)

  for (const width of ['32', '1']) {
    await test(`much output of every rank, tree of width ${width}`, async (t) => {
      const [lines, length] = [3000, 200]
      const words = `for (let i = 0; i < ${lines}; i++) console.log(i + 'x'.repeat(${length}))`
      const job = await runJob(cluster, [...where, '--tree-width', width, '--tag-output', process.execPath, '-e', words])
      t.equal(job.code, 0, show(job).slice(0, 2000))
      const next = new Map<string, number>()
      const wrong = job.stdout.trimEnd().split('\n').filter((line) => {
        const [, rank = '', index, rest = ''] = /^\[(\d)\] ?(\d+)(x+)$/.exec(line) ?? []
        const due = next.get(rank) ?? 0
        next.set(rank, due + 1)
        return Number(index) !== due || rest.length !== length
      })
      t.same(wrong.slice(0, 5), [])
      t.same([...next.values()], Array.from({ length: 6 }, () => lines))
    })
  }

  await test('input goes to rank 0, wherever it is', async (t) => {
    const input = randomBytes(3_000_000)
    const job = await runJob(cluster, [...where, '--tree-width', '1', fixture('digest.mjs')], { input })
    t.equal(job.code, 0, show(job))
    const [empty, whole] = ['', input].map((data) => createHash('sha256').update(data).digest('hex')) as [string, string]
    t.same(job.stdout.trim().split('\n').sort(), Array.from({ length: 6 }, (_, rank) => `${rank} ${rank === 0 ? whole : empty}`))
  })

  await test('the first failure is named, with its host and stack; its code is the exit code', async (t) => {
    const uncaught = await runJob(cluster, [...where, program('failures.mjs'), 'uncaught-one'])
    t.equal(uncaught.code, 1, show(uncaught))
    t.match(uncaught.stderr, /^tsmpirun: rank 1 \(pid \d+ on host h1\) ended with an uncaught error:\nRangeError: one rank went wrong\n +at /)
    t.equal(uncaught.stderr.split('one rank went wrong').length, 2)
    const code = await runJob(cluster, [...where, process.execPath, '-e', 'if (process.env.TSMPI_RANK === "4") process.exit(7); setTimeout(() => {}, 600_000)'])
    t.equal(code.code, 7, show(code))
    t.match(code.stderr, /rank 4 \(pid \d+ on host h3\) exited with code 7/)
  })

  await test('a time limit: every rank says what it does', async (t) => {
    const job = await runJob(cluster, [...where, '--timeout', '3', ROUNDS, '600'])
    t.equal(job.code, 124, show(job))
    for (let rank = 0; rank < 6; rank++) t.match(job.stderr, new RegExp(`\\n {2}rank ${rank}: `))
  })

  await test('signals reach every rank', async (t) => {
    const words = "process.on('SIGUSR1', () => { console.log('heard'); process.exit(0) }); console.log('listens'); setTimeout(() => {}, 600_000)"
    const job = startJob(cluster, [...where, '--tree-width', '1', process.execPath, '-e', words])
    await job.printed('listens', 6)
    process.kill(await job.pid(), 'SIGUSR1')
    const finished = await job.finished
    t.equal(finished.code, 0, show(finished))
    t.equal(finished.stdout.split('heard').length, 7)
  })

  await test('standard error and output, files, variables', async (t) => {
    const job = await runJob(cluster, [...where, '-x', 'COLOUR=blue', '--wdir', '/', process.execPath, '-e', 'console.error(process.env.COLOUR, process.cwd(), process.env.TSMPI_RANK)'])
    t.equal(job.code, 0, show(job))
    t.same(job.stderr.trim().split('\n').sort(), Array.from({ length: 6 }, (_, rank) => `blue / ${rank}`))
    t.equal(job.stdout, '')
  })

  await test('a finished reader ends the job', async (t) => {
    const job = await cluster.head.run(['sh', '-c', '"$@" | head -n 1', 'sh', process.execPath, TSMPIRUN, ...where, process.execPath, '-e', "for (;;) console.log('x'.repeat(100))"])
    t.equal(job.trim(), 'x'.repeat(100))
  })

  await test('sixteen ranks a host', async (t) => {
    const job = await runJob(cluster, [...onHosts(cluster, 16, cluster.hosts.slice(0, 2)), ROUNDS, '1'])
    t.equal(job.code, 0, show(job))
    t.match(job.stdout, 'all rounds were right')
  })
})
