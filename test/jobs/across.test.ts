// Jobs on several hosts, all of which are this machine: shared memory inside each host and TCP between them.
import t from 'tap'
import { runJob } from '../launcher/run.js'
import { program, runLongForJson, show } from './support.js'

const rsh = program('on-this-machine.sh')
const lines = (size: number): string[] => Array.from({ length: size }, (_, rank) => `rank ${rank} of ${size}: ok`).sort()

const LAYOUTS: readonly [title: string, size: number, options: string[]][] = [
  ['two hosts', 4, ['-H', 'a:2,b:2']],
  ['hosts in turn', 5, ['-H', 'a:2,b:2,c', '--map-by', 'node']],
  ['one rank a host', 3, ['-H', 'a,b,c']],
  ['a host without shared memory', 4, ['-H', 'a:2,bare:2']],
  ['no host with shared memory', 4, ['-H', 'bare1:2,bare2:2', '--map-by', 'node']],
  ['by choice', 4, ['-H', 'a:2,b:2', '--transport', 'zmq']],
  ['every send waits for its receive', 4, ['-H', 'a:2,b:2', '--eager-limit', '0']],
]

for (const [title, size, options] of LAYOUTS) {
  void t.test(title, async (t) => {
    const job = await runJob(['-n', String(size), '--rsh', rsh, ...options, program('across.mjs')])
    t.equal(job.code, 0, show(job))
    t.same(job.stdout.trim().split('\n').sort(), lines(size))
  })
}

void t.test('64 ranks on four hosts, each with each, within the usual limit of open files', async (t) => {
  // 64 processes that start on a few processors may keep an agent from its own for seconds
  const args = ['-n', '64', '-H', 'a:16,b:16,c:16,d:16', '--rsh', rsh, '--heartbeat', '30', program('exchange.mjs')]
  const { descriptors } = await runLongForJson<{ descriptors: number }>(400, args)
  t.ok(descriptors < 256, `${descriptors} descriptors`)
})
