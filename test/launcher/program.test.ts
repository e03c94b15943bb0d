// What a program may be, and what is said where it cannot be run.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { TSMPIRUN, fixture, runJob } from './run.js'

const root = join(TSMPIRUN, '../../..')
const print = fixture('print.mjs')

void t.test('TypeScript runs', async (t) => {
  const { code, stdout, stderr } = await runJob(['-n', '1', fixture('typed.ts'), 'x'])
  t.match({ code, stdout, stderr }, { code: 0, stdout: 'rank 0 of 1: x\n', stderr: '' })
})

const strips = Boolean((process.features as { typescript?: unknown }).typescript)
void t.test('TypeScript where nothing can run it', { skip: strips && 'this Node strips types' }, async (t) => {
  // An installation of tsmpi that has no tsx beside it.
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'node_modules'))
  for (const name of ['dist', 'package.json']) cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules/yargs'), join(folder, 'node_modules/yargs'))
  writeFileSync(join(folder, 'x.ts'), 'const a: number = 1')
  const run = spawnSync(process.execPath, ['dist/launcher/main.js', 'x.ts'], { cwd: folder, encoding: 'utf8' })
  t.equal(run.status, 1)
  t.match(run.stderr, /^tsmpirun: .*x\.ts is TypeScript, .*npm install --save-dev tsx/)
})

void t.test('a wrapper script, with and without exec', async (t) => {
  for (const wrapper of ['exec.sh', 'wrapper.sh']) {
    const { code, stdout } = await runJob(['-n', '2', '-x', 'CODE=3', '-x', 'CODE_RANK=1', fixture(wrapper), print])
    t.equal(code, 3)
    t.match(stdout, /rank 1 of 2\n/)
  }
})

void t.test('--wdir, -x and --node-arg', async (t) => {
  const folder = t.testdir({ 'here.mjs': 'console.log(process.cwd(), process.env.A, typeof gc)' })
  const args = ['-n', '1', '--wdir', folder, '-x', 'A=1', '--node-arg=--expose-gc', 'here.mjs']
  t.match(await runJob(args), { code: 0, stdout: `${folder} 1 function\n` })
})

void t.test('what cannot be run', async (t) => {
  const folder = t.testdir({ 'plain.txt': 'text', 'bad.sh': '#!/no/such/interpreter\n', 'folder.js': {} })
  chmodSync(join(folder, 'bad.sh'), 0o755)
  const cases: [program: string, code: number, message: RegExp][] = [
    ['no-such.js', 127, /^tsmpirun: program not found: \/.*no-such\.js\n$/],
    ['./no-such', 127, /^tsmpirun: program not found: \/.*no-such\n$/],
    ['no-such-program', 127, /^tsmpirun: program not found: no-such-program, neither on the PATH nor in \//],
    [join(folder, 'plain.txt'), 126, /^tsmpirun: .*plain\.txt is not executable: `chmod \+x /],
    [folder, 126, /is a directory, not a program\n$/],
    [join(folder, 'folder.js'), 126, /is a directory, not a program\n$/],
    [join(folder, 'bad.sh'), 127, /^tsmpirun: rank \d .*could not be started: .*bad\.sh cannot be found, or its/],
  ]
  for (const [program, code, stderr] of cases) t.match(await runJob(['-n', '2', program]), { code, stderr }, program)
  const stderr = 'tsmpirun: --wdir /no/such: there is no such directory\n'
  t.match(await runJob(['--wdir', '/no/such', 'echo']), { code: 1, stderr })
  t.match(await runJob(['--node-arg=--x', 'echo']), { code: 2, stderr: /echo is not run by Node/ })
})

void t.test('--dry-run and --display-map', async (t) => {
  const args = ['-n', '2', print, 'a b', ':', '-n', '1', 'echo', 'hi']
  const dry = await runJob(['--dry-run', ...args])
  t.equal(dry.code, 0)
  const rows = dry.stdout.trimEnd().split('\n')
  t.match(rows[0], /^Host +Slots +Ranks +Which$/)
  t.match(rows[1], / 3 +0-2$/)
  t.equal(rows[2], '')
  t.match(rows[3], /^Rank +Host +Local rank +Directory +Command$/)
  t.match(rows[4], /^0 .*report\.cjs .*print\.mjs 'a b'$/)
  t.match(rows[6], /^2 .*\/echo hi$/)
  const run = await runJob(['--display-map', ...args])
  t.equal(run.code, 0)
  t.match(run.stdout, /^Host .*\n.*\n\nRank .*Program\n0 .*\n1 .*\n2 .* echo hi\n/)
  t.match(run.stdout, /^hi$/m)
})

void t.test('with a processor or less for each rank the collector has no helpers, unless the user says otherwise', async (t) => {
  const many = `${availableParallelism()}`
  t.match((await runJob(['--dry-run', '-n', many, print])).stdout, ' --single-threaded-gc ')
  if (many !== '1') t.notMatch((await runJob(['--dry-run', '-n', '1', print])).stdout, '--single-threaded-gc')
  const own = await runJob(['--dry-run', '-n', many, '--node-arg=--no-single-threaded-gc', print])
  t.match(own.stdout, ' --single-threaded-gc --no-single-threaded-gc ')
})

void t.test('--inspect-rank', async (t) => {
  const { code, stderr } = await runJob(['-n', '2', '--inspect-rank', '1', '--tag-output', print])
  t.equal(code, 0)
  t.match(stderr, /^\[1\] Debugger listening on ws:\/\/127\.0\.0\.1:\d+\//)
  t.notMatch(stderr, /\[0\]/)
})

void t.test('shared memory that cannot be had', async (t) => {
  const { code, stderr } = await runJob(['-n', '2', '--transport', 'shm', print], { env: { TSMPI_NO_ADDON: '1' } })
  t.equal(code, 1)
  t.match(stderr, /^tsmpirun: --transport shm is not possible; the native addon is not there: TSMPI_NO_ADDON is set\n$/)
})

void t.test('more ranks than processors', async (t) => {
  const many = await runJob(['-n', '40', '--verbose', 'true'])
  t.match(many, { code: 0, stderr: /^tsmpirun: note: 40 ranks share \d+ processors?\n$/ })
})
