// Who may import whom. Relative imports are resolved.
import t from 'tap'
import { readFileSync, readdirSync } from 'node:fs'
import { join, normalize } from 'node:path/posix'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const SOURCE = /\.([cm]?ts|m?js)$/

interface Import {
  /** A path from the root without its suffix, or the name of a package. */
  target: string
  type: boolean
}

const files = ['lib', 'native', 'launcher', 'examples', 'test/jobs']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, String(name))))
  .filter((file) => SOURCE.test(file))

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(/^(?:import|export)( type)?(?:[^'";]*?\bfrom)? '([^']+)'|\bimport\('([^']+)'\)/gm)
  return [...found].map(([, type, from, called]) => {
    const path = (from ?? called)!
    const target = path.startsWith('.') ? normalize(join(file, '..', path)).replace(SOURCE, '') : path
    return { target, type: type !== undefined }
  })
}

/** Every import of the files that match `who` must match one of `whom`. */
function rule(name: string, who: RegExp, whom: RegExp[]): void {
  void t.test(name, async (t) => {
    const ours = files.filter((file) => who.test(file))
    t.ok(ours.length > 0, 'there are such files')
    for (const file of ours) {
      for (const { target } of importsOf(file)) {
        t.ok(whom.some((allowed) => allowed.test(target)), `${file} imports ${target}`)
      }
    }
  })
}

const BASICS = /^lib\/(env|errors)$/
const WIRE = /^lib\/wire\//

rule('algorithms import schedules and arithmetic of ranks only', /^lib\/coll\/(?!drive)/, [/^lib\/coll\/(?!drive)/, BASICS])
rule('drivers know operations, data and bytes, and no transport, addon or Node', /^lib\/coll\/drive/, [
  /^lib\/coll\//, /^lib\/p2p\//, /^lib\/data\//, WIRE, BASICS,
])
rule('a transport knows frames, and nothing of matching, collectives or communicators', /^lib\/transport\//, [
  /^lib\/transport\//, /^native\/load$/, /^node:/, /^zeromq$/, WIRE, BASICS,
])
rule('point-to-point knows the contract of transports only', /^lib\/p2p\//, [
  /^lib\/p2p\//, /^lib\/transport\/transport$/, /^lib\/data\//, WIRE, BASICS,
])
rule('data knows values and the addon', /^lib\/data\//, [/^lib\/data\//, /^native\/load$/, /^node:(util|buffer)$/, BASICS])
rule('the wire knows bytes', /^lib\/wire\//, [WIRE, BASICS])
rule('a communicator knows no transport, addon or Node', /^lib\/comm\//, [
  /^lib\/(comm|coll|p2p|data)\//, WIRE, BASICS,
])
rule('the launcher shares variables, errors and control frames with the library', /^launcher\//, [
  /^launcher\//, /^native\/load$/, /^node:/, /^yargs$/, WIRE, BASICS,
])
rule('examples and jobs import the public entry only', /^(examples|test\/jobs\/.*\.m?js$)/, [
  /^tsmpi(\/montecarlo)?$/, /^node:/, /^test\/jobs\//,
])

void t.test('the addon is loaded in few places', async (t) => {
  const loaders = files.filter((file) => importsOf(file).some(({ target, type }) => target === 'native/load' && !type))
  const allowed = /^(lib\/(data|montecarlo|bootstrap)\/.*|lib\/world\.ts|launcher\/agent\.ts)$/
  for (const file of loaders) t.match(file, allowed)
})
