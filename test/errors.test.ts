// docs/errors.md against lib/errors.ts.
import t from 'tap'
import { readFileSync } from 'node:fs'
import * as errors from '../lib/errors.js'
import { MpiError } from '../lib/errors.js'

const text = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')

/** One of each class; arguments that a class does not take are passed over. */
const samples = Object.entries(errors)
  .filter(([name]) => name !== 'MpiError')
  .map(([name, Class]) => [name, new (Class as new (...args: unknown[]) => MpiError)('text', 1, 2)] as const)

const row = (name: string): string[] | undefined =>
  text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))?.split('|').map((cell) => cell.trim())

for (const [name, error] of samples) {
  void t.test(name, async (t) => {
    t.ok(error instanceof MpiError && error instanceof Error, 'is an MpiError')
    t.equal(error.name, name)
    t.equal(error.message, 'text')
    const [, , code, fields] = row(name) ?? []
    t.equal(code, `\`${error.code}\``, 'the code in the table')
    const own = Object.keys(error).filter((key) => !['code', 'name'].includes(key))
    t.equal(fields, own.map((key) => `\`${key}\``).join(', '), 'the fields in the table')
    t.ok(text.includes(`\n## ${name}\n`), 'a section of its own')
  })
}

void t.test('codes are unique, and the page has no class that does not exist', async (t) => {
  t.equal(new Set(samples.map(([, { code }]) => code)).size, samples.length)
  for (const [, name] of text.matchAll(/^(?:## |\| `)(\w+Error)/gm)) t.ok(name in errors, name)
})
