// A rank's view of its job, in real processes.
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { fixture, runJob } from '../launcher/run.js'

const facts = fixture('facts.mjs')
interface Facts {
  rank: number
  size: number
  id: string
  transport: string
  eagerLimit: number
  control: boolean
  role: string[]
  child: { size: number; control: boolean }
}
const read = (text: string): Facts[] => text.trim().split('\n').map((line) => JSON.parse(line) as Facts)

void t.test('ranks know their job, their children are worlds of their own', async (t) => {
  const { code, stdout } = await runJob(['-n', '2', '--eager-limit', '77', '--transport', 'zmq', facts])
  t.equal(code, 0)
  const ranks = read(stdout).sort((a, b) => a.rank - b.rank)
  t.match(ranks[1], { rank: 1, size: 2, transport: 'zmq', eagerLimit: 77, control: true, role: [] })
  t.match(ranks[1]?.child, { size: 1, control: false })
  t.match(ranks[0]?.id, /^[0-9a-f]{16}$/)
  t.equal(ranks[0]?.id, ranks[1]?.id)
})

void t.test('without the launcher', async (t) => {
  const { TSMPI_RANK: _, ...env } = process.env
  const run = spawnSync(process.execPath, [facts], { env, encoding: 'utf8' })
  t.equal(run.stderr, '')
  t.match(read(run.stdout)[0], { rank: 0, size: 1, control: false })
})

void t.test('a role whose descriptor is gone', async (t) => {
  const env = { ...process.env, TSMPI_RANK: '0', TSMPI_SIZE: '2', TSMPI_CONTROL_FD: '3' }
  const run = spawnSync(process.execPath, [facts], { env, encoding: 'utf8' })
  t.equal(run.status, 1)
  t.match(run.stderr, /StateError: TSMPI_RANK=0 says that this process is a rank, but descriptor 3 is not its socket/)
})
