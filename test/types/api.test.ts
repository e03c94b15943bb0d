// Runs the compiler on api.ts: what it says compiles does, what it says does not compile does not.
import t from 'tap'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const FILE = fileURLToPath(new URL('./api.ts', import.meta.url))
const ROOT = resolve(dirname(FILE), '../..')
const EXPECTED = '// @ts-expect-error'

const config = ts.getParsedCommandLineOfConfigFile(resolve(ROOT, 'tsconfig.json'), {}, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
    throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'))
  },
})!

/** What the compiler says of the file, by line, with `text` in its place. */
function complaints(text: string, before?: ts.Program): [lines: Map<number, string>, program: ts.Program] {
  const host = ts.createCompilerHost(config.options)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (name, version, ...rest) => {
    if (resolve(name) === FILE) return ts.createSourceFile(name, text, version, true)
    return before?.getSourceFile(name) ?? read(name, version, ...rest)
  }
  const program = ts.createProgram([FILE], config.options, host, before)
  const source = program.getSourceFile(FILE)!
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
  const lines = found.map(({ start, messageText }): [number, string] => [
    source.getLineAndCharacterOfPosition(start ?? 0).line + 1, ts.flattenDiagnosticMessageText(messageText, '\n'),
  ])
  return [new Map(lines), program]
}

void t.test('the public API has the types that it should', async (t) => {
  const text = ts.sys.readFile(FILE)!
  const [found, program] = complaints(text)
  t.same([...found], [])

  const lines = text.split('\n')
  const refused = lines.flatMap((line, i) => (line.includes(EXPECTED) ? [i + 2] : []))
  t.ok(refused.length > 25, `${refused.length} calls that must not compile`)
  const [plain] = complaints(lines.map((line) => line.replace(EXPECTED, '//')).join('\n'), program)
  t.same([...plain.keys()].sort((a, b) => a - b), refused, 'and nothing else is refused')
})

void t.test('a wrong type is noticed', async (t) => {
  const text = ts.sys.readFile(FILE)!.replace('is<number>()(world.rank)', 'is<string>()(world.rank)')
  const [found] = complaints(text)
  t.equal(found.size, 1)
})
