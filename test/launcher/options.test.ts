// The command line: what is understood, what is refused and how.
import t from 'tap'
import { parseOptions } from '../../launcher/options.js'
import type { Options } from '../../launcher/options.js'
import { runJob } from './run.js'

async function parse(...argv: string[]): Promise<Options> {
  const options = await parseOptions(argv, '1.2.3')
  if (typeof options === 'string') throw new Error(options)
  return options
}

void t.test('ways to say the number of ranks', async (t) => {
  for (const way of [['-n', '4'], ['-n4'], ['-np', '4'], ['--np', '4'], ['--np=4'], ['-n=4'], ['-n', '3', '-n', '4']]) {
    t.equal((await parse(...way, 'x')).apps[0]?.np, 4, way.join(' '))
  }
  t.ok(((await parse('x')).apps[0]?.np ?? 0) >= 1)
})

void t.test('options end at the program', async (t) => {
  const { apps, tagOutput } = await parse('-n', '2', 'x', '--tag-output', '-n', '3', '1e3', '--', '--no-such')
  t.same(apps[0]?.args, ['--tag-output', '-n', '3', '1e3', '--', '--no-such'])
  t.equal(tagOutput, false)
  t.equal((await parse('--', '-x')).apps[0]?.program, '-x')
})

void t.test('several programs', async (t) => {
  process.env['TSMPI_TEST_PASSED'] = 'on'
  const first = ['--verbose', '-n', '1', '-x', 'A=1=2', '-x', 'TSMPI_TEST_PASSED', 'a']
  const second = ['-n', '2', '--wdir', '/', '--node-arg=--expose-gc', '--node-arg', '--trace-gc', 'b', 'c']
  const { apps, verbose } = await parse(...first, ':', ...second)
  t.equal(verbose, true)
  const env = { A: '1=2', TSMPI_TEST_PASSED: 'on' }
  t.match(apps[0], { np: 1, program: 'a', env, wdir: process.cwd(), nodeArgs: [] })
  t.match(apps[1], { np: 2, program: 'b', args: ['c'], env: {}, wdir: '/', nodeArgs: ['--expose-gc', '--trace-gc'] })
})

void t.test('the whole job', async (t) => {
  t.match(await parse('x'), { transport: 'auto', eagerLimit: 16384, stdin: '0', dryRun: false })
  const running = ['--transport', 'zmq', '--eager-limit', '0', '--stdin=all', '--timeout', '1.5', '--output-dir', '/o']
  const about = ['-n', '4', '--inspect-rank', '3', '--display-map', '--dry-run', '--timestamp-output=false']
  const options = await parse(...running, ...about, 'x')
  t.match(options, { transport: 'zmq', eagerLimit: 0, stdin: 'all', timeout: 1.5, outputDir: '/o', inspectRank: 3 })
  t.match(options, { displayMap: true, dryRun: true, timestampOutput: false })
})

const wrong: [argv: string[], message: RegExp][] = [
  [[], /^no program given/],
  [['-n', '2'], /^no program given/],
  [['-n'], /^-n needs a value/],
  [['-n', '0', 'x'], /^-n 0: expected an integer from 1 to 65536/],
  [['-n', 'two', 'x'], /^-n two: expected/],
  [['-n', '1.5', 'x'], /^-n 1.5: expected/],
  [['--tmieout', '3', 'x'], /^unknown option --tmieout; did you mean --timeout\?/],
  [['--zzz', 'x'], /^unknown option --zzz\n/],
  [['--transport', 'tcp', 'x'], /transport.*"tcp".*"shm"/],
  [['--stdin', '1', 'x'], /stdin/],
  [['--timeout', '-1', 'x'], /^--timeout -1: expected seconds/],
  [['--eager-limit', '1k', 'x'], /^--eager-limit 1k: expected an integer/],
  [['-n', '2', '--inspect-rank', '2', 'x'], /^--inspect-rank 2: expected an integer from 0 to 1/],
  [['-x', 'TSMPI_NOT_SET', 'x'], /^-x TSMPI_NOT_SET: TSMPI_NOT_SET is not set here/],
  [['-x', '=1', 'x'], /^-x =1: expected NAME/],
  [['-n', '1', 'x', ':', '-n', '1', '--verbose', 'y'], /^--verbose is for the whole job/],
  [['-n', '1', 'x', ':', 'y'], /^with several programs each needs its number of ranks: -n N y/],
  [['-n', '1', 'x', ':'], /^no program given/],
  [['--output-dir', 'o', '--tag-output', 'x'], /^--output-dir/],
]
void t.test('what is refused', async (t) => {
  for (const [argv, message] of wrong) {
    await t.rejects(parseOptions(argv, ''), { code: 'TSMPI_LAUNCH', exitCode: 2, message }, argv.join(' '))
  }
})

void t.test('--help, --version and a wrong option from outside', async (t) => {
  const help = await runJob(['--help'])
  t.equal(help.code, 0)
  const parts = ['For each program:', 'The job:', 'Input and output:', '-n 2 a.js : -n 3 b.js', 'Exit code: 0 when']
  for (const part of parts) t.match(help.stdout, part)
  t.match(await runJob(['--version']), { code: 0, stdout: /^tsmpirun \(tsmpi\) \d+\.\d+\.\d+\n$/ })
  const stderr = 'tsmpirun: unknown option --nope\nTry `tsmpirun --help`.\n'
  t.match(await runJob(['--nope', 'x']), { code: 2, stdout: '', stderr })
})
