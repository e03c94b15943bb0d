// Hosts that cannot be had, and hosts that are lost: what is said, and that nothing is left.
import { join } from 'node:path'
import t from 'tap'
import { fixture, nothingLeft, runJob, startJob, within } from './run.js'
import type { Finished, JobProcess, Running } from './run.js'

const NO_BATCH = { SLURM_JOB_NODELIST: '', SLURM_NODELIST: '', PBS_NODEFILE: '', PE_HOSTFILE: '', LSB_DJOB_HOSTFILE: '', LSB_HOSTS: '' }
const rsh = fixture('rsh.sh')
const run = (args: string[], before = ''): Promise<Finished> =>
  runJob(['--rsh', rsh, ...args], { env: { ...NO_BATCH, RSH_BEFORE: before } })

/** What an agent says first, if it is another. */
const greeting = (version: string, node: string): string =>
  `printf '\\0tsmpi agent \\0{"version":"${version}","node":"${node}","pid":1,"processors":1}\\n'; exec sleep 100`

const refused: [what: string, args: string[], before: string, message: RegExp][] = [
  ['a host that ssh does not reach', [], 'echo "ssh: connect to host a port 22: No route to host" >&2; exit 255',
    /^tsmpirun: host a: its agent could not be started by `\S+rsh.sh a`: it exited with code 255\n  ssh: connect to host a port 22: No route to host\n$/],
  ['a host that does not answer', ['--launch-timeout', '0.5'], 'exec sleep 100', /^tsmpirun: host a: .*: it has not answered within 0.5 s \(--launch-timeout\)\n$/],
  ['a shell that talks and does not start it', ['--launch-timeout', '0.5'], 'echo Welcome to a; printf "\\033[1mPassword:"; exec sleep 100',
    /\(--launch-timeout\)\n  Welcome to a\n  \[1mPassword:\n$/],
  ['a shell that talks without end', [], 'exec yes', /: no agent speaks, but something else does\n  y\n/],
  ['another version', [], greeting('0.0.7', process.versions.node), /: it has tsmpi 0\.0\.7, and here is tsmpi \d+\.\d+\.\d+\n$/],
  ['another Node', [], `v=$(sed -n 's/.*"version": "\\(.*\\)",/\\1/p' ${process.cwd()}/package.json | head -1); ${greeting("'\"$v\"'", '18.1.0')}`,
    /: it has Node 18\.1\.0, and here is Node \d+\.\d+\.\d+\n$/],
  ['a greeting that is none', [], `printf '\\0tsmpi agent \\0{"version"\\n'; exec sleep 100`, /: .*JSON/],
  ['a package that is not there', ['--prefix', '/no/such'], '', /: it exited with code 127\n  tsmpi is not installed there: no \/no\/such\/dist\/launcher\/agent.js, see --prefix\n$/],
  ['an interface that is not there', ['--interface', 'tsmpi9'], '', /^tsmpirun: host (a|localhost): --interface tsmpi9: it has no such address, but lo /],
]

for (const [what, args, before, message] of refused) {
  void t.test(what, async (t) => {
    const { code, stdout, stderr } = await run([...args, '-H', 'localhost,a', 'echo', 'started'], before)
    t.match({ code, stdout }, { code: 1, stdout: '' }, 'no rank has been started')
    t.match(stderr, message)
  })
}

void t.test('what a login prints before the agent speaks is skipped', async (t) => {
  const { code, stdout, stderr } = await run(['-H', 'a,b', 'echo', 'x'], 'echo Welcome; echo warning >&2; printf "no newline"')
  t.same({ code, stdout, stderr }, { code: 0, stdout: 'x\nx\n', stderr: '' })
})

void t.test('a command that is not there, and one of several words', async (t) => {
  const env = { ...NO_BATCH, TSMPI_RSH: '/no/such/rsh -q' }
  t.match(await runJob(['-H', 'a', 'true'], { env }), { code: 1, stderr: /started by `\/no\/such\/rsh -q a`: spawn \/no\/such\/rsh ENOENT\n$/ })
  t.match(await runJob(['--rsh', `env "RSH_LOG=" ${rsh} -F '/a b'`, '-H', 'a', 'echo', 'x'], { env }), { code: 0, stdout: 'x\n' })
})

void t.test('a working directory that is missing there', async (t) => {
  const folder = join(t.testdir({ here: {} }), 'here')
  const { code, stderr } = await run(['--wdir', folder, '-H', 'a', 'true'], `rmdir ${folder}`)
  t.equal(code, 1)
  t.equal(stderr, `tsmpirun: rank 0 (on host a) could not be started: its working directory ${folder} does not exist\n`)
})

const find = (job: Running, wanted: (one: JobProcess) => boolean, index = 0): number =>
  job.processes().filter(wanted).map(({ pid }) => pid).sort((a, b) => a - b)[index] ?? -1
const isLauncher = ({ command }: JobProcess): boolean => command.includes('launcher/main.js')
const isRoot = ({ command, rank }: JobProcess): boolean => rank === undefined && command.endsWith('agent.js')
const isAgent = ({ command }: JobProcess): boolean => command.includes('agent.js greet')

const lost = /^tsmpirun: host \w is lost: .*rank \d ran there/
const losses: [what: string, args: string[], wanted: (one: JobProcess) => boolean, signal: NodeJS.Signals, code: number | null, stderr: RegExp][] = [
  ['the launcher is killed', [], isLauncher, 'SIGKILL', null, /^$/],
  ['the agent here is killed', [], isRoot, 'SIGKILL', 1, /^tsmpirun: the agent on host localhost is gone: it was killed by SIGKILL; its ranks were killed\n$/],
  ['the agent here is stopped', [], isRoot, 'SIGSTOP', 1, /^tsmpirun: the agent on host localhost is gone: nothing was heard of it for 2.4 s; /],
  ['an agent is killed', [], isAgent, 'SIGKILL', 1, lost],
  ['an agent is stopped', [], isAgent, 'SIGSTOP', 1, /^tsmpirun: host \w is lost: nothing was heard of its agent for 2.4 s \(--heartbeat\); rank \d ran there/],
  ['an agent is ended', [], isAgent, 'SIGTERM', 1, lost],
  ['an agent with others behind it is killed', ['--tree-width', '1'], isAgent, 'SIGKILL', 1, /; rank 0 ran there; with it b, reached through it, with rank 1\n$/],
  ['an agent behind another is stopped', ['--tree-width', '1'], isAgent, 'SIGSTOP', 1, lost],
]

for (const [what, args, wanted, signal, expected, message] of losses) {
  for (const [kind, program] of [['programs of any kind', 'spin.mjs'], ['ranks that talk', 'traffic.mjs']] as const) {
    void t.test(`${what}, ${kind}`, async (t) => {
      const all = ['--rsh', rsh, '--heartbeat', '3', ...args, '-H', 'a,b,localhost', fixture(program)]
      const job = startJob(all, { env: NO_BATCH })
      await job.printed('running', 3)
      process.kill(find(job, wanted), signal)
      const { code, stderr } = await job.finished
      t.equal(code, expected)
      t.match(stderr, message)
      t.ok(await nothingLeft(job), 'nothing is left')
    })
  }
}

void t.test('an agent that is stopped for less than the heartbeat', async (t) => {
  const job = startJob(['--rsh', rsh, '--heartbeat', '20', '-H', 'a,b', fixture('sleep.mjs')], { env: NO_BATCH })
  await job.printed('running', 2)
  const agent = find(job, isAgent)
  process.kill(agent, 'SIGSTOP')
  t.ok(await within(10_000, () => job.processes().some(({ pid, state }) => pid === agent && state === 'T')))
  await new Promise((resolve) => setTimeout(resolve, 1000))
  process.kill(agent, 'SIGCONT')
  job.child.kill('SIGUSR2')
  await job.printed('got SIGUSR2', 2)
  job.child.kill('SIGTERM')
  t.equal((await job.finished).code, 143)
})

void t.test('a launcher that is stopped for longer', async (t) => {
  const job = startJob(['--rsh', rsh, '--heartbeat', '1', '-H', 'a,b', fixture('sleep.mjs')], { env: NO_BATCH })
  await job.printed('running', 2)
  job.child.kill('SIGSTOP')
  await new Promise((resolve) => setTimeout(resolve, 2500))
  job.child.kill('SIGCONT')
  job.child.kill('SIGUSR2')
  await job.printed('got SIGUSR2', 2)
  job.child.kill('SIGTERM')
  t.equal((await job.finished).code, 143)
})

void t.test('Ctrl-C while agents are being started', async (t) => {
  const job = startJob(['--rsh', rsh, '-H', 'a,b', 'true'], { env: { ...NO_BATCH, RSH_BEFORE: 'exec sleep 100' } })
  t.ok(await within(20_000, () => job.processes().filter(({ command }) => command.startsWith('sleep')).length === 2))
  job.child.kill('SIGINT')
  const { code, stderr } = await job.finished
  t.match({ code, stderr }, { code: 130, stderr: '' })
  t.ok(await nothingLeft(job), 'nothing is left')
})
