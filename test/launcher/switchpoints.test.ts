// TSMPI_SWITCH_POINTS: the launcher reads the file, the ranks obey it.
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSwitchPoints } from '../../launcher/switchpoints.js'
import { runJob } from './run.js'

const file = (folder: string, text: string): string => {
  const name = join(folder, 'own.json')
  writeFileSync(name, text)
  return name
}

void t.test('the file is read; what was read is passed on', async (t) => {
  const own = file(t.testdir(), '{ "measuredOn": {},\n "switchPoints": [ {} ] }')
  t.same(readSwitchPoints({ TSMPI_SWITCH_POINTS: own }), { TSMPI_SWITCH_POINTS: '{"switchPoints":[{}]}' })
  t.same(readSwitchPoints({ TSMPI_SWITCH_POINTS: '{"switchPoints":[{}]}' }), { TSMPI_SWITCH_POINTS: '{"switchPoints":[{}]}' })
  t.same(readSwitchPoints({}), {})
  t.same(readSwitchPoints({ TSMPI_SWITCH_POINTS: '' }), {})
})

void t.test('what is no such file is told before anything starts', async (t) => {
  const folder = t.testdir()
  const failure = (name: string): void => void readSwitchPoints({ TSMPI_SWITCH_POINTS: name })
  t.throws(() => failure(join(folder, 'none.json')), { name: 'LaunchError', message: /none\.json cannot be read: ENOENT/ })
  t.throws(() => failure(folder), { message: /cannot be read: EISDIR/ })
  for (const text of ['', 'x', '[]', 'null', '{"switchPoints":7}']) {
    t.throws(() => failure(file(folder, text)), { message: /is not what `npm run tune -- --json` writes/ }, text)
  }
  const large = JSON.stringify({ switchPoints: Array.from({ length: 10_000 }, () => ({ collective: 'bcast' })) })
  t.throws(() => failure(file(folder, large)), { message: /is larger than 120000 bytes/ })
})

const PROGRAM = ['-n', '2', '--timeout', '60', 'test/launcher/fixtures/allgather.mjs']

void t.test('a job obeys it, wherever its ranks work', async (t) => {
  const folder = t.testdir()
  const own = file(folder, '{"switchPoints":[{"collective":"allgather","algorithm":"ring"}]}')
  const good = await runJob([...PROGRAM.slice(0, 2), '--wdir', folder, new URL('fixtures/allgather.mjs', import.meta.url).pathname], { env: { TSMPI_SWITCH_POINTS: own } })
  t.equal(good.code, 0, good.stderr)
  t.equal(good.stdout, '0,1\n')
  const bad = await runJob(PROGRAM, { env: { TSMPI_SWITCH_POINTS: file(folder, '{"switchPoints":[{"collective":"allgather","algorithm":"rnig"}]}') } })
  t.equal(bad.code, 1)
  t.match(bad.stderr, /ArgumentError: TSMPI_SWITCH_POINTS row 1 of "switchPoints": allgather has no algorithm 'rnig'; it has: /)
  const none = await runJob(PROGRAM, { env: { TSMPI_SWITCH_POINTS: join(folder, 'none.json') } })
  t.equal(none.code, 1)
  t.match(none.stderr, /^tsmpirun: TSMPI_SWITCH_POINTS=.*none\.json cannot be read: /)
  t.equal(none.stdout, '')
})
