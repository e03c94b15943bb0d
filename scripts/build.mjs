// Builds dist/: a bundle for each entry of lib/ and launcher/ (esbuild), and the types (tsc). `npm run build`.
//   --bundles   without the types: half a second instead of several, for the change of a line
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildLibrary } from './library.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(join(root, 'package.json'))
const dist = join(root, 'dist')

const COMMON = {
  absWorkingDir: root,
  outdir: dist,
  outbase: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.17',
  packages: 'external',
  sourcemap: true,
  metafile: true,
  write: false,
  logLevel: 'warning',
}

/** Bundles beside those of the library, which share no state: each is a process of its own, or a file on its own. */
const BUNDLES = [
  { entryPoints: ['lib/bootstrap/report.cts'], format: 'cjs', outExtension: { '.js': '.cjs' } },
  { entryPoints: ['launcher/main.ts'], external: ['./run.js'] },
  { entryPoints: ['launcher/agent.ts'], external: ['./tree/relay.js', './tree/addresses.js', './tree/uplink.js'] },
  // What the agent loads where a job has several hosts, and where one step of srun starts it, or others.
  { entryPoints: ['launcher/tree/relay.ts', 'launcher/tree/addresses.ts'], external: ['./step.js'] },
  { entryPoints: ['launcher/tree/step.ts', 'launcher/tree/uplink.ts'] },
  { entryPoints: ['launcher/run.ts'], packages: 'bundle' },
  // A rank without the library's messages: tests of the launcher are such ranks. Not in the published package.
  { entryPoints: ['lib/bootstrap/index.ts'] },
]

/**
 * esbuild makes `var A = class _A` of a class that mentions itself, and `_A` would be its name in every stack and
 * every printed object. Inside, the class's own name means the same.
 */
function withNamesOfClasses(text) {
  const names = [...text.matchAll(/^var (\w+) = class _\1\b/gm)].map(([, name]) => name)
  return names.reduce((changed, name) => changed.replace(new RegExp(`\\b_${name}\\b`, 'g'), name), text)
}

/**
 * An ES import of a module of Node makes an ES module of it, for which all of its getters are run: `fs` loads its
 * streams, `util` its parsers. The object itself has what is wanted for a tenth of the time.
 */
function withObjectsOfNode(text) {
  return text.replace(/^import \{([^}]*)\} from "([\w:/]+)";$/gm, (line, names, module) =>
    isBuiltin(module) ? `var {${names.replaceAll(' as ', ': ')}} = process.getBuiltinModule("${module}");` : line,
  )
}

/** yargs looks for its words beside itself, where it is installed. */
const withLocaleOfYargs = (text) => text.replace('"../../../locales"', '"../locales"')

/** The terms under which the packages in the launcher's bundle are passed on. */
function licensesOf(inputs) {
  const packages = inputs.map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean)
  const texts = [...new Set(packages)].map((name) => {
    const folder = join(root, 'node_modules', name)
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one))
    return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
  })
  return texts.join('\n----\n\n')
}

/** V8 takes two bytes for each character of a text with a single one beyond Latin-1: they are left in comments only. */
const inAscii = (text) => text.replace(/[^\0-\x7f]/g, '?')

const finish = (text) => inAscii(withLocaleOfYargs(withObjectsOfNode(withNamesOfClasses(text))))

async function buildBundles() {
  const esbuild = require('esbuild')
  const built = await Promise.all(BUNDLES.map((options) => esbuild.build({ ...COMMON, ...options })))
  built.push(...(await buildLibrary(esbuild, COMMON)))
  removeFiles((name) => !name.endsWith('.d.ts'))
  for (const { path, text } of built.flatMap(({ outputFiles }) => outputFiles)) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, path.endsWith('.map') ? text : finish(text))
  }
  const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs))
  writeFileSync(join(dist, 'launcher/LICENSES.txt'), licensesOf(inputs))
  mkdirSync(join(dist, 'launcher/locales'), { recursive: true })
  copyFileSync(join(root, 'node_modules/yargs/locales/en.json'), join(dist, 'launcher/locales/en.json'))
  chmodSync(join(dist, 'launcher/main.js'), 0o755)
}

/** Types of what the entries of lib/ export, file by file. */
function buildTypes() {
  removeFiles((name) => name.endsWith('.d.ts'))
  const done = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.types.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (done.status !== 0) process.exit(1)
}

/** What an earlier build has left must not be found instead of what this one makes. */
function removeFiles(which) {
  mkdirSync(dist, { recursive: true })
  for (const entry of readdirSync(dist, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && which(entry.name)) rmSync(join(entry.parentPath ?? entry.path, entry.name))
  }
}

await buildBundles()
if (!process.argv.includes('--bundles')) buildTypes()
