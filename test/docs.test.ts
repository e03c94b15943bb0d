// The pages name only files, commands and examples that exist.
import t from 'tap'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
const pages = ['README.md', 'CONTRIBUTING.md', ...docs]
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
const FOLDERS = 'deploy|lib|native|launcher|examples|test|bench|docs|scripts'

for (const page of pages) {
  const text = readFileSync(join(root, page), 'utf8')
  void t.test(page, async (t) => {
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      t.ok(existsSync(join(root, dirname(page), target)), `link to ${target}`)
    }
    for (const [path] of text.matchAll(new RegExp(`\\b(?:${FOLDERS})/[\\w./-]*[\\w/]`, 'g'))) {
      t.ok(existsSync(join(root, path)), path)
    }
    for (const [, script] of text.matchAll(/npm run ([\w:]+)/g)) t.ok(script in scripts, `npm run ${script}`)
  })
}

void t.test('the two commands stand at the top of the README', async (t) => {
  const top = readFileSync(join(root, 'README.md'), 'utf8').split('## ')[0]
  t.match(top, '\nnpm ci && npx tsmpirun -n 8 examples/pi.js\nnpm ci && npm test\n')
})

void t.test('the messages that docs/clusters.md explains are those of the source, or of ssh', async (t) => {
  const sources = ['lib', 'launcher'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)))
  const code = sources.filter((name) => name.endsWith('.ts')).map((name) => readFileSync(name, 'utf8')).join('\n')
  const OF_SSH = ['Permission denied (publickey)', 'Host key verification failed', 'Could not resolve hostname', 'No route to host', 'Connection timed out']
  const rows = readFileSync(join(root, 'docs/clusters.md'), 'utf8').split('| what tsmpirun says |')[1]!.split('\n').filter((line) => line.startsWith('| '))
  const quoted = rows.flatMap((line) => [...line.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, text]) => text!))
  t.ok(quoted.length > 10)
  for (const text of quoted.filter((text) => !OF_SSH.includes(text))) {
    for (const piece of text.split('…').map((piece) => piece.trim()).filter((piece) => /\w{3}/.test(piece))) t.ok(code.includes(piece), piece)
  }
})
