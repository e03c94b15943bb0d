// Starting ranks: who they are, what runs them, and the exit code.
import t from 'tap'
import { fixture, runJob } from './run.js'

const lines = (text: string): string[] => text.trim().split('\n').sort()

void t.test('ranks know their place, and their arguments are their own', async (t) => {
  const { code, stdout, stderr } = await runJob(['-n', '3', fixture('print.mjs'), '-n', '7', '--help', '--', 'a b'])
  t.equal(code, 0)
  t.same(lines(stdout), [0, 1, 2].map((rank) => `rank ${rank} of 3 -n 7 --help -- a b`))
  t.equal(stderr, '')
})

void t.test('several programs make one world', async (t) => {
  const program = fixture('print.mjs')
  const { code, stdout } = await runJob(['-n', '2', program, 'a', ':', '-n', '1', program, 'b'])
  t.equal(code, 0)
  t.same(lines(stdout), ['rank 0 of 3 a', 'rank 1 of 3 a', 'rank 2 of 3 b'])
})

void t.test('the exit code is that of the rank that failed, and the message names it', async (t) => {
  const { code, stderr } = await runJob(['-n', '3', '-x', 'CODE=7', '-x', 'CODE_RANK=1', fixture('print.mjs')])
  t.equal(code, 7)
  t.match(stderr, /^tsmpirun: rank 1 \(pid \d+ on host \S+\) exited with code 7\n$/)
})

void t.test('a program that is not for Node is executed', async (t) => {
  const { code, stdout } = await runJob(['-n', '2', 'echo', '-n', 'x'])
  t.equal(code, 0)
  t.equal(stdout, 'xx')
})

void t.test('128 ranks', async (t) => {
  const { code, stdout, stderr } = await runJob(['-n', '128', 'sh', '-c', 'echo $TSMPI_RANK'], { timeout: 150_000 })
  t.equal(code, 0)
  t.equal(stderr, '')
  t.same(lines(stdout).map(Number).sort((a, b) => a - b), Array.from({ length: 128 }, (_, rank) => rank))
})
