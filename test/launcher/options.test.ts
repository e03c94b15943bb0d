// The command line: what is understood, what is refused and how.
import { resolve } from 'node:path'
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
  t.equal((await parse('x')).apps[0]?.np, undefined)
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

void t.test('where ranks run', async (t) => {
  const none = await parse('x')
  t.match(none, { mapBy: 'slot', noOversubscribe: false, cpusPerRank: 1 })
  for (const name of ['hostfile', 'host', 'perNode', 'rankBy', 'bindTo']) t.notOk(name in none, name)
  for (const way of [['--hostfile', 'h'], ['--machinefile', 'h'], ['--machinefile=h'], ['-hostfile', 'h']]) {
    t.equal((await parse(...way, 'x')).hostfile, 'h', way.join(' '))
  }
  for (const way of [['-H', 'a:2,b'], ['--host', 'a:2,b'], ['-H=a:2,b'], ['-H', 'a:2', '--host', 'b']]) {
    t.equal((await parse(...way, 'x')).host, 'a:2,b', way.join(' '))
  }
  for (const way of [['-N', '2'], ['-N2'], ['-ppn', '2'], ['--ppn=2'], ['--map-by', 'ppr:2:node']]) {
    t.match(await parse(...way, 'x'), { mapBy: 'slot', perNode: 2 }, way.join(' '))
  }
  t.match(await parse('--map-by', 'node', '--rank-by', 'slot', 'x'), { mapBy: 'node', rankBy: 'slot' })
  t.match(await parse('--map-by', 'PPR:2:NODE', '--rank-by', 'Node', '--bind-to', 'CORE', 'x'), { perNode: 2, rankBy: 'node', bindTo: 'core' })
  t.match(await parse('--map-by', 'Node', 'x'), { mapBy: 'node' })
  t.match(await parse('--map-by=core', '--bind-to=core', '--cpus-per-rank=2', '--nooversubscribe', 'x'), {
    mapBy: 'core', bindTo: 'core', cpusPerRank: 2, noOversubscribe: true,
  })
  t.notOk('bindTo' in (await parse('--bind-to', 'none', 'x')))
  t.match(await parse('--cpus-per-rank', '2', 'x'), { bindTo: 'core', cpusPerRank: 2 })
})

void t.test('other hosts', async (t) => {
  t.match(await parse('x'), { launchTimeout: 30, heartbeat: 5, treeWidth: 32 })
  for (const name of ['rsh', 'interface', 'prefix']) t.notOk(name in (await parse('x')), name)
  const given = ['--launch-timeout', '2.5', '--heartbeat=10', '--tree-width', '2', '--interface', '10.0.0.0/8', '--prefix', 'there']
  t.match(await parse(...given, 'x'), { launchTimeout: 2.5, heartbeat: 10, treeWidth: 2, interface: '10.0.0.0/8', prefix: resolve('there') })
  const words: [text: string, words: string[]][] = [
    ['ssh', ['ssh']],
    [' ssh  -F "my file" -o \'A B\'', ['ssh', '-F', 'my file', '-o', 'A B']],
    ['./rsh.sh -o"A B"c', [resolve('rsh.sh'), '-oA Bc']],
  ]
  for (const [text, expected] of words) t.same((await parse('--rsh', text, 'x')).rsh, expected, text)
  process.env['TSMPI_RSH'] = 'lx -q'
  t.teardown(() => delete process.env['TSMPI_RSH'])
  t.same((await parse('x')).rsh, ['lx', '-q'])
  t.same((await parse('--rsh', 'other', 'x')).rsh, ['other'])
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
  [['--transport', 'tcp', 'x'], /^--transport tcp: expected auto, shm or zmq\n/],
  [['--stdin', '1', 'x'], /^--stdin 1: expected 0, all or none\n/],
  [['--rsh', ' ', 'x'], /^--rsh: expected a command/],
  [['--launch-timeout', '0', 'x'], /^--launch-timeout 0: expected seconds/],
  [['--heartbeat', 'soon', 'x'], /^--heartbeat soon: expected seconds/],
  [['--tree-width', '0', 'x'], /^--tree-width 0: expected an integer from 1/],
  [['--interface', '10.0.0.0/33', 'x'], /^--interface 10.0.0.0\/33: expected the name of an interface, an address or a network/],
  [['--timeout', '-1', 'x'], /^--timeout -1: expected seconds/],
  [['--eager-limit', '1k', 'x'], /^--eager-limit 1k: expected an integer/],
  [['--inspect-rank', '-2', 'x'], /^--inspect-rank -2: expected an integer from 0/],
  [['--ppn', '0', 'x'], /^--ppn 0: expected an integer from 1/],
  [['-N', '2', '--map-by', 'ppr:2:node', 'x'], /^--ppn and --map-by ppr:K:node say the same/],
  [['--map-by', 'socket', 'x'], /^--map-by socket: expected slot, node, core or ppr:K:node/],
  [['--map-by', 'ppr:0:node', 'x'], /^--map-by ppr:0:node: expected/],
  [['--map-by', 'ppr:2:socket', 'x'], /^--map-by ppr:2:socket: expected/],
  [['--rank-by', 'core', 'x'], /^--rank-by core: expected slot or node\n/],
  [['--bind-to', 'hwthread', 'x'], /^--bind-to hwthread: expected none, core, socket or numa\n/],
  [['--cpus-per-rank', '0', 'x'], /^--cpus-per-rank 0: expected an integer from 1/],
  [['--cpus-per-rank', '2', '--bind-to', 'numa', 'x'], /^--cpus-per-rank binds ranks to cores: .* not with --bind-to numa\n/],
  [['--cpus-per-rank', '2', '--bind-to', 'none', 'x'], /not with --bind-to none\n/],
  [['--hostfile'], /^--hostfile needs a value/],
  [['-n', '1', 'x', ':', '-n', '1', '-H', 'a', 'y'], /^--host is for the whole job/],
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
  const parts = ['For each program:', 'Where ranks run:', '--hostfile, --machinefile', 'The job:', 'Input and output:', '-n 2 a.js : -n 3 b.js', 'Exit code: 0 when']
  for (const part of parts) t.match(help.stdout, part)
  t.match(await runJob(['--version']), { code: 0, stdout: /^tsmpirun \(tsmpi\) \d+\.\d+\.\d+\n$/ })
  const stderr = 'tsmpirun: unknown option --nope\nTry `tsmpirun --help`.\n'
  t.match(await runJob(['--nope', 'x']), { code: 2, stdout: '', stderr })
})
