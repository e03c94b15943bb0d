// The bundles of lib/: what is loaded at import, and what is loaded when it is needed.
//
// Parsing is most of what an import costs, and most ranks need neither ZeroMQ nor PMI. The sources import such modules
// like all others; in the bundle of the entries stubs take their place, of which the first call loads the module. That
// may be in the middle of a program, so it is CommonJS; and it is handed what it has in common with the entries, so that
// there is one copy of each module.
import { basename, join, relative } from 'node:path'

const ENTRIES = { entryPoints: ['lib/index.ts', 'lib/montecarlo/index.ts'], splitting: true, chunkNames: 'lib/shared' }
/** The functions and classes by which a module is reached. */
const AT_NEED = { 'lib/transport/zmq.ts': ['ZmqTransport'], 'lib/bootstrap/pmi-job.ts': ['joinedByPmi'] }
const HANDED = {
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  banner: { js: 'module.exports = (shared) => {\nconst module = { exports: {} };' },
  footer: { js: 'return module.exports;\n};' },
}

const nameOf = (module) => basename(module, '.ts')

/** Returns what esbuild has made of each. `common`: options for all of them. */
export async function buildLibrary(esbuild, common) {
  const build = (options, standIns = {}) =>
    esbuild.build({ ...common, ...options, plugins: [withStandIns(common.absWorkingDir, standIns)] })
  const modules = Object.keys(AT_NEED)
  const buildEntries = (shared) => build(ENTRIES, Object.fromEntries(modules.map((module) => [module, stub(module, shared)])))

  const inEntries = inputsOf(await buildEntries({}))
  const inOthers = (await Promise.all(modules.map((module) => build({ entryPoints: [module] })))).flatMap(inputsOf)
  const inBoth = inEntries.filter((path) => inOthers.includes(path))
  const twice = inOthers.find((path, at) => !inBoth.includes(path) && inOthers.indexOf(path) !== at)
  if (twice !== undefined) throw new Error(`${twice} would be in two bundles that are loaded at need: let them be one`)
  const shared = exportsOf(await build({ entryPoints: inBoth }))
  return Promise.all([buildEntries(shared), ...modules.map((module) => build(atNeed(module), handed(shared)))])
}

const inputsOf = ({ metafile }) => Object.keys(metafile.inputs)

/** The names that each of these modules exports, as they stand in an import. */
function exportsOf({ metafile }) {
  const modules = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint)
  return Object.fromEntries(modules.map(({ entryPoint, exports }) => [entryPoint, exports.join(', ')]))
}

const atNeed = (module) => ({ ...HANDED, entryPoints: [{ in: module, out: `lib/${nameOf(module)}` }] })

function stub(module, shared) {
  const imports = Object.entries(shared).map(([path, names]) => `import { ${names} } from './${path.replace(/ts$/, 'js')}'\n`)
  const required = 'process.getBuiltinModule("module").createRequire(import.meta.url)'
  const load = `let loaded\nconst load = () => loaded ??= ${required}("./${nameOf(module)}.cjs")({ ${Object.values(shared).join(', ')} })\n`
  const reached = AT_NEED[module].map(
    (name) => `export function ${name}(...args) { return new.target ? new (load().${name})(...args) : load().${name}(...args) }\n`,
  )
  return [...imports, load, ...reached].join('')
}

const handed = (shared) =>
  Object.fromEntries(Object.entries(shared).map(([path, names]) => [path, `export const { ${names} } = shared\n`]))

/** `standIns`: by the path of a module, what it consists of instead of its file. */
const withStandIns = (root, standIns) => ({
  name: 'stand-ins',
  setup(build) {
    build.onResolve({ filter: /^\..*\.js$/ }, ({ path, resolveDir, namespace }) => {
      const module = relative(root, join(resolveDir, path)).replace(/js$/, 'ts')
      return namespace === 'file' && module in standIns ? { path: module, namespace: 'stand-in' } : undefined
    })
    build.onLoad({ filter: /./, namespace: 'stand-in' }, ({ path }) => ({ contents: standIns[path], resolveDir: root }))
  },
})
