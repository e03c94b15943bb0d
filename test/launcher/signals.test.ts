// Signals to tsmpirun: which end the job and which are passed on.
import t from 'tap'
import { fixture, startJob, within } from './run.js'

const sleep = fixture('sleep.mjs')

for (const [signal, expected] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
  void t.test(`${signal} ends the job`, async (t) => {
    const job = startJob(['-n', '2', sleep])
    await job.printed('running', 2)
    job.child.kill(signal)
    const { code, stdout, stderr } = await job.finished
    t.equal(code, expected)
    t.match(stdout, /ended by SIGTERM 0/)
    t.match(stdout, /ended by SIGTERM 1/)
    t.equal(stderr, '')
    t.same(job.processes(), [])
  })
}

void t.test('ranks that ignore SIGTERM are killed', async (t) => {
  const job = startJob(['-n', '2', '-x', 'IGNORE=1', sleep])
  await job.printed('running', 2)
  job.child.kill('SIGINT')
  await job.printed('ignored SIGTERM', 2)
  const { code } = await job.finished
  t.equal(code, 130)
  t.same(job.processes(), [])
})

void t.test('a second Ctrl-C kills at once', async (t) => {
  const job = startJob(['-n', '2', '-x', 'IGNORE=1', sleep])
  await job.printed('running', 2)
  job.child.kill('SIGINT')
  await job.printed('ignored SIGTERM', 2)
  const begin = Date.now()
  job.child.kill('SIGINT')
  const { code } = await job.finished
  t.equal(code, 130)
  t.comment(`${Date.now() - begin} ms`)
})

void t.test('USR1 and USR2 reach every rank', async (t) => {
  const job = startJob(['-n', '2', sleep])
  await job.printed('running', 2)
  job.child.kill('SIGUSR1')
  await job.printed('got SIGUSR1', 2)
  job.child.kill('SIGUSR2')
  await job.printed('got SIGUSR2', 2)
  job.child.kill('SIGTERM')
  t.equal((await job.finished).code, 143)
})

void t.test('TSTP stops launcher and ranks, CONT resumes them', async (t) => {
  const job = startJob(['-n', '2', sleep])
  await job.printed('running', 2)
  job.child.kill('SIGTSTP')
  const stopped = (): boolean => job.processes().filter(({ state }) => state === 'T').length === 3
  t.ok(await within(20_000, stopped), 'the launcher and two ranks are stopped')
  job.child.kill('SIGCONT')
  await job.printed('got SIGCONT', 2)
  t.equal(job.processes().filter(({ state }) => state === 'T').length, 0)
  job.child.kill('SIGTERM')
  t.equal((await job.finished).code, 143)
})

void t.test('stopped ranks can be ended', async (t) => {
  const job = startJob(['-n', '2', sleep])
  await job.printed('running', 2)
  for (const { pid, rank } of job.processes()) if (rank !== undefined) process.kill(pid, 'SIGSTOP')
  job.child.kill('SIGTERM')
  const { code, stdout } = await job.finished
  t.equal(code, 143)
  t.match(stdout, /ended by SIGTERM 0/)
})
