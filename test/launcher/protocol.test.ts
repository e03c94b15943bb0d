// Finalize, abort, loss, uncaught errors, timeouts: what ranks tell the launcher, and what it makes of it.
import { existsSync } from 'node:fs'
import t from 'tap'
import { fixture, nothingLeft, runJob, startJob } from './run.js'
import type { Finished } from './run.js'

const run = (size: number, plans: Record<string, string>, ...options: string[]): Promise<Finished> =>
  runJob(['-n', String(size), ...options, fixture('rank.mjs')], { env: { TSMPI_NO_ADDON: '1', ...plans } })

/** Without the one warning that the addon is switched off. */
const own = (stderr: string): string => stderr.replace(/^tsmpirun: messages go over ZeroMQ.*\n/, '')

type Heard = { type: string; rank?: number; sent?: number; finalized?: boolean }[]

void t.test('finalize: every rank hears of all others and how much they sent to it', async (t) => {
  const { code, stdout, stderr } = await run(3, { PLAN: 'finalize' })
  t.equal(code, 0)
  t.match(stderr, /^tsmpirun: messages go over ZeroMQ, not shared memory; .*TSMPI_NO_ADDON is set\n$/)
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
  const ranks = lines.map((line) => JSON.parse(line) as { rank: number; heard: Heard })
  t.equal(ranks.length, 3)
  for (const { rank, heard } of ranks) {
    t.equal(heard[0]?.type, 'job')
    t.equal(heard.at(-1)?.type, 'finalized')
    const ended = heard.filter(({ type }) => type === 'ended').sort((a, b) => Number(a.rank) - Number(b.rank))
    const expected = [0, 1, 2].filter((other) => other !== rank)
    t.same(ended.map((one) => one.rank), expected)
    t.same(ended.map((one) => one.sent), expected.map((other) => (rank === 0 ? 100 + other : 0)))
    t.ok(ended.every((one) => one.finalized))
  }
})

void t.test('a rank that exits in the middle is no failure while nobody waits on it', async (t) => {
  const { code, stdout } = await run(3, { PLAN: 'finalize', PLAN_1: 'exit' })
  t.equal(code, 0)
  t.match(stdout, '"rank":1,"finalized":false,"how":"exited with code 0 without having finalized","sent":11}')
})

void t.test('a program that never imports tsmpi counts once it ends', async (t) => {
  const plan = { TSMPI_NO_ADDON: '1', PLAN: 'finalize' }
  const job = await runJob(['-n', '1', 'sleep', '0.2', ':', '-n', '1', fixture('rank.mjs')], { env: plan })
  t.equal(job.code, 0)
  t.match(job.stdout, '"finalized"')
})

void t.test('a rank that others still wait on is a failure, and named', async (t) => {
  const { code, stderr } = await run(3, { PLAN: 'finalize', PLAN_1: 'exit', PLAN_2: 'lost:1' })
  t.equal(code, 1)
  t.match(own(stderr), /^tsmpirun: rank 1 \(pid \d+ on host \S+\) exited with code 0, without having finalized, /)
  t.match(stderr, /while rank 2 still waited on it: recv\(source 1, tag 7\)\n$/)
})

void t.test('abort ends every rank with its code', async (t) => {
  const { code, stderr } = await run(3, { PLAN: 'spin', PLAN_2: 'abort:5' })
  t.equal(code, 5)
  t.match(own(stderr), /^tsmpirun: rank 2 \(pid \d+ on host \S+\) called abort\(5\): the matrix is singular\n$/)
  t.equal((await run(2, { PLAN: 'abort:256' })).code, 1, 'codes that do not fit are not success')
})

void t.test('an uncaught error is printed once, with its stack and cause', async (t) => {
  const { code, stderr } = await run(4, { PLAN: 'throw' })
  t.equal(code, 1)
  t.match(own(stderr), /^tsmpirun: rank \d \(.*\) ended with an uncaught error:\nTypeError: a broken thing\n/)
  t.equal(stderr.split('TypeError: a broken thing').length, 2)
  t.match(stderr, /\[cause\]: Error: its cause/)
  const rejected = await run(2, { PLAN: 'finalize', PLAN_1: 'reject wait' })
  t.equal(rejected.code, 1)
  t.match(own(rejected.stderr), /^tsmpirun: rank 1 \(.*\n.*nobody cared\n +at /)
})

void t.test('an error in a program that does not use tsmpi, syntax errors included', async (t) => {
  const { code, stderr } = await runJob(['-n', '3', fixture('throw.cjs')])
  t.equal(code, 1)
  t.equal(stderr.split('Error: thrown').length, 2)
  const folder = t.testdir({ 'main.mjs': `import './part.mjs'`, 'part.mjs': 'const a = 1\nlet b = = 2\n' })
  const module = await runJob(['-n', '3', `${folder}/main.mjs`])
  t.equal(module.code, 1)
  t.match(module.stderr, /part\.mjs:2\nlet b = = 2\n/)
  t.equal(module.stderr.split('let b = = 2').length, 2)
  t.match(module.stderr, /tsmpirun: rank \d \(pid \d+ on host \S+\) ended with the error above\n$/)
})

void t.test('threads and children may fail without the rank', async (t) => {
  const { code, stdout, stderr } = await runJob(['-n', '1', fixture('children.mjs')])
  t.match({ code, stdout, stderr }, { code: 0, stdout: 'thread: in a thread\nchild: 1 Error: thrown\n', stderr: '' })
})

void t.test('bytes on the control descriptor that are not ours', async (t) => {
  const { code } = await runJob(['-n', '1', 'sh', '-c', 'printf "null\\n1\\n{}\\nhello\\n" >&3'])
  t.equal(code, 0)
})

void t.test('death by a signal', async (t) => {
  const { code, stderr } = await run(2, { PLAN: 'spin', PLAN_1: 'die' })
  t.equal(code, 139)
  t.match(own(stderr), /^tsmpirun: rank 1 \(pid \d+ on host \S+\) was killed by SIGSEGV\n$/)
})

void t.test('--timeout says what each rank was doing', async (t) => {
  const answered = await run(2, { PLAN: 'answer', PLAN_1: 'finalize' }, '--timeout', '2')
  t.equal(answered.code, 124)
  t.equal(own(answered.stderr), [
    'tsmpirun: the job was ended after 2 s (--timeout)',
    '  rank 0: recv(source 1, tag 7) for 4.2 s',
    '  rank 1: has finalized, waits for the others\n',
  ].join('\n'))
  const computing = await run(1, { PLAN: 'spin' }, '--timeout', '2')
  t.equal(computing.code, 124)
  t.match(own(computing.stderr), '\n  rank 0: computing (did not answer)\n')
  const plain = await runJob(['-n', '1', '--timeout', '0.5', 'sleep', '1000'])
  t.equal(plain.code, 124)
  t.match(plain.stderr, /rank 0: running \(does not use tsmpi\)/)
})

const addon = existsSync(new URL('../../build/Release/tsmpi.node', import.meta.url))
for (const plan of addon ? ['wait', 'spin'] : ['wait']) {
  void t.test(`ranks that use tsmpi die when launcher and agent are gone: ${plan}`, async (t) => {
    const job = startJob(['-n', '2', fixture('rank.mjs')], { env: { PLAN: plan } })
    await job.printed('joined', 2)
    const parents = job.processes().filter(({ rank }) => rank === undefined)
    t.equal(parents.length, 2)
    // Stopped first, so that neither can act on the other's death.
    for (const { pid } of parents) process.kill(pid, 'SIGSTOP')
    for (const { pid } of parents) process.kill(pid, 'SIGKILL')
    t.ok(await nothingLeft(job))
    t.same(job.processes(), [])
  })
}
