// Tables: for the terminal and as Markdown.

export type Cell = string | number

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** The first column is left-aligned, the others right-aligned. */
export function textTable({ head, rows }: Table): string {
  const lines = [head, ...rows].map((row) => row.map(String))
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const align = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column])
  return lines.map((line) => head.map((_, column) => align(line[column] ?? '', column)).join('  ').trimEnd()).join('\n')
}

export function markdownTable({ head, rows }: Table): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|---|${'---:|'.repeat(head.length - 1)}`, ...rows.map(line)].join('\n')
}
