// Agents on several hosts, all of them this machine behind a remote shell that goes nowhere: what works as on one host.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fixture, nothingLeft, runJob, startJob, within } from './run.js'
import type { Finished, RunOptions } from './run.js'

const NO_BATCH = { SLURM_JOB_NODELIST: '', SLURM_NODELIST: '', PBS_NODEFILE: '', PE_HOSTFILE: '', LSB_DJOB_HOSTFILE: '', LSB_HOSTS: '' }
const on = (hosts: string, ...args: string[]): string[] => ['--rsh', fixture('rsh.sh'), '-H', hosts, ...args]
const run = (args: string[], options: RunOptions = {}): Promise<Finished> =>
  runJob(args, { ...options, env: { ...NO_BATCH, ...options.env } })
const lines = (text: string): string[] => text.trim().split('\n').sort()

interface Found {
  cwd: string
  [name: string]: string | undefined
}

void t.test('what ranks find on another host', async (t) => {
  const folder = t.testdir({})
  const args = ['-x', 'GIVEN=a "b\' c', '--wdir', folder, fixture('environment.mjs')]
  const { code, stdout, stderr } = await run(on('a:2,localhost,b', ...args), { env: { NOT_GIVEN: '1' } })
  t.match({ code, stderr }, { code: 0, stderr: '' })
  const found = lines(stdout).map((line) => JSON.parse(line) as Found).sort((a, b) => Number(a['TSMPI_RANK']) - Number(b['TSMPI_RANK']))
  const path = process.env['PATH']
  t.match(found, [0, 1, 2, 3].map((rank) => ({ TSMPI_RANK: `${rank}`, cwd: folder, GIVEN: 'a "b\' c', PATH: path, TSMPI_HOSTS: 'a,localhost,b;0x2,1-2' })))
  t.same(found.map(({ LOGIN, NOT_GIVEN }) => LOGIN ?? NOT_GIVEN), ['yes', 'yes', '1', 'yes'], 'the login environment, or here all of it')
  t.equal(new Set(found.map(({ TSMPI_RANKS_PER_CORE }) => TSMPI_RANKS_PER_CORE)).size, 1)
  for (const { TSMPI_ADDRESS } of found) t.match(TSMPI_ADDRESS, /^[\d.]+$|^[\da-f:]+$/)
})

void t.test('ranks that are all on one other host need no address', async (t) => {
  const { code, stdout } = await run(on('a:2', fixture('environment.mjs')))
  t.equal(code, 0)
  for (const line of lines(stdout)) t.notOk('TSMPI_ADDRESS' in (JSON.parse(line) as Found))
})

void t.test('messages between hosts', async (t) => {
  const { code, stdout, stderr } = await run(on('a:2,localhost,b', fixture('allgather.mjs')))
  t.same({ code, stdout, stderr }, { code: 0, stdout: '0,1,2,3\n', stderr: '' })
})

void t.test('a tree: no agent starts more than its width, and all is as without', async (t) => {
  const RSH_LOG = join(t.testdir({}), 'log')
  const tree = (...args: string[]): string[] => on('h[1-7]', '--tree-width', '2', ...args)
  const failed = await run(tree('-x', 'CODE=5', '-x', 'CODE_RANK=6', fixture('print.mjs')))
  t.equal(failed.code, 5)
  t.match(failed.stderr, /^tsmpirun: rank 6 \(pid \d+ on host h7\) exited with code 5\n$/)
  const { code, stdout } = await run(tree('--tag-output', '--stdin', 'all', 'cat'), { env: { RSH_LOG }, input: 'one\ntwo\n' })
  t.equal(code, 0)
  t.same(lines(stdout), Array.from({ length: 7 }, (_, rank) => [`[${rank}] one`, `[${rank}] two`]).flat().sort())
  const started = lines(readFileSync(RSH_LOG, 'utf8')).map((line) => line.split(' '))
  t.same(started.map(([host]) => host), ['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7'])
  const children = groups(started.map(([, parent = '']) => parent))
  t.ok(children.every(({ length }) => length <= 2), 'width')
  t.ok(children.length >= 4, `${children.length} agents have started others`)
})

void t.test('more hosts than one agent starts by default', async (t) => {
  const RSH_LOG = join(t.testdir({}), 'log')
  // as many processes as that take long to start on few processors
  const { code, stdout } = await run(on('h[1-34]', '--heartbeat', '60', 'sh', '-c', 'echo $TSMPI_RANK'), { env: { RSH_LOG } })
  t.equal(code, 0)
  t.same(lines(stdout), Array.from({ length: 34 }, (_, rank) => `${rank}`).sort())
  const parents = groups(lines(readFileSync(RSH_LOG, 'utf8')).map((line) => line.split(' ')[1] ?? ''))
  t.same(parents.map(({ length }) => length).sort((a, b) => b - a), [32, 1, 1], 'two of the hosts are reached through others')
})

void t.test('agents are started beside each other', async (t) => {
  const folder = t.testdir({})
  // each host waits for all others: one after the other they would never answer
  const meet = `: >${folder}/$RSH_HOST; until [ "$(ls ${folder} | wc -l)" = 6 ]; do sleep 0.02; done`
  const { code, stdout } = await run(on('h[1-6]', '--launch-timeout', '60', 'echo', 'x'), { env: { RSH_BEFORE: meet } })
  t.match({ code, stdout }, { code: 0, stdout: 'x\n'.repeat(6) })
})

/** Equal items together. */
const groups = (items: string[]): string[][] => [...new Set(items)].map((one) => items.filter((item) => item === one))

void t.test('much output against a slow reader', async (t) => {
  const job = startJob(on('a,b,localhost', 'sh', '-c', 'seq 300000'), { env: NO_BATCH })
  job.child.stdout?.pause()
  await new Promise((resolve) => setTimeout(resolve, 500))
  job.child.stdout?.resume()
  const { code, stdout } = await job.finished
  t.equal(code, 0)
  const counts = new Map<string, number>()
  for (const line of stdout.trim().split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1)
  t.equal(counts.size, 300_000)
  t.ok([...counts.values()].every((count) => count === 3), 'each line of each rank, whole')
})

void t.test('signals', async (t) => {
  const job = startJob(on('a,b,localhost', fixture('sleep.mjs')), { env: NO_BATCH })
  await job.printed('running', 3)
  job.child.kill('SIGUSR1')
  await job.printed('got SIGUSR1', 3)
  job.child.kill('SIGTSTP')
  const stopped = (): boolean => job.processes().filter(({ state }) => state === 'T').length === 4
  t.ok(await within(20_000, stopped), 'the launcher and three ranks are stopped')
  job.child.kill('SIGCONT')
  await job.printed('got SIGCONT', 3)
  job.child.kill('SIGTERM')
  const { code, stdout } = await job.finished
  t.equal(code, 143)
  t.equal(stdout.split('ended by SIGTERM').length, 4)
  t.ok(await nothingLeft(job), 'nothing is left')
})

void t.test('--timeout asks ranks on all hosts what they do', async (t) => {
  const args = on('a,b', '--timeout', '2', '-x', 'PLAN=answer', fixture('rank.mjs'))
  const { code, stderr } = await run(args)
  t.equal(code, 124)
  t.match(stderr, /rank 0: recv\(source 1, tag 7\).*\n +rank 1: recv\(source 2, tag 7\)/)
})

void t.test('the secret is in no command line and no environment', async (t) => {
  const job = startJob(on('a,b', '--tree-width', '1', fixture('secret.mjs')), { env: NO_BATCH })
  let text = ''
  job.child.stdout?.on('data', (chunk: string) => (text += chunk))
  await job.printed('secret ', 2)
  t.ok(await within(10_000, () => /secret [0-9a-f]{64}\n/.test(text)))
  const [, secret] = /secret (\w+)/.exec(text) ?? []
  const processes = job.processes()
  t.ok(processes.filter(({ command }) => command.includes('agent.js')).length >= 3)
  for (const { pid, command } of processes) {
    const all = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1')).join('\n')
    t.notOk(all.includes(secret ?? '?'), command)
  }
  job.child.kill('SIGTERM')
  await job.finished
})
