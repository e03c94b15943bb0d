// Jobs on several hosts, under a launcher that says nothing of a rank that dies: others notice, and take no rank for dead that
// only computes.
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { Watch } from '../../lib/bootstrap/pmi-watch.js'
import { program, show } from '../jobs/support.js'
import '../launcher/run.js'
import { onHosts, runFake } from './pmi-server.js'
import type { FakeJob, FakeOptions } from './pmi-server.js'

const addon = process.platform === 'linux' && !process.env['TSMPI_NO_ADDON']

const run = (scenario: string, places: string, options: Partial<FakeOptions> = {}): Promise<FakeJob> =>
  runFake({ version: 1, args: [program('foreign.mjs'), scenario], ...onHosts(places), ...options })

const described = (job: FakeJob): string => `${show({ ...job, code: job.codes.find(Boolean) ?? 0, signal: null })}\n${job.aborted.join('\n')}`

const GONE = /^tsmpi: rank 1 on \S+ \(127\.0\.0\.1:\d+\) is gone: it was killed, or crashed, or its host is cut off: its port refuses connections\n$/

t.setTimeout(300_000)

const cases: [scenario: string, places: string, version: 1 | 2, what: string][] = [
  ['kill', 'ab', 1, 'is killed'],
  ['kill', 'abca', 2, 'is killed, one of several'],
  ['killunseen', 'aba', 1, 'is killed while the rank that watches it computes'],
  ['killlate', 'aba', 2, 'is killed in finalize'],
  ['killearly', 'ab', 1, 'is killed before its event loop has turned'],
]
for (const [scenario, places, version, what] of cases) {
  void t.test(`a rank alone on its host ${what}`, { skip: !addon && 'needs the addon' }, async (t) => {
    const job = await run(scenario, places, { version })
    t.match(job.aborted[0], 'cmd=abort', described(job))
    t.match(job.stderr, GONE)
  })
}

for (const scenario of ['busy', 'stopped']) {
  void t.test(`nobody takes a rank for dead that is ${scenario} for long`, { skip: !addon && 'needs the addon' }, async (t) => {
    const job = await run(scenario, 'aba')
    t.match(job, { codes: [0, 0, 0], stdout: '3\n3\n3\n', stderr: '', finalized: [0, 1, 2] }, described(job))
  })
}

void t.test('without the addon', async (t) => {
  const { env } = onHosts('aba')
  const without = { env: { ...env, TSMPI_NO_ADDON: '1', TSMPI_TRANSPORT: 'zmq' } }
  const well = await run('well', 'aba', without)
  t.same(well.codes, [0, 0, 0], described(well))
  t.same(well.finalized, [0, 1, 2])
  const killed = await run('kill', 'aba', without)
  t.match(killed.aborted[0], 'cmd=abort', described(killed))
  t.match(killed.stderr, GONE)
})

/** A port at which connections are ended after a time, as ZeroMQ does with those that say nothing. */
async function port(milliseconds: number): Promise<{ endpoint: string; server: Server; sockets: Set<Socket>; count: () => number }> {
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createServer((socket) => {
    accepted++
    sockets.add(socket)
    socket.on('error', () => {})
    setTimeout(() => socket.destroy(), milliseconds).unref()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { endpoint: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, server, sockets, count: () => accepted }
}

void t.test('connections that are ended are made again, but not in a hurry', async (t) => {
  const there = await port(10)
  const gone: string[] = []
  const watch = new Watch(there.endpoint, (why) => gone.push(why))
  await delay(3500)
  t.same(gone, [])
  t.ok(there.count() >= 2 && there.count() <= 8, `${there.count()} connections`)
  there.server.close()
  for (const socket of there.sockets) socket.destroy()
  while (gone.length === 0) await delay(10)
  await delay(1500)
  t.same(gone, ['its port refuses connections'], 'said once')
  watch.close()
})

void t.test('nothing is said after the end', async (t) => {
  const there = await port(60_000)
  const watch = new Watch(there.endpoint, () => t.fail('it was said'))
  while (there.count() === 0) await delay(10)
  watch.close()
  there.server.close()
  for (const socket of there.sockets) socket.destroy()
  await delay(1500)
})
