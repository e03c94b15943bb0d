// The benchmark itself, on a few tiny cases without peers: it ends, says what it measured, and writes it down.
import t from 'tap'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readResults } from '../../bench/results.js'
import { Session } from '../../bench/session.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Ended {
  code: number
  stdout: string
  stderr: string
}

async function bench(...args: string[]): Promise<Ended> {
  return await new Promise((resolve) => {
    const options = { cwd: root, timeout: 120_000, env: { ...process.env, NODE_OPTIONS: '' } }
    execFile(process.execPath, ['--import', 'tsx', 'bench/run.ts', ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

void t.test('a quick run of two families', async (t) => {
  const folder = t.testdir()
  const json = join(folder, 'results.json')
  const { code, stdout, stderr } = await bench(
    '--quick', '--only', 'latency,allreduce', '--ranks', '2,3', '--sizes', '0,8,64', '--rounds', '2', '--turn', '1', '--json', json,
  )
  t.equal(code, 0, stdout + stderr)
  t.equal(stderr, '', 'nothing of the progress goes into a pipe')
  t.match(stdout, 'latency, 2 ranks')
  t.match(stdout, 'allreduce, 3 ranks')
  const { measured, cold, failures } = readResults(json)
  t.same(failures, [])
  t.same(measured.map(({ family, ranks, bytes }) => `${family} ${ranks} ${bytes}`), [
    'latency 2 0', 'latency 2 8', 'latency 2 64', 'allreduce 2 8', 'allreduce 2 64', 'allreduce 3 8', 'allreduce 3 64',
  ])
  for (const { values } of measured) t.ok(values['tsmpi'].length === 2 && values['tsmpi'].every((time) => time > 0))
  t.equal(cold.length, 3)
  t.ok(existsSync(join(folder, 'latency.svg')))
  t.match(readFileSync(join(folder, 'allreduce.svg'), 'utf8'), 'over 3 ranks')
})

void t.test('a quick run of what runs between hosts', async (t) => {
  const json = join(t.testdir(), 'results.json')
  const { code, stdout, stderr } = await bench('--hosts', '--quick', '--rounds', '2', '--turn', '1', '--json', json)
  t.equal(code, 0, stdout + stderr)
  const { measured, cold, failures } = readResults(json)
  t.same(failures.filter((line) => line.includes('tsmpi')), [])
  t.same(measured.map(({ family, ranks, bytes }) => `${family} ${ranks} ${bytes}`), [
    'wire-latency 2 8', 'wire-stream 2 64', `wire-stream 2 ${2 ** 20}`, 'wire-allreduce 8 0', 'wire-allreduce 8 1',
  ])
  for (const { values } of measured) t.ok(values['tsmpi'].length > 0 && values['tsmpi'].every((time) => time > 0))
  t.same(Object.keys(measured[3].values), ['tsmpi', 'recursive-doubling', 'ring', 'rabenseifner'])
  t.same(cold, [], 'the first thousand are those inside a host')
  t.match(stdout, /four hosts: allreduce, 1 MiB, two levels \/ flat/)
})

void t.test('a wrong option is told in one line', async (t) => {
  const { code, stderr } = await bench('--only', 'latencies')
  t.equal(code, 2)
  t.match(stderr, /^npm run bench: no family is called latencies; .*\n$/)
})

void t.test('a contender that fails is told, not waited for', async (t) => {
  const node = (script: string) => ({ file: process.execPath, args: ['-e', script] })
  await t.rejects(Session.open({ file: '/no/such/program', args: [] }), /ENOENT/)
  await t.rejects(Session.open(node('console.error("no such module"); process.exit(1)')), /ended: no such module/)
  await t.rejects(Session.open(node('console.log("hello")')), /said "hello" instead of "ready"/)
  const session = await Session.open(node('console.log("ready"); process.stdin.on("data", () => console.log("what?"))'))
  await t.rejects(session.ask('latency 8 1 0 0'), /answered "what\?" to "latency 8 1 0 0"/)
  await session.close(true)
})
