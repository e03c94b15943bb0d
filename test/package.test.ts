// What a build gives: the files that package.json names, one copy of each module, and nothing loaded that is not needed.
import t from 'tap'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fixture, runJob } from './launcher/run.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const manifest = JSON.parse(read('package.json')) as {
  bin: Record<string, string>
  exports: Record<string, string | Record<string, string>>
}

/** Static imports of a bundle, without those of Node. */
const importsOf = (path: string): string[] =>
  [...read(path).matchAll(/^(?:import|\} from) .*?"([^"]+)";$/gm)].map(([, name]) => name).filter((name) => !name.startsWith('node:'))

void t.test('package.json names files that are there', async (t) => {
  const named = [...Object.values(manifest.bin), ...Object.values(manifest.exports).flatMap((one) => Object.values(one))]
  const paths = Object.values(manifest.exports).filter((one) => typeof one === 'string')
  for (const path of [...named, ...paths].filter((one) => one.length > 1)) t.ok(existsSync(join(root, path)), path)
})

void t.test('an entry is its bundle and what it shares with the other', async (t) => {
  t.same(importsOf('dist/lib/index.js'), ['./shared.js'])
  t.same(importsOf('dist/lib/montecarlo/index.js'), ['../shared.js'])
  t.same(importsOf('dist/lib/shared.js'), [])
  for (const atNeed of ['zmq', 'pmi-job']) t.notMatch(read(`dist/lib/${atNeed}.cjs`), 'class MpiError', `${atNeed} is handed the errors`)
  t.same(importsOf('dist/launcher/agent.js'), [])
  t.same(importsOf('dist/launcher/run.js'), [])
})

void t.test('what is bundled of others keeps its license and its words', async (t) => {
  const packages = [...read('dist/launcher/run.js').matchAll(/^\/\/ node_modules\/([\w-]+)/gm)].map(([, name]) => name)
  t.ok(packages.includes('yargs'))
  for (const name of packages) t.ok(read('dist/launcher/LICENSES.txt').includes(`${name}\n\n`), name)
  t.match(read('dist/launcher/run.js'), '"../locales"')
  t.ok(existsSync(join(root, 'dist/launcher/locales/en.json')))
})

void t.test('both entries throw the same errors, and classes have their own names', async (t) => {
  const tsmpi = await import('../dist/lib/index.js')
  const { countHits } = await import('../dist/lib/montecarlo/index.js')
  t.throws(() => countHits(-1, 0), tsmpi.ArgumentError)
  t.equal(tsmpi.COMM_WORLD.constructor.name, 'Communicator')
  t.equal(tsmpi.SUM.constructor.name, 'Op')
  t.equal(tsmpi.Request.name, 'Request')
  t.equal(new tsmpi.StateError('x').name, 'StateError')
  for (const file of ['lib/index.js', 'lib/shared.js', 'lib/zmq.cjs', 'lib/pmi-job.cjs', 'launcher/run.js', 'launcher/agent.js']) {
    t.notMatch(read(`dist/${file}`), /class _\w+/, file)
  }
})

interface Loaded {
  addons: string[]
  modules: string[]
  builtins: string[]
}

void t.test('a job on one host loads neither zeromq nor what only zeromq needs', async (t) => {
  const { code, stdout, stderr } = await runJob(['-n', '2', fixture('loaded.mjs')])
  t.equal(code, 0, stderr)
  const { addons, modules, builtins } = JSON.parse(stdout) as Loaded
  t.same(modules.map((path) => relative(root, path)).filter((path) => !path.endsWith('.node')), ['dist/lib/bootstrap/report.cjs'])
  if (existsSync(join(root, 'build/Release/tsmpi.node'))) {
    t.same(addons.map((path) => relative(root, path)), ['build/Release/tsmpi.node'])
    for (const module of ['crypto', 'net', 'worker_threads']) t.notOk(builtins.includes(`NativeModule ${module}`), module)
  } else {
    t.ok(addons.some((path) => path.includes('zeromq')), 'the test sees zeromq where it is loaded')
  }
})

void t.test('a job over ZeroMQ is seen to load it', async (t) => {
  const { code, stdout, stderr } = await runJob(['-n', '2', '--transport', 'zmq', fixture('loaded.mjs')])
  t.equal(code, 0, stderr)
  const { addons, modules } = JSON.parse(stdout) as Loaded
  t.ok(addons.some((path) => path.includes('zeromq')))
  t.ok(modules.some((path) => path.includes('node_modules/zeromq')))
})
