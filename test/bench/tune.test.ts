// The tuner itself: what it measures, its command line, and a tiny run.
import t from 'tap'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { casesOf, collectivesNamed } from '../../bench/tune/cases.js'
import { collectives, restrictionsOf } from '../../bench/tune/library.js'
import { Budget } from '../../bench/tune/measure.js'
import { parseOptions } from '../../bench/tune/options.js'
import { parseSwitchPoints } from '../../lib/coll/table.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Ended {
  code: number
  stdout: string
  stderr: string
}

async function tune(...args: string[]): Promise<Ended> {
  return await new Promise((resolve) => {
    const options = { cwd: root, timeout: 120_000, env: { ...process.env, NODE_OPTIONS: '', TSMPI_ALGORITHM: 'barrier=rubbish' } }
    execFile(process.execPath, ['--import', 'tsx', 'bench/tune.ts', ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

void t.test('sizes', async (t) => {
  const sizes = (...args: Parameters<typeof casesOf>): number[] => casesOf(...args).map(({ bytes }) => bytes)
  t.same(sizes('barrier', 8, 4), [0])
  t.same(sizes('bcast', 8, 64), [8, 16, 1024, 65536, 2 ** 22])
  t.equal(sizes('allreduce', 8, 2).length, 20)
  t.same(sizes('alltoall', 8, 64), [8, 16, 1024, 65536], 'all blocks together have 8 MiB')
  t.same(sizes('alltoall', 2, 64).at(-1), 2 ** 22)
  t.same(sizes('bcast', 2, 4, [8, 64]), [8, 64])
})

void t.test('restrictions are what the registry has beside function, cut and cost', async (t) => {
  t.same(restrictionsOf('allreduce', 'ring').sort(), ['commutative', 'typedOnly'])
  t.same(restrictionsOf('allgather', 'recursive-doubling'), ['powerOfTwo'])
  t.same(restrictionsOf('bcast', 'binomial'), [])
  t.same(restrictionsOf('bcast', 'shm'), ['board'])
})

void t.test('the time that is left is dealt out to what is left', async (t) => {
  let now = 1000
  const budget = new Budget(10, 100, () => now)
  t.equal(budget.unit, 100)
  now += 5000
  budget.spend(20)
  t.equal(budget.unit, 62.5)
  now += 6000
  t.equal(budget.unit, 0, 'overdrawn')
  budget.spend(80)
  t.equal(budget.unit, 0)
})

void t.test('options', async (t) => {
  const defaults = parseOptions([])
  t.match(defaults, { dryRun: false, ranks: [2, 4, 8], step: 4, rounds: 5, seconds: 300 })
  t.same(defaults?.collectives, collectives())
  t.match(parseOptions(['--quick', '--ranks', '8,2,2', '--seconds', '9']), { ranks: [2, 8], step: 16, rounds: 3, seconds: 9 })
  t.same(parseOptions(['--sizes', '64,8'])?.sizes, [8, 64])
  t.equal(parseOptions(['--help']), undefined)
  t.same(collectivesNamed(['reduce', 'barrier']), ['barrier', 'reduce'])
  for (const args of [['--ranks', '1'], ['--ranks', 'two'], ['--ranks', ''], ['--sizes', '7'], ['--step', '1'], ['--step', '2,4'], ['--only', 'bcats'], ['--wrong'], ['extra']]) {
    t.throws(() => parseOptions(args), args.join(' '))
  }
})

void t.test('a tiny run writes a table that a job takes', async (t) => {
  const json = join(t.testdir(), 'own.json')
  const source = readFileSync(join(root, 'lib/coll/switchpoints.ts'), 'utf8')
  const { code, stdout, stderr } = await tune('--quick', '--only', 'allreduce,barrier', '--ranks', '2', '--sizes', '8,1024', '--seconds', '1', '--json', json)
  t.equal(code, 0, stdout + stderr)
  t.equal(stderr, '', 'nothing of the progress goes into a pipe')
  t.notMatch(stdout, 'failed')
  t.match(stdout, /^barrier, 2 ranks .*dissemination µs.*\n +\d/m)
  t.match(stdout, /^1 KiB +\d.*\*/m)
  const points = parseSwitchPoints(readFileSync(json, 'utf8'))
  t.ok(points.some(({ collective, maxSize }) => collective === 'allreduce' && maxSize === 2))
  t.same([...new Set(points.map(({ collective }) => collective))], collectives())
  t.equal(readFileSync(join(root, 'lib/coll/switchpoints.ts'), 'utf8'), source, 'the source stays')
})

void t.test('a dry run writes nothing; a wrong option is told in one line', async (t) => {
  const { code, stdout } = await tune('--dry-run', '--only', 'barrier', '--ranks', '2', '--rounds', '1', '--seconds', '1')
  t.equal(code, 0)
  t.match(stdout, 'barrier, 2 ranks')
  t.notMatch(stdout, 'Written')
  const wrong = await tune('--only', 'bcats')
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, /^npm run tune: there is no collective bcats; there are barrier, .*\n$/)
})
