// Puts tables and curves into the pages: what stands between the marks is replaced.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Results } from '../results.js'
import { askedFigures, askedRatios } from './asked.js'
import { drawCharts } from './charts.js'
import { markdownTable } from './table.js'
import { allTables } from './tables.js'

const BEGIN = '<!-- bench:begin -->'
const END = '<!-- bench:end -->'

/** @throws Error where the marks are not there. */
export function between(text: string, content: string): string {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END, begin)
  if (begin < 0 || end < 0) throw new Error(`the page lacks the marks ${BEGIN} and ${END}`)
  return `${text.slice(0, begin + BEGIN.length)}\n${content}\n${text.slice(end)}`
}

function fill(path: string, content: string): void {
  writeFileSync(path, between(readFileSync(path, 'utf8'), content))
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
