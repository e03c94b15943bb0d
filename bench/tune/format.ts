// A table of switch points as TypeScript, as JSON, as the rows of docs/algorithms.md; times as text.
import { sizeName } from '../families.js'
import { short } from '../report/statistics.js'
import { textTable } from '../report/table.js'
import type { MeasuredOn, SwitchPoint } from './library.js'
import type { Measurement } from './measure.js'
import type { Group } from './rows.js'

const KIB = 1024

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
const bytesCode = (bytes: number): string => (bytes > 0 && bytes % KIB === 0 ? `${bytes / KIB} * KIB` : String(bytes))

/** `{ collective: 'bcast', crowded: true, maxSize: 5, maxBytes: 8 * KIB, algorithm: 'binomial' }` */
function pointCode({ collective, crowded, maxSize, maxBytes, powerOfTwo, algorithm }: SwitchPoint): string {
  const fields = [
    `collective: ${quoted(collective)}`,
    crowded === true ? 'crowded: true' : '',
    maxSize === undefined ? '' : `maxSize: ${maxSize}`,
    maxBytes === undefined ? '' : `maxBytes: ${bytesCode(maxBytes)}`,
    powerOfTwo === true ? 'powerOfTwo: true' : '',
    `algorithm: ${quoted(algorithm)}`,
  ]
  return `{ ${fields.filter((field) => field !== '').join(', ')} }`
}

/** lib/coll/switchpoints.ts */
export function sourceOf(groups: readonly Group[], { cpu, cores, node, date, ranks }: MeasuredOn): string {
  const rows = groups.map(({ reason, points }) => [`  // ${reason}`, ...points.map((point) => `  ${pointCode(point)},`)].join('\n'))
  const kib = rows.some((text) => text.includes('KIB')) ? `const KIB = ${KIB}\n\n` : ''
  return `// Which algorithm is fastest up to which size and length: data, written by \`npm run tune\`.
import type { MeasuredOn, SwitchPoint } from './table.js'

/** Undefined where the table was estimated. */
export const MEASURED_ON: MeasuredOn | undefined = {
  cpu: ${quoted(cpu)},
  cores: ${cores},
  node: ${quoted(node)},
  date: ${quoted(date)},
  ranks: [${ranks.join(', ')}],
}

${kib}export const SWITCH_POINTS: readonly SwitchPoint[] = [
${rows.join('\n\n')}
]
`
}

/** The fields in one order, whatever the order they were set in. */
const ORDER = ['collective', 'crowded', 'maxSize', 'maxBytes', 'powerOfTwo', 'algorithm']

/** What TSMPI_SWITCH_POINTS takes: a row a line. */
export function jsonOf(groups: readonly Group[], measuredOn: MeasuredOn): string {
  const rows = groups.flatMap(({ points }) => points).map((point) => `    ${JSON.stringify(point, ORDER)}`)
  return `{\n  "measuredOn": ${JSON.stringify(measuredOn)},\n  "switchPoints": [\n${rows.join(',\n')}\n  ]\n}\n`
}

const HEAD = ['collective', 'up to ranks', 'up to bytes', 'where', 'algorithm']
const PROVENANCE = /^(Estimated|Measured) .*$/m
const TABLE = /^\| collective \| up to ranks .*\n(\|.*\n)*/m

/** Where the table of docs/algorithms.md comes from, in one line. */
export function provenance(measuredOn: MeasuredOn | undefined): string {
  if (measuredOn === undefined) return 'Estimated for shared memory on few cores; `npm run tune` measures.'
  const { cpu, cores, node, date, ranks } = measuredOn
  return `Measured on ${cpu}, ${cores} cores, Node ${node}, ${date}, with ${ranks.join(', ')} ranks, by \`npm run tune\`.`
}

export function docsTable(points: readonly SwitchPoint[]): string {
  const rows = points.map(({ collective, maxSize, maxBytes, crowded, powerOfTwo, algorithm }) => {
    const where = [crowded === true ? 'ranks share cores' : '', powerOfTwo === true ? 'power of two' : '']
    const bytes = maxBytes === undefined ? '' : sizeName(maxBytes)
    return [collective, maxSize ?? '', bytes, where.filter((each) => each !== '').join(', '), algorithm]
  })
  return [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
    .replaceAll('| --- ', '|---').replaceAll('--- |\n', '---|\n')
}

/** docs/algorithms.md with this table. Throws where the page has no place for it. */
export function docsWith(page: string, points: readonly SwitchPoint[], measuredOn: MeasuredOn | undefined): string {
  if (!PROVENANCE.test(page) || !TABLE.test(page)) throw new Error('docs/algorithms.md has no table of switch points to replace')
  return page.replace(PROVENANCE, () => provenance(measuredOn)).replace(TABLE, () => docsTable(points))
}

/** Microseconds of each algorithm at each size; `*`: chosen from now on, `·`: chosen so far. */
export function timesTable(
  { collective, ranks, timings }: Measurement,
  names: readonly string[],
  chosen: (bytes: number) => string,
  before: (bytes: number) => string,
): string {
  const mark = (name: string, bytes: number): string =>
    `${name === before(bytes) ? '·' : ' '}${name === chosen(bytes) ? '*' : ' '}`
  const rows = timings.map(({ bytes, times }) => [
    collective === 'barrier' ? '' : sizeName(bytes),
    ...names.map((name) => `${name in times ? short(times[name]) : '-'}${mark(name, bytes)}`),
  ])
  return textTable({ head: [`${collective}, ${ranks} ranks`, ...names.map((name) => `${name} µs`)], rows })
}

/** How many times the fastest that a table's choices take, in the geometric mean. */
export function distance(measurements: readonly Measurement[], choose: (measurement: Measurement, bytes: number) => string): number {
  const logarithms = measurements.flatMap((measurement) =>
    measurement.timings.flatMap(({ bytes, times }) => {
      const name = choose(measurement, bytes)
      return name in times ? [Math.log(times[name] / Math.min(...Object.values(times)))] : []
    }),
  )
  return Math.exp(logarithms.reduce((sum, each) => sum + each, 0) / Math.max(1, logarithms.length))
}
