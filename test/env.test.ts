// docs/tuning.md against lib/env.ts: every variable is documented, and no other.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { DEFAULT_EAGER_LIMIT, ENV, envInteger } from '../lib/env.js'

const text = readFileSync(new URL('../docs/tuning.md', import.meta.url), 'utf8')
/** Read by scripts/prepare.mjs alone. */
const BUILD = 'TSMPI_SKIP_ADDON'

void t.test('docs/tuning.md names every variable', async (t) => {
  for (const name of Object.values(ENV)) t.ok(text.includes(`\`${name}\``), name)
})

void t.test('docs/tuning.md names no variable that does not exist', async (t) => {
  const known = new Set<string>([...Object.values(ENV), BUILD])
  for (const [name] of text.matchAll(/TSMPI_[A-Z_]+/g)) t.ok(known.has(name), name)
})

void t.test('the default of the eager limit', async (t) => {
  t.match(text, `| bytes, ${DEFAULT_EAGER_LIMIT} |`)
})

void t.test('envInteger', async (t) => {
  t.equal(envInteger('A', 7, {}), 7)
  t.equal(envInteger('A', 7, { A: '12' }), 12)
  for (const A of ['', '-1', '1.5', 'x', '1e3', ' 1', '9'.repeat(16)]) t.equal(envInteger('A', 7, { A }), 7, A)
})
