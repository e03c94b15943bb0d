// Whole ranks under a launcher that speaks PMI, played by the test: how they find each other, what they refuse, how they end.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import t from 'tap'
import { parseCard } from '../../lib/bootstrap/pmi-cards.js'
import { TransportError } from '../../lib/errors.js'
import { program, show } from '../jobs/support.js'
import '../launcher/run.js'
import { onHosts, plainEnvironment, runFake, tamper } from './pmi-server.js'
import type { FakeJob, FakeOptions } from './pmi-server.js'

const FOREIGN = program('foreign.mjs')
const addon = process.platform === 'linux' && !process.env['TSMPI_NO_ADDON']

const run = (scenario: string, options: Partial<FakeOptions> = {}): Promise<FakeJob> =>
  runFake({ version: 1, size: 3, args: [FOREIGN, scenario], ...options })

const described = (job: FakeJob): string => `${show({ ...job, code: job.codes.find(Boolean) ?? 0, signal: null })}\n${job.aborted.join('\n')}`

t.setTimeout(300_000)

for (const version of [1, 2] as const) {
  for (const env of [{}, { TSMPI_TRANSPORT: 'zmq' }] as Record<string, string>[]) {
    for (const size of [1, 2, 5]) {
      void t.test(`PMI-${version}, ${size} ranks, ${JSON.stringify(env)}`, async (t) => {
        const job = await run('well', { version, size, env })
        t.equal(job.stderr, '', described(job))
        t.same(job.codes, new Array(size).fill(0))
        t.same(job.finalized, size === 1 ? [] : [...new Array(size).keys()], 'PMI was finalized')
        const ranks = job.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
        t.equal(ranks.length, size)
        for (const one of ranks) {
          t.match(one, { size, sum: (size * (size - 1)) / 2, right: true, role: [], child: '0 of 1' })
          t.equal(one['from'], ((one['rank'] as number) + size - 1) % size)
        }
      })
    }
  }
}

for (const version of [1, 2] as const) {
  for (const places of ['aabb', 'abcab', 'abc']) {
    void t.test(`PMI-${version}, ranks on hosts ${places}`, { skip: !addon && 'needs the addon' }, async (t) => {
      const job = await run('well', { version, ...onHosts(places) })
      const { size } = onHosts(places)
      t.equal(job.stderr, '', described(job))
      t.same(job.codes, new Array(size).fill(0))
      t.same(job.finalized, [...new Array(size).keys()], 'PMI was finalized')
      const ranks = job.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
      for (const one of ranks) t.match(one, { size, sum: (size! * (size! - 1)) / 2, right: true, role: [] })
    })
  }
}

void t.test('how jobs on several hosts end', { skip: !addon && 'needs the addon' }, async (t) => {
  const on = onHosts('aab')
  const cases: [string, string, RegExp][] = [
    ['throw', 'cmd=abort', /tsmpi: rank 1 ended with an uncaught error:\nError: thrown on purpose/],
    ['exit', 'cmd=abort exitcode=3', /^$/],
    ['abort', 'cmd=abort exitcode=42', /^tsmpi: rank 1 called abort\(42\): aborted on purpose\n$/],
    ['kill', 'cmd=abort', /^tsmpi: rank 1 \(process \d+\) is gone: it was killed, or crashed\n$/],
    ['leave', 'cmd=abort', /rank \d exited with code 0, without having finalized/],
  ]
  for (const [scenario, aborted, stderr] of cases) {
    const job = await run(scenario, on)
    t.match(job.aborted[0], aborted, `${scenario}: ${described(job)}`)
    t.match(job.stderr, stderr, scenario)
  }
  const late = await run('late', on)
  t.match(late, { codes: [0, 0, 0], stdout: 'late\nfinalized\nfinalized\nfinalized\n', stderr: '', finalized: [0, 1, 2] }, described(late))
  const network = await run('late', { ...on, env: { TSMPI_INTERFACE: '127.0.0.0/8' } })
  t.match(network, { codes: [0, 0, 0], stderr: '' }, described(network))
  const nowhere = await run('well', { ...on, env: { TSMPI_INTERFACE: 'eth99' } })
  t.match(nowhere.stderr, /cannot join the job: TSMPI_INTERFACE=eth99: this host has no such address, but .*lo 127\.0\.0\.1/)
})

void t.test('nothing is left in /dev/shm', { skip: !addon }, async (t) => {
  const before = readdirSync('/dev/shm')
  const job = await run('kill')
  t.ok(job.aborted.length > 0, described(job))
  t.same(readdirSync('/dev/shm').filter((name) => !before.includes(name)), [])
})

void t.test('how jobs end', { skip: !addon && 'needs the addon' }, async (t) => {
  const cases: [string, 1 | 2, string, RegExp][] = [
    ['throw', 2, 'cmd=abort', /tsmpi: rank 1 ended with an uncaught error:\nError: thrown on purpose/],
    ['exit', 1, 'cmd=abort exitcode=3', /^$/],
    ['abort', 1, 'cmd=abort exitcode=42', /^tsmpi: rank 1 called abort\(42\): aborted on purpose\n$/],
    ['kill', 2, 'cmd=abort', /^tsmpi: rank 1 \(process \d+\) is gone: it was killed, or crashed\n$/],
    ['lost', 1, 'cmd=abort exitcode=1', /tsmpi: rank 1 has ended while rank \d still waited on it: recv\(source 1/],
    ['finalized', 1, 'cmd=abort exitcode=1', /rank 0 of COMM_WORLD has left \(it has finalized\)/],
  ]
  for (const [scenario, version, aborted, stderr] of cases) {
    const job = await run(scenario, { version })
    t.match(job.aborted[0], aborted, `${scenario}: ${described(job)}`)
    t.match(job.stderr, stderr, scenario)
  }
  const leave = await run('leave')
  t.match(leave, { codes: [0, 0, 0], stdout: 'last words\n', stderr: '', finalized: [0, 1, 2], aborted: [] }, described(leave))
})

void t.test('how jobs end without shared memory', async (t) => {
  const env = { TSMPI_TRANSPORT: 'zmq' }
  const lost = await run('lost', { env })
  t.match(lost.stderr, 'tsmpi: rank 1 exited with code 0, without having finalized: await finalize() before process.exit()', described(lost))
  t.match(lost.aborted[0], 'cmd=abort exitcode=1')
  const late = await run('late', { env })
  t.match(late, { codes: [0, 0, 0], stdout: 'late\nfinalized\nfinalized\nfinalized\n', stderr: '', finalized: [0, 1, 2] }, described(late))
})

void t.test('without the addon, one warning', async (t) => {
  const job = await run('well', { env: { TSMPI_NO_ADDON: '1' } })
  t.same(job.codes, [0, 0, 0], described(job))
  t.match(job.stderr, /^tsmpi: messages go over ZeroMQ, not shared memory; rank 0: the native addon is not there: TSMPI_NO_ADDON is set\n$/)
  const forced = await run('well', { env: { TSMPI_NO_ADDON: '1', TSMPI_TRANSPORT: 'shm' } })
  t.match(forced.stderr, /cannot join the job: TSMPI_TRANSPORT=shm of rank 0 is not possible; rank 0: the native addon/)
  t.match(forced.aborted[0], 'cmd=abort exitcode=1')
})

void t.test('shared memory that cannot be opened', { skip: !addon && 'needs the addon' }, async (t) => {
  const wrongBell = tamper(1, (card) => void ((card['bells'] as { inode: number }[])[0]!.inode += 1))
  const wrongPid = tamper(0, (card) => void (card['pid'] = 1))
  const noSegment = (key: string, value: string): string => (key === 'tsmpi-segment-0' ? 'AAAA' : value)
  for (const change of [wrongBell, wrongPid, noSegment]) {
    const job = await run('well', { tamper: change })
    t.same(job.codes, [0, 0, 0], described(job))
    t.match(job.stderr, /^tsmpi: messages go over ZeroMQ, not shared memory; rank 0: .*\n$/)
  }
})

void t.test('cards and launchers that are not right', async (t) => {
  const cases: [FakeOptions['tamper'], RegExp][] = [
    [tamper(1, (card) => void (card['format'] = 99)), /card of rank 1 is of format 99, not \d+: all ranks must use one version/],
    [tamper(1, (card) => void (card['host'] = 5)), /card of rank 1 lacks something/],
    [(key, value) => (key === 'tsmpi-card-2' ? '!!!' : value), /card of rank 2 is not one/],
  ]
  for (const [change, message] of cases) {
    const job = await run('well', { tamper: change! })
    t.match(job.stderr, message)
    t.match(job.aborted[0], 'cmd=abort exitcode=1', described(job))
    t.equal(job.stdout, '')
  }
  const gone = await run('well', { hangUpAt: 1 })
  t.match(gone.stderr, /cannot join the job: PMI: the launcher closed the connection/, described(gone))
})

void t.test('a role without its descriptor', async (t) => {
  for (const [env, message] of [
    [{ PMI_FD: '77', PMI_RANK: '0', PMI_SIZE: '2' }, /StateError: PMI_FD=77 PMI_RANK=0 PMI_SIZE=2 say that a launcher started this process, but: descriptor 77 is not a socket/],
    [{ PMI_FD: '1', PMI_RANK: '5', PMI_SIZE: '2' }, /StateError: .*describe no rank of a job/],
    [{ PMI_FD: 'x', PMI_RANK: '0', PMI_SIZE: '2' }, /StateError: .*describe no rank of a job/],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [FOREIGN, 'child'], { env: { ...plainEnvironment(), ...env }, encoding: 'utf8' })
    t.equal(status, 1)
    t.match(stderr, message)
  }
})

void t.test('whatever is on a card is refused or a card', async (t) => {
  const key = 'ab'.repeat(32)
  const good = { format: 3, host: 'h', place: 'p', pid: 1, transport: 'auto', address: '10.0.0.1', key, processors: 2 }
  const bad = [null, 7, '', [], -1, 'x'.repeat(300), { fd: -1 }, [{ fd: 1, inode: 2 }]]
  t.match(parseCard(Buffer.from(JSON.stringify(good)).toString('base64url'), 1), good)
  for (const name of ['format', 'host', 'place', 'pid', 'transport', 'address', 'key', 'port', 'processors', 'bells', 'reason', 'job']) {
    for (const value of bad) {
      const text = Buffer.from(JSON.stringify({ ...good, [name]: value })).toString('base64url')
      if (name === 'host' && typeof value === 'string' && value.length === 300) t.throws(() => parseCard(text, 1), TransportError)
      try {
        parseCard(text, 1)
        t.ok((['pid', 'port', 'processors'].includes(name) && value === 7), `${name}: ${JSON.stringify(value)} was taken`)
      } catch (error) {
        t.ok(error instanceof TransportError, `${name}: ${JSON.stringify(value)}`)
      }
    }
  }
})
