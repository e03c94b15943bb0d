// Puts tables and curves into the pages: what stands between the marks is replaced.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Results } from '../results.js'
import { askedFigures, askedRatios } from './asked.js'
import { drawCharts } from './charts.js'
import { markdownTable } from './table.js'
import { allTables } from './tables.js'

/** Whose marks: of what runs inside a host, or between hosts. */
export type Marks = 'bench' | 'bench-hosts'

/** @throws Error where the marks are not there. */
export function between(text: string, content: string, marks: Marks = 'bench'): string {
  const [first, last] = [`<!-- ${marks}:begin -->`, `<!-- ${marks}:end -->`]
  const begin = text.indexOf(first)
  const end = text.indexOf(last, begin)
  if (begin < 0 || end < 0) throw new Error(`the page lacks the marks ${first} and ${last}`)
  return `${text.slice(0, begin + first.length)}\n${content}\n${text.slice(end)}`
}

function fill(path: string, content: string, marks?: Marks): void {
  writeFileSync(path, between(readFileSync(path, 'utf8'), content, marks))
}

/** What runs between hosts, measured by itself: it may be on another machine. */
export function fillHostPages(root: string, results: Results): void {
  const machine = `Measured on: ${results.machine}.`
  fill(join(root, 'README.md'), [machine, markdownTable(askedRatios(results))].join('\n\n'), 'bench-hosts')
  fill(join(root, 'docs/benchmarks.md'), [machine, ...allTables(results).map(markdownTable)].join('\n\n'), 'bench-hosts')
}

/** README.md gets the asked figures and the curves, docs/benchmarks.md every table. */
export function fillPages(root: string, results: Results): void {
  const charts = drawCharts(results)
  mkdirSync(join(root, 'docs/img'), { recursive: true })
  for (const [name, svg] of Object.entries(charts)) writeFileSync(join(root, 'docs/img', name), svg)
  const images = Object.keys(charts).map((name) => `![${name.replace('.svg', '')}](docs/img/${name})`)
  const asked = [askedRatios(results), askedFigures(results)].filter(({ rows }) => rows.length > 0).map(markdownTable)
  fill(join(root, 'README.md'), [`Measured on: ${results.machine}.`, ...asked, ...images].join('\n\n'))
  const tables = allTables(results).map(markdownTable)
  fill(join(root, 'docs/benchmarks.md'), [`Measured on: ${results.machine}.`, ...tables].join('\n\n'))
}
