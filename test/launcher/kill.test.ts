// Whatever is killed, within 2 s no process of the job is left, and no file.
import { readdirSync } from 'node:fs'
import t from 'tap'
import { fixture, nothingLeft, startJob } from './run.js'
import type { JobProcess, Running } from './run.js'

const spin = fixture('spin.mjs')
const kinds: [name: string, args: string[]][] = [
  ['ranks in a busy loop', ['-n', '2', spin]],
  ['ranks that ignore SIGTERM', ['-n', '2', '-x', 'IGNORE=1', spin]],
  ['ranks below a wrapper script', ['-n', '2', fixture('wrapper.sh'), spin]],
  ['ranks that talk', ['-n', '2', fixture('traffic.mjs')]],
  ['ranks that talk over ZeroMQ', ['-n', '2', '--transport', 'zmq', fixture('traffic.mjs')]],
]

/** The first process of the job for which `wanted` holds: of a rank, the one that the agent started. */
function find(job: Running, wanted: (one: JobProcess) => boolean): number {
  const [first] = job.processes().filter(wanted).sort((a, b) => a.pid - b.pid)
  if (!first) throw new Error('no such process')
  return first.pid
}

const victims: [name: string, wanted: (one: JobProcess) => boolean, code: number | null, stderr: RegExp][] = [
  ['the launcher', ({ command }) => command.includes('launcher/main.js'), null, /^$/],
  ['the agent', ({ command }) => command.includes('agent.js'), 1, /^tsmpirun: the agent on host \S+ is gone: /],
  ['a rank', ({ rank }) => rank === 1, 137, /^tsmpirun: rank 1 \(pid \d+ on host \S+\) was killed by SIGKILL\n$/],
]

for (const [kind, args] of kinds) {
  for (const [victim, wanted, expected, message] of victims) {
    void t.test(`SIGKILL of ${victim}, ${kind}`, async (t) => {
      const folder = t.testdir({})
      const shared = readdirSync('/dev/shm')
      const job = startJob(args, { env: { TMPDIR: folder } })
      await job.printed('running', 2)
      process.kill(find(job, wanted), 'SIGKILL')
      t.ok(await nothingLeft(job), 'nothing is left')
      t.same(job.processes(), [])
      const { code, stderr } = await job.finished
      t.equal(code, expected)
      t.match(stderr, message)
      t.same(readdirSync(folder), [], 'no temporary file')
      t.same(readdirSync('/dev/shm').filter((name) => name.includes('tsmpi') && !shared.includes(name)), [])
    })
  }
}

void t.test('a program that leaves children in the background', async (t) => {
  const job = startJob(['-n', '2', 'sh', '-c', 'sleep 1000 & sleep 1000 & echo running'])
  const { code } = await job.finished
  t.equal(code, 0)
  t.ok(await nothingLeft(job), 'nothing is left')
})
