// Standard input: who reads it, how much of it is under way, and where it ends.
import { createHash } from 'node:crypto'
import t from 'tap'
import { fixture, runJob } from './run.js'
import { randomBytes } from './fixtures/random.mjs'

const input = randomBytes(2_000_000)
const digest = createHash('sha256').update(input).digest('hex')
const digests = fixture('digest.mjs')
const nothing = createHash('sha256').digest('hex')
const lines = (text: string): string[] => text.trim().split('\n').sort()

void t.test('rank 0 reads it, the others read nothing', async (t) => {
  const { code, stdout } = await runJob(['-n', '3', digests], { input })
  t.equal(code, 0)
  t.same(lines(stdout), [`0 ${digest}`, `1 ${nothing}`, `2 ${nothing}`])
})

void t.test('--stdin all: every rank reads all of it', async (t) => {
  const { code, stdout } = await runJob(['-n', '3', '--stdin', 'all', digests], { input })
  t.equal(code, 0)
  t.same(lines(stdout), [0, 1, 2].map((rank) => `${rank} ${digest}`))
})

void t.test('--stdin none', async (t) => {
  const { stdout } = await runJob(['-n', '1', '--stdin', 'none', digests], { input })
  t.equal(stdout, `0 ${nothing}\n`)
})

void t.test('a rank that never reads holds nobody up', async (t) => {
  const program = ['sh', '-c', 'test $TSMPI_RANK = 0 || wc -c']
  const { code, stdout } = await runJob(['-n', '2', '--stdin', 'all', ...program], { input })
  t.equal(code, 0)
  t.equal(stdout.trim(), '2000000')
  const unread = await runJob(['-n', '1', 'echo', 'done'], { input })
  t.match(unread, { code: 0, stdout: 'done\n' })
})
