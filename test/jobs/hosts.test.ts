// Programs know where they run: at import, under tsmpirun and without it.
import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import t from 'tap'
import { runJob } from '../launcher/run.js'
import { program } from './support.js'

interface Place {
  rank: number
  hosts: string[]
  local: [rank: number, size: number]
  node: [rank: number, size: number]
  processor: string
}
const read = (text: string): Place[] => text.trim().split('\n').map((line) => JSON.parse(line) as Place).sort((a, b) => a.rank - b.rank)

void t.test('under tsmpirun', async (t) => {
  for (const transport of ['auto', 'zmq']) {
    const { code, stdout, stderr } = await runJob(['-n', '3', '-H', 'localhost:3', '--transport', transport, program('hosts.mjs')])
    t.match({ code, stderr }, { code: 0, stderr: '' })
    const place = (rank: number): Place =>
      ({ rank, hosts: ['localhost', 'localhost', 'localhost'], local: [rank, 3], node: [rank, 3], processor: hostname() })
    t.same(read(stdout), [0, 1, 2].map(place), transport)
  }
})

void t.test('alone', async (t) => {
  const { TSMPI_RANK: _, ...env } = process.env
  const { stdout } = spawnSync(process.execPath, [program('hosts.mjs')], { env, encoding: 'utf8' })
  t.same(read(stdout), [{ rank: 0, hosts: [hostname()], local: [0, 1], node: [0, 1], processor: hostname() }])
})
