// Agents inside a Slurm allocation, all started by one step: its nodes are this machine behind a stand-in for srun.
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { fixture, nothingLeft, startJob, within } from './run.js'
import type { Finished, JobProcess, RunOptions, Running } from './run.js'

const PATH = `${fixture('slurm')}${delimiter}${process.env['PATH']}`
const allocation = (nodes: string): Record<string, string> => ({ PATH, SLURM_JOB_NODELIST: nodes, SLURM_TASKS_PER_NODE: `1(x${nodes.split(',').length})` })
const start = (nodes: string, args: string[], options: RunOptions = {}): Running =>
  startJob(args, { ...options, env: { ...allocation(nodes), ...options.env } })
const run = (nodes: string, args: string[], options: RunOptions = {}): Promise<Finished> => start(nodes, args, options).finished
const lines = (text: string): string[] => text.trim().split('\n').sort()

void t.test('one step for all other nodes', async (t) => {
  const SRUN_LOG = join(t.testdir({}), 'log')
  const { code, stdout, stderr } = await run('a,b,localhost', [fixture('allgather.mjs')], { env: { SRUN_LOG } })
  t.same({ code, stdout, stderr }, { code: 0, stdout: '0,1,2\n', stderr: '' })
  const steps = lines(readFileSync(SRUN_LOG, 'utf8'))
  t.equal(steps.length, 1)
  t.match(steps[0], /^--nodes=2 --ntasks=2 --ntasks-per-node=1 --nodelist=a,b .*--label.* sh -c .*agent.js.* step 5$/)
})

void t.test('as over ssh: output, input, exit codes, variables', async (t) => {
  const tagged = await run('a,b,localhost', ['--tag-output', '--stdin', 'all', 'cat'], { input: 'one\ntwo\n' })
  t.equal(tagged.code, 0)
  t.same(lines(tagged.stdout), [0, 1, 2].flatMap((rank) => [`[${rank}] one`, `[${rank}] two`]))
  const failed = await run('a,b', ['-x', 'CODE=5', '-x', 'CODE_RANK=1', fixture('print.mjs')])
  t.equal(failed.code, 5)
  t.match(failed.stderr, /^tsmpirun: rank 1 \(pid \d+ on host b\) exited with code 5\n$/)
  const much = await run('a,b', ['sh', '-c', 'seq 200000'])
  t.equal(much.code, 0)
  t.equal(much.stdout.length, 2 * Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join('').length)
})

void t.test('one node alone is reached by its step, and no port is opened', async (t) => {
  const SRUN_LOG = join(t.testdir({}), 'log')
  const { code, stdout } = await run('a,localhost', [fixture('allgather.mjs')], { env: { SRUN_LOG } })
  t.same({ code, stdout }, { code: 0, stdout: '0,1\n' })
  t.match(readFileSync(SRUN_LOG, 'utf8'), / greet 5\n$/)
})

const on = (node: string, words: string): string => `if [ "$SLURMD_NODENAME" = ${node} ]; then ${words}; fi`
const refused: [what: string, args: string[], before: string, message: RegExp][] = [
  ['a package that is not there', ['--prefix', '/no/such'], on('a', 'exec sleep 100'),
    /^tsmpirun: host b: its agent could not be started by `srun [^`]+`: its task has ended\n  tsmpi is not installed there: no \/no\/such\/dist\/launcher\/agent.js, see --prefix\n  srun: error: b: task 1: Exited with exit code 127\n$/],
  ['a node that does not answer', ['--launch-timeout', '8'], on('b', 'echo asleep >&2; exec sleep 100'),
    /^tsmpirun: host b: .*: it has not answered within 8 s \(--launch-timeout\)\n  asleep\n$/],
  ['an agent that is killed before it has connected', [], on('b', 'kill -9 $$'), /^tsmpirun: host b: .*: its task has ended\n  srun: error: b: task 1: Killed\n$/],
  ['a node that is none of the job', ['--launch-timeout', '20'], on('b', 'SLURMD_NODENAME=c'),
    /^tsmpirun: host b: .*: its task has ended\n  tsmpirun's agent: SLURMD_NODENAME is 'c', which the job has no use for\n/],
  ['a step that does not begin', [], 'kill -9 $PPID', /^tsmpirun: host a: .*: it was killed by SIGKILL, and with it its step on a,b\n$/],
  ['an interface that is not there', ['--interface', 'tsmpi9'], '', /^tsmpirun: host (a|b|localhost): --interface tsmpi9: it has no such address, but lo /],
]

for (const [what, args, before, message] of refused) {
  void t.test(what, async (t) => {
    const job = start('a,b,localhost', [...args, 'echo', 'started'], { env: { SRUN_BEFORE: before } })
    const { code, stdout, stderr } = await job.finished
    t.match({ code, stdout }, { code: 1, stdout: '' }, 'no rank has been started')
    t.match(stderr, message)
    t.ok(await nothingLeft(job), 'nothing is left')
  })
}

void t.test('an interface that is', async (t) => {
  const { code, stdout, stderr } = await run('a,b', ['--interface', 'lo', fixture('environment.mjs')])
  t.same({ code, stderr }, { code: 0, stderr: '' })
  for (const line of lines(stdout)) t.match(JSON.parse(line), { TSMPI_ADDRESS: /^127\.|^::1$/ })
})

const find = (job: Running, wanted: (one: JobProcess) => boolean): number[] =>
  job.processes().filter(({ rank, ...one }) => rank === undefined && wanted({ rank, ...one })).map(({ pid }) => pid)
const isLauncher = ({ command }: JobProcess): boolean => command.includes('launcher/main.js')
const isRoot = ({ command }: JobProcess): boolean => command.endsWith('agent.js')
const isAgent = ({ command }: JobProcess): boolean => /^\S*node\S* \S*agent.js step/.test(command)
const isStep = ({ command }: JobProcess): boolean => /\/slurm\/srun /.test(command)

const losses: [what: string, wanted: (one: JobProcess) => boolean, signal: NodeJS.Signals, code: number | null, stderr: RegExp][] = [
  ['the launcher is killed', isLauncher, 'SIGKILL', null, /^$/],
  ['the agent here is killed', isRoot, 'SIGKILL', 1, /^tsmpirun: the agent on host localhost is gone: it was killed by SIGKILL; its ranks were killed\n$/],
  ['an agent is killed', isAgent, 'SIGKILL', 1, /^tsmpirun: host (a|b) is lost: (its task has ended|its connection was lost)\n(  srun: error: \1: task \d: Killed\n)?.*rank \d ran there\n$/],
  ['an agent is ended', isAgent, 'SIGTERM', 1, /^tsmpirun: host \w is lost: its connection was lost; rank \d ran there\n$/],
  ['an agent is stopped', isAgent, 'SIGSTOP', 1, /^tsmpirun: host \w is lost: nothing was heard of its agent for 2.4 s \(--heartbeat\); rank \d ran there\n$/],
  ['the step is killed', isStep, 'SIGKILL', 1, /^tsmpirun: host \w is lost: srun was killed by SIGKILL, and with it its step on a,b; rank \d ran there\n$/],
]

for (const [what, wanted, signal, expected, message] of losses) {
  for (const [kind, program] of [['programs of any kind', 'spin.mjs'], ['ranks that talk', 'traffic.mjs']] as const) {
    void t.test(`${what}, ${kind}`, async (t) => {
      const job = start('a,b,localhost', ['--heartbeat', '3', fixture(program)])
      await job.printed('running', 3)
      process.kill(find(job, wanted)[0] ?? -1, signal)
      const { code, stderr } = await job.finished
      t.equal(code, expected)
      t.match(stderr, message)
      t.ok(await nothingLeft(job), 'nothing is left')
    })
  }
}

void t.test('Ctrl-C while the step begins', async (t) => {
  const job = start('a,b', ['true'], { env: { SRUN_BEFORE: 'exec sleep 100' } })
  t.ok(await within(20_000, () => job.processes().filter(({ command }) => command.startsWith('sleep')).length === 2))
  job.child.kill('SIGINT')
  const { code, stderr } = await job.finished
  t.match({ code, stderr }, { code: 130, stderr: '' })
  t.ok(await nothingLeft(job), 'nothing is left')
})
