// docs/algorithms.md against the registry and the switch points.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { docsWith } from '../../bench/tune/format.js'
import { ENTRIES } from '../../lib/coll/registry.js'
import type { Entry } from '../../lib/coll/schedule.js'
import { SEVERAL_HOSTS } from '../../lib/coll/switchpoints-hosts.js'
import { MEASURED_ON, SWITCH_POINTS } from '../../lib/coll/switchpoints.js'

const text = readFileSync(new URL('../../docs/algorithms.md', import.meta.url), 'utf8')

/** The rows below a heading, cell by cell. */
function table(heading: string): string[][] {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading))!
  const rows = section.split('\n').filter((line) => line.startsWith('|')).slice(2)
  return rows.map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim()))
}

function needs(entry: Entry): string {
  const all = [
    entry.powerOfTwo === true ? 'power of two' : '',
    entry.commutative === true ? 'commutative' : '',
    entry.typedOnly === true ? 'typed arrays' : '',
  ]
  return all.filter((each) => each !== '').join(', ')
}

/** A formula of the page for one size; the page explains its letters. */
function evaluate(formula: string, n: number, S: number, h = 1): number {
  const c = 2 ** Math.floor(Math.log2(n))
  const ones = (): number => Array.from({ length: n }, (_, i) => i.toString(2).replace(/0/g, '').length)
    .reduce((sum, count) => sum + count, 0)
  const k = n / h
  const d = 2 ** Math.floor(Math.log2(h))
  const ofHosts = { h, k, H: Math.ceil(Math.log2(h)), K: Math.ceil(Math.log2(k)), d, g: d === h ? 0 : 1, logOfHosts: Math.log2(d) }
  const letters = { ...ofHosts, n, S, c, f: c === n ? 0 : 1, L: Math.ceil(Math.log2(n)), B: ones(), log: Math.log2(c) }
  return runInNewContext(formula.replaceAll('log2 c', 'log').replaceAll('log2 d', 'logOfHosts').replaceAll('·', '*'), letters) as number
}

void t.test('the table of algorithms is that of the registry', async (t) => {
  const rows = table('The algorithms')
  const entries = ENTRIES.filter(({ twoLevel }) => twoLevel !== true)
  t.same(rows.map((row) => row.slice(0, 2)), entries.map((entry) => [entry.collective, entry.name]))
  rows.forEach(([, , steps, volume, work, cut, restrictions], i) => {
    const entry = entries[i]
    const name = `${entry.collective} ${entry.name}`
    t.equal(cut, entry.cut, name)
    t.equal(restrictions, needs(entry), name)
    for (const n of [2, 3, 4, 6, 8, 16, 17]) {
      const blocks = entry.cut === 'whole' ? 1 : entry.cut === 'ranks' ? n : 5
      t.equal(evaluate(steps, n, blocks), entry.steps(n, blocks), `${name}: steps for ${n}`)
      for (const [formula, claimed] of [[volume, entry.volume], [work, entry.work]] as const) {
        const found = evaluate(formula, n, blocks)
        t.ok(Math.abs(found - claimed(n, blocks)) < 1e-9, `${name}: ${formula} for ${n}`)
      }
    }
  })
})

void t.test('the table of algorithms on two levels is that of the registry', async (t) => {
  const entries = ENTRIES.filter(({ twoLevel }) => twoLevel)
  const rows = table('On two levels')
  t.same(rows.map((row) => row.slice(0, 2)), entries.map((entry) => [entry.collective, entry.name]))
  for (const [i, [, , ...cells]] of rows.entries()) {
    const entry = entries[i]
    const name = `${entry.collective} ${entry.name}`
    t.same(cells.slice(6), [entry.cut, needs(entry)], name)
    for (const [n, h] of [[4, 2], [6, 3], [8, 4], [12, 3], [15, 5], [16, 2]]) {
      const blocks = entry.cut === 'whole' ? 1 : n
      const claimed = [entry, entry.inside!].flatMap(({ steps, volume, work }) => [steps, volume, work])
      claimed.forEach((formula, cell) => {
        const difference = evaluate(cells[cell], n, blocks, h) - formula(n, blocks, h)
        t.ok(Math.abs(difference) < 1e-9, `${name}: ${cells[cell]} for ${n} ranks on ${h} hosts`)
      })
    }
  }
})

void t.test('the rows for several hosts are those in use', async (t) => {
  const rows = text.split('| collective on several hosts |')[1].split('\n\n')[0].split('\n').slice(2)
  const expected = SEVERAL_HOSTS.map(({ collective, maxBytes, algorithm }) =>
    `| ${collective} | ${maxBytes === undefined ? '' : `${maxBytes / 1024} KiB`} | ${algorithm} |`)
  t.same(rows, expected)
})

void t.test('the switch points are those in use', async (t) => {
  t.equal(docsWith(text, SWITCH_POINTS, MEASURED_ON), text)
})
