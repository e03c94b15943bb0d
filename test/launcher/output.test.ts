// Output: nothing lost, nothing mixed within a line, bounded memory; tags, files, and a reader that leaves.
import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, readdirSync, rmSync, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { TSMPIRUN, fixture, nothingLeft, runJob, startJob } from './run.js'
import { randomBytes } from './fixtures/random.mjs'

const flood = fixture('flood.mjs')
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

void t.test('a slow reader gets every byte, and nobody grows', async (t) => {
  // TSMPI_TEST_MB=1000 for the full figure of the issue.
  const megabytes = Number(process.env['TSMPI_TEST_MB'] ?? 200)
  const args = [TSMPIRUN, '-n', '1', '-x', `MB=${megabytes}`, flood]
  const job = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let bytes = 0
  let peak = 0
  let line = 0
  let rest = ''
  let wrong = 0
  let pauses = 0
  job.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() as string
    for (const text of lines) if (text !== `0 ${line++} `.padEnd(99, '.')) wrong++
    if (bytes / 20e6 < pauses) return
    pauses++
    peak = Math.max(peak, residentMegabytes(job.pid as number))
    job.stdout.pause()
    setTimeout(() => job.stdout.resume(), 100)
  })
  const code = await new Promise((resolve) => job.on('close', resolve))
  t.equal(code, 0)
  t.equal(wrong, 0)
  t.equal(rest, '')
  t.equal(line, (megabytes * 1e6) / 100)
  t.ok(peak > 0 && peak < 200, `${peak} MB resident`)
})

void t.test('lines of many ranks are not mixed', async (t) => {
  const { code, stdout } = await runJob(['-n', '4', '-x', 'MB=2', flood])
  t.equal(code, 0)
  const next = [0, 0, 0, 0]
  let wrong = 0
  for (const text of stdout.trimEnd().split('\n')) {
    const rank = Number(text[0])
    if (text !== `${rank} ${next[rank]++} `.padEnd(99, '.')) wrong++
  }
  t.equal(wrong, 0)
  t.same(next, [20000, 20000, 20000, 20000])
})

void t.test('binary output passes unharmed, whatever standard output is', async (t) => {
  const size = 3_000_000
  const expected = sha(randomBytes(size))
  const args = ['-n', '2', '-x', `SIZE=${size}`, fixture('bytes.mjs')]
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = openSync(join(folder, 'out'), 'w')
  const toFile = spawn(process.execPath, [TSMPIRUN, ...args], { stdio: ['ignore', file, 'inherit'] })
  t.equal(await new Promise((resolve) => toFile.on('close', resolve)), 0)
  closeSync(file)
  t.equal(sha(readFileSync(join(folder, 'out'))), expected, 'a file')
  const toPipe = spawn(process.execPath, [TSMPIRUN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  toPipe.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  t.equal(await new Promise((resolve) => toPipe.on('close', resolve)), 0)
  t.equal(sha(Buffer.concat(chunks)), expected, 'a pipe')
})

void t.test('--tag-output and --timestamp-output', async (t) => {
  const print = ['sh', '-c', 'echo out; echo err >&2; printf unfinished']
  const tagged = await runJob(['-n', '2', '--tag-output', ...print])
  t.same(tagged.stdout.split('\n').sort(), ['', '[0] out', '[0] unfinished', '[1] out', '[1] unfinished'])
  t.same(tagged.stderr.split('\n').sort(), ['', '[0] err', '[1] err'])
  const timed = await runJob(['-n', '1', '--tag-output', '--timestamp-output', 'echo', 'out'])
  t.match(timed.stdout, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[0\] out\n$/)
})

void t.test('--output-dir', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const into = join(folder, 'new/folder')
  const job = await runJob(['-n', '11', '--output-dir', into, 'sh', '-c', 'echo $TSMPI_RANK; echo e$TSMPI_RANK >&2'])
  t.match(job, { code: 0, stdout: '', stderr: '' })
  t.equal(readdirSync(into).length, 22)
  t.equal(readFileSync(join(into, 'rank.03.out'), 'utf8'), '3\n')
  t.equal(readFileSync(join(into, 'rank.10.err'), 'utf8'), 'e10\n')
})

void t.test('a reader that leaves ends the job', async (t) => {
  const job = startJob(['-n', '2', '-x', 'MB=100', flood])
  await job.printed('0 0 ')
  job.child.stdout?.destroy()
  const { code, stderr } = await job.finished
  t.equal(code, 141)
  t.equal(stderr, '')
  t.ok(await nothingLeft(job))
})

/** The largest resident size that the launcher and its agent have had. */
function residentMegabytes(launcher: number): number {
  const children = readFileSync(`/proc/${launcher}/task/${launcher}/children`, 'utf8').trim().split(' ')
  return Math.max(...[launcher, ...children].map((pid) => {
    const kilobytes = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kilobytes) / 1024
  }))
}
