// The curves that the README shows.
import { COPY, OURS } from '../contenders.js'
import type { Measured, Results } from '../results.js'
import { median } from './statistics.js'
import { drawChart } from './svg.js'
import type { Series } from './svg.js'

/** One series a contender, ours first. The size 0 has no place on a logarithmic axis. */
function seriesOf(measured: readonly Measured[], value: (bytes: number, microseconds: number) => number): Series[] {
  const names = new Set([OURS, ...measured.flatMap(({ values }) => Object.keys(values))])
  names.delete(COPY)
  return [...names].map((name) => ({
    name,
    points: measured
      .filter(({ bytes, values }) => bytes > 0 && (values[name]?.length ?? 0) > 0)
      .sort((a, b) => a.bytes - b.bytes)
      .map(({ bytes, values }) => [bytes, value(bytes, median(values[name]))]),
  }))
}

/** By file name; what was not measured is not drawn. */
export function drawCharts(results: Results): Record<string, string> {
  const of = (family: string, ranks: number): Measured[] =>
    results.measured.filter((one) => one.family === family && one.ranks === ranks)
  const time = (_bytes: number, microseconds: number): number => microseconds
  const most = Math.max(0, ...results.measured.filter(({ family }) => family === 'allreduce').map(({ ranks }) => ranks))
  const charts = {
    'latency.svg': { title: 'Latency: one way between two ranks', unit: 'µs', series: seriesOf(of('latency', 2), time) },
    'bandwidth.svg': {
      title: 'Bandwidth: windows of 64 messages between two ranks',
      unit: 'MB/s',
      series: seriesOf(of('bandwidth', 2), (bytes, microseconds) => bytes / microseconds),
    },
    'allreduce.svg': {
      title: `Allreduce: sums of doubles over ${most} ranks`,
      unit: 'µs',
      series: seriesOf(of('allreduce', most), time),
    },
  }
  const drawn = Object.entries(charts).map(([name, chart]) => [name, drawChart(chart)] as const)
  return Object.fromEntries(drawn.filter((entry): entry is [string, string] => entry[1] !== undefined))
}
