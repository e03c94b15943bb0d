// Who may import whom: the rules of the house, held against the import lines of every module.
import t from 'tap'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const FOLDERS = ['lib', 'native', 'launcher', 'examples', 'bench', 'test/jobs']

/** One import of a module: `target` is a path in this package without its ending, or what stands in the import. */
interface Import {
  readonly from: string
  readonly target: string
  readonly typeOnly: boolean
}

const withoutEnding = (path: string): string => path.replace(/(\.d)?\.[cm]?[jt]s$/, '')

function modules(folder: string): string[] {
  const found = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
  return found
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort()
}

/** Static and dynamic imports, re-exports, require; not those in comments. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  const found: Import[] = []
  const forms = [
    /^(?:import|export)\s+(type\s)?[^'"`;]*?from\s+['"]([^'"]+)['"]/gm,
    /^import\s+()['"]([^'"]+)['"]/gm,
    /\bimport\(()\s*['"]([^'"]+)['"]/g,
    /\brequire\(()\s*['"]([^'"]+)['"]/g,
  ]
  for (const form of forms) {
    for (const [, type, specifier] of text.matchAll(form)) {
      const local = specifier.startsWith('.')
      const target = local ? withoutEnding(relative(ROOT, resolve(ROOT, dirname(file), specifier))) : specifier
      found.push({ from: file, target, typeOnly: type !== undefined && type !== '' })
    }
  }
  return found
}

const IMPORTS = FOLDERS.flatMap((folder) => modules(folder).flatMap(importsOf))

/** `modules`: those the rule is about. `may`: what they may import. `types`: what they may import types of, too. */
interface Rule {
  readonly title: string
  readonly modules: RegExp
  readonly may: RegExp
  readonly types?: RegExp
}

const RULES: readonly Rule[] = [
  {
    title: 'algorithms import schedules, patterns, and each other\'s helpers in coll/',
    modules: /^lib\/coll\/[\w-]+\/(?!shm)[\w-]+\.ts$/,
    may: /^lib\/coll\/(schedule|halving|wrapped|among|patterns\/[\w-]+|[\w-]+\/[\w-]+)$/,
  },
  {
    title: 'collectives on a board know its drivers, payloads and bytes',
    modules: /^lib\/coll\/[\w-]+\/shm\.ts$/,
    may: /^lib\/(coll\/|data\/|errors$|wire\/bytes$)/,
  },
  {
    title: 'patterns are rank arithmetic only',
    modules: /^lib\/coll\/patterns\//,
    may: /^lib\/coll\/patterns\//,
  },
  {
    title: 'coll/ knows errors, the environment and types of data',
    modules: /^lib\/coll\/(?!drive)[\w-]+\.ts$/,
    may: /^lib\/(coll\/(?!drive)|env$|errors$)/,
    types: /^lib\/data\//,
  },
  {
    title: 'drivers of schedules know operations, payloads and bytes',
    modules: /^lib\/coll\/drive[\w-]*\.ts$/,
    may: /^lib\/(coll\/|p2p\/|data\/|wire\/bytes$|errors$|clock$)/,
  },
  {
    title: 'p2p/ knows frames and payloads, and transports by their contract',
    modules: /^lib\/p2p\//,
    may: /^lib\/(p2p\/|wire\/|data\/|errors$|clock$|transport\/transport$)/,
  },
  {
    title: 'data/ knows nothing of messages',
    modules: /^lib\/data\//,
    may: /^(lib\/(data\/|errors$|wire\/bytes$)|native\/load$|node:(util|v8|buffer)$)/,
  },
  {
    title: 'wire/ knows errors and the environment',
    modules: /^lib\/wire\//,
    may: /^lib\/(wire\/|errors$)/,
    types: /^lib\/env$/,
  },
  {
    title: 'transports know frames',
    modules: /^lib\/transport\//,
    may: /^(lib\/(transport\/|wire\/|errors$)|node:[\w/]+$|zeromq$)/,
    types: /^native\/load$/,
  },
  {
    title: 'comm/ knows neither transports nor the addon nor Node',
    modules: /^lib\/comm\//,
    may: /^lib\/(comm\/|coll\/|p2p\/|data\/|wire\/bytes$|errors$)/,
  },
  {
    title: 'bootstrap/ knows the launcher\'s contract',
    modules: /^lib\/bootstrap\//,
    may: /^(lib\/(bootstrap\/|wire\/|addresses$|env$|errors$)|native\/load$|node:[\w/]+$)/,
  },
  {
    title: 'the Monte-Carlo kernel stands alone',
    modules: /^lib\/montecarlo\//,
    may: /^(lib\/(montecarlo\/|errors$|env$|clock$)|native\/load$|node:[\w/]+$)/,
  },
  {
    title: 'errors, env and clock import nothing',
    modules: /^lib\/(errors|env|clock)\.ts$/,
    may: /^(?!)/,
  },
  {
    title: 'addresses of hosts are the system\'s: launcher and bootstrap choose among them alike',
    modules: /^lib\/addresses\.ts$/,
    may: /^node:(net|os)$/,
  },
  {
    title: 'the launcher shares env, errors and frames with the library',
    modules: /^launcher\/(?!tree\/(messages|port|step|uplink)\.ts)/,
    may: /^(launcher\/|lib\/(addresses|env|errors)$|lib\/wire\/|native\/load$|node:[\w/]+$|yargs(\/helpers)?$)/,
  },
  {
    title: 'agents of a step are let in as ranks are: by the same keys and the same gate',
    modules: /^launcher\/tree\/(messages|port|step|uplink)\.ts/,
    may: /^(launcher\/|lib\/(addresses|errors)$|lib\/wire\/|lib\/transport\/zmq-(gate|js|keys|version)$|node:[\w/]+$|zeromq$)/,
  },
  {
    title: 'the launcher\'s agent alone loads the addon',
    modules: /^launcher\/(?!agent\.ts|spawn\/)/,
    may: /^(?!native\/)/,
    types: /^native\/load$/,
  },
  {
    title: 'only transports, reductions, the kernel, bootstrap and who connects know the addon',
    modules: /^lib\/(?!transport\/(shm|shm-boards|peer-memory|zmq-native|zmq-sockets)\.ts|data\/|montecarlo\/|bootstrap\/|connect\.ts)/,
    may: /^(?!native\/)/,
  },
  {
    title: 'the addon\'s loader imports nothing of ours',
    modules: /^native\//,
    may: /^node:[\w/]+$/,
  },
  {
    title: 'examples, bench and programs of jobs import the package as its users do',
    modules: /^(examples|bench|test\/jobs\/programs)\/(?!parts\/|options\.ts$|tune\/library\.ts$|peers\/node\/zeromq\.mjs$)/,
    may: /^(tsmpi|tsmpi\/montecarlo|node:[\w/]+|examples\/.*|bench\/.*|test\/jobs\/programs\/.*)$/,
  },
  {
    title: 'the benchmark has a command line, and a peer that is a package',
    modules: /^bench\/(options\.ts|peers\/node\/zeromq\.mjs)$/,
    may: /^(node:[\w/]+|bench\/.*|yargs|zeromq)$/,
  },
  {
    title: 'a bench measures the wire between hosts inside',
    modules: /^bench\/parts\/wire\.ts$/,
    may: /^(lib\/(comm|p2p|transport)\/[\w-]+|native\/load$|node:[\w/]+|zeromq)$/,
  },
  {
    title: 'two benches measure one part inside: the codec and the reductions',
    modules: /^bench\/parts\/(?!wire)/,
    may: /^(lib\/data\/[\w-]+|native\/load|node:[\w/]+)$/,
  },
  {
    title: 'the tuner takes the names of algorithms, their restrictions and the tables from where the library has them',
    modules: /^bench\/tune\/library\.ts$/,
    may: /^lib\/coll\/(registry|schedule|select|switchpoints|table)$/,
  },
]

for (const { title, modules, may, types } of RULES) {
  void t.test(title, async (t) => {
    const subject = IMPORTS.filter(({ from }) => modules.test(from))
    const broken = subject.filter(
      ({ target, typeOnly }) => !may.test(target) && !(typeOnly && types !== undefined && types.test(target)),
    )
    t.same(broken.map(({ from, target }) => `${from} imports ${target}`), [])
  })
}

void t.test('the lines are read', async (t) => {
  const has = (from: string, target: string): boolean =>
    IMPORTS.some((line) => line.from === from && line.target === target)
  t.ok(has('lib/coll/drive.ts', 'lib/p2p/operation'))
  t.ok(has('lib/connect.ts', 'native/load'))
  t.ok(has('launcher/command-line.ts', 'yargs'))
  for (const folder of FOLDERS) t.ok(IMPORTS.some(({ from }) => from.startsWith(folder)), folder)
  const every = FOLDERS.flatMap(modules).filter((file) => file.startsWith('lib/') && importsOf(file).length === 0)
  t.ok(every.length <= 20, `${every.length} modules of lib/ import nothing: ${every.join(' ')}`)
})

void t.test('no module of lib/ imports itself by a detour', async (t) => {
  const next = new Map<string, string[]>()
  for (const { from, target, typeOnly } of IMPORTS) {
    if (typeOnly || !from.startsWith('lib/')) continue
    const name = withoutEnding(from)
    next.set(name, [...(next.get(name) ?? []), target])
  }
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (name: string, path: string[]): void => {
    if (path.includes(name)) cycles.push([...path.slice(path.indexOf(name)), name].join(' → '))
    if (done.has(name) || path.includes(name)) return
    for (const target of next.get(name) ?? []) visit(target, [...path, name])
    done.add(name)
  }
  for (const name of next.keys()) visit(name, [])
  t.same(cycles, [])
})
