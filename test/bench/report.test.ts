// What the benchmark makes of figures: medians, ratios, steps, tables, curves, pages.
import t from 'tap'
import { casesOf, familyNamed, ranksOf, sizeName } from '../../bench/families.js'
import { readOptions } from '../../bench/options.js'
import { askedFigures, askedRatios } from '../../bench/report/asked.js'
import { drawCharts } from '../../bench/report/charts.js'
import { worstStep } from '../../bench/report/cliff.js'
import { between } from '../../bench/report/pages.js'
import { median, medianRatio, short } from '../../bench/report/statistics.js'
import { drawChart } from '../../bench/report/svg.js'
import { markdownTable, textTable } from '../../bench/report/table.js'
import { coldTable, familyTable, oursIn } from '../../bench/report/tables.js'
import { emptyResults, merged } from '../../bench/results.js'
import type { Measured } from '../../bench/results.js'

const MIB = 1 << 20

const one = (family: string, bytes: number, values: Record<string, number[]>, ranks = 2): Measured => ({ family, ranks, bytes, values })

void t.test('medians, and medians of pairwise ratios', async (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  t.ok(Number.isNaN(median([])))
  // The machine was twice as slow in the second round, for both.
  t.equal(medianRatio([1, 2, 1], [2, 4, 2]), 0.5)
  t.equal(medianRatio([1, 9], [2]), 0.5, 'rounds without a partner do not count')
  t.ok(Number.isNaN(medianRatio([], [1])))
})

void t.test('figures are shown with three digits', async (t) => {
  t.same([0.12345, 1.2345, 12.345, 123.45, 123456, NaN].map(short), ['0.123', '1.23', '12.3', '123', '123456', '-'])
  t.same([0, 8, 1024, 1536, 4 * MIB].map(sizeName), ['0 B', '8 B', '1 KiB', '1.5 KiB', '4 MiB'])
})

void t.test('the worst step is that above the copying time', async (t) => {
  const latencies = [1, 2, 4, 8].map((bytes, i) => one('latency', bytes, { tsmpi: [[1, 1.1, 3, 5][i]], copy: [[0.1, 0.1, 0.1, 1.1][i]] }))
  // From 2 to 4 bytes the time grows from 1.1 to 3 though copying takes no longer; from 4 to 8 copying explains it all.
  const step = worstStep(latencies, 'tsmpi', 'copy')
  t.equal(step?.bytes, 4)
  t.equal(step?.ratio.toFixed(3), (3 / 1.1).toFixed(3))
  t.equal(worstStep([], 'tsmpi', 'copy'), undefined)
})

void t.test('families, their aliases, ranks and cases', async (t) => {
  t.equal(familyNamed('osu_bw').name, 'bandwidth')
  t.equal(familyNamed('mbw_mr').name, 'message-rate')
  t.throws(() => familyNamed('latencies'), /no family is called latencies; there are latency,/)
  t.same(ranksOf(familyNamed('bcast'), undefined), [2, 4, 8])
  t.same(ranksOf(familyNamed('bcast'), [3]), [3])
  t.same(ranksOf(familyNamed('latency'), [3]), [2])
  const latency = casesOf(familyNamed('latency'), undefined, false)
  t.same([latency[0], latency[1], latency.at(-1), latency.length], [0, 1, 4 * MIB, 24])
  const allreduce = casesOf(familyNamed('allreduce'), undefined, false)
  t.ok(allreduce.every((bytes) => bytes > 0 && bytes % 8 === 0))
  for (const asked of [8, 8192, 8 * MIB]) t.ok(allreduce.includes(asked), `${asked}`)
  t.same(casesOf(familyNamed('wire-stream'), undefined, true), [64, MIB])
  t.same(casesOf(familyNamed('wire-stream'), [8, 4096], true), [8, 4096])
  t.same(casesOf(familyNamed('objects'), [64], true), [0, 1, 2, 3])
  t.same(casesOf(familyNamed('bandwidth'), [64, 0, 64, 8 * MIB], true), [64])
})

void t.test('options are checked', async (t) => {
  const { families, ranks, sizes, against, settings } = await readOptions(
    ['--only', 'bw, latency', '--ranks', '2,8', '--sizes', '0,64', '--against', 'open', '--no-spaced'],
  )
  t.same(families.map(({ name }) => name), ['latency', 'bandwidth'])
  t.same([ranks, sizes, settings.spaced], [[2, 8], [0, 64], false])
  t.same([against('Open MPI C'), against('mpi4py')], [true, false])
  t.notOk((await readOptions([])).families.some(({ name }) => name.startsWith('wire')), 'between hosts only where asked')
  const hosts = await readOptions(['--hosts'])
  t.same([hosts.families.map(({ name }) => name), hosts.peers], [['wire-latency', 'wire-stream', 'wire-allreduce'], true])
  t.same((await readOptions(['--only', 'wire-stream'])).families.map(({ name }) => name), ['wire-stream'])
  const wrong: [string[], RegExp][] = [
    [['--only', 'x'], /no family/], [['--ranks', '1'], /--ranks/], [['--sizes', '1.5'], /--sizes/], [['--rounds', '0'], /--rounds/],
    [['--turn', '-1'], /--turn/], [['--frobnicate'], /frobnicate/], [['extra'], /extra|argument/i], [['--transport', 'tcp'], /transport/],
  ]
  for (const [args, message] of wrong) await t.rejects(readOptions(args), { message }, args.join(' '))
})

void t.test('tables', async (t) => {
  const measured = [
    one('bandwidth', 1024, { 'tsmpi': [1, 1, 4], 'Open MPI C': [2, 2, 2] }),
    one('bandwidth', 2048, { tsmpi: [2, 2, 2] }),
  ]
  const table = familyTable(familyNamed('bandwidth'), 2, measured)
  t.same(table.head, ['bandwidth, 2 ranks', 'tsmpi µs', 'Open MPI C µs', 'tsmpi MB/s', '/ Open MPI C'])
  t.same(table.rows, [['1 KiB', '1.00', '2.00', '1024', '0.500'], ['2 KiB', '2.00', '-', '1024', '-']])
  t.equal(textTable({ head: ['a', 'long'], rows: [['x', 1], ['yy', 22]] }), 'a   long\nx      1\nyy    22')
  t.equal(markdownTable({ head: ['a', 'b'], rows: [['x|y', 1]] }), '| a | b |\n|---|---:|\n| x\\|y | 1 |')
  t.equal(oursIn({ 'numpy': 1, 'tsmpi avx2': 1, 'tsmpi portable': 1 }), 'tsmpi avx2')
})

const RESULTS = {
  ...emptyResults('a machine'),
  measured: [
    one('latency', 8, { 'tsmpi': [0.5], 'Open MPI C': [0.2], 'mpi4py': [1], 'copy': [0.1] }),
    one('latency', 4096, { 'tsmpi': [1], 'Open MPI C': [2], 'copy': [0.1] }),
    one('latency', 8192, { 'tsmpi': [2], 'Open MPI C': [2], 'copy': [0.2] }),
    one('barrier', 0, { 'tsmpi': [3], 'Open MPI C': [3] }, 8),
    one('startup', 0, { 'tsmpi': [400], 'mpi4py': [500], 'bare node': [50] }, 8),
    one('idle', 0, { tsmpi: [0.2, 0.4, 3] }),
    one('wake', 0, { tsmpi: [50, 150, 200] }),
    one('memory', 0, { 'tsmpi': [60, 70], 'bare node': [46, 44] }, 8),
    one('montecarlo', 0, { 'tsmpi avx512': [250], 'numpy': [9000] }, 1),
  ],
  cold: [{ family: 'latency', ranks: 2, bytes: 8, values: { tsmpi: 2 } }],
}

void t.test('what is asked, beside what was measured', async (t) => {
  t.same(askedRatios(RESULTS).rows, [
    ['ping-pong, 0 to 64 B', 2, 'Open MPI C', '2.00', '1.00', '2.50', 'no'],
    ['ping-pong, 0 to 64 B', 2, 'mpi4py', '0.500', '', '0.500', 'yes'],
    ['ping-pong, 4 KiB to 4 MiB', 2, 'Open MPI C', '0.700', '', '0.500 to 1.00 (8 KiB)', 'no'],
    ['barrier', 8, 'Open MPI C', '1.50', '0.800', '1.00', 'yes'],
  ])
  t.same(askedFigures(RESULTS).rows.map(([, , measured, reached]) => [measured, reached]), [
    ['0.800 (0.400 s / 0.500 s; bare node 0.0500 s)', 'yes'],
    ['4.00 (latency, 2 ranks)', 'yes'],
    ['0.400 %', 'yes'],
    ['150 µs', 'no'],
    ['25.0 MB', 'yes'],
    ['4.00 G/s', 'yes'],
    ['1.67 (8 KiB; Open MPI C 0.909)', 'no'],
  ])
  t.same(askedRatios(emptyResults('')).rows, [])
  t.same(askedFigures(emptyResults('')).rows, [])
  t.same(coldTable(RESULTS), { head: ['first 1000 operations', 'ranks', 'tsmpi µs', '/ steady'], rows: [['latency 8 B', 2, '2.00', '4.00']] })
})

void t.test('a later run replaces what it measured again, and nothing else', async (t) => {
  const fresh = { ...emptyResults('a machine'), measured: [one('barrier', 0, { tsmpi: [9] }, 8)] }
  const all = merged(RESULTS, fresh)
  t.equal(all.measured.length, RESULTS.measured.length)
  t.same(all.measured.filter(({ family }) => family === 'barrier'), fresh.measured)
  t.same(all.cold, RESULTS.cold)
})

void t.test('curves', async (t) => {
  const svg = drawChart({
    title: 'a < b', unit: 'µs',
    series: [{ name: 'ours', points: [[1, 0.5], [1024, 5], [MIB, 500]] }, { name: 'none', points: [] }],
  })
  t.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox=/)
  t.match(svg, 'a &lt; b')
  t.notMatch(svg, 'none</text>')
  t.notMatch(svg, 'NaN')
  t.match(svg, '>1 MiB<')
  // A hundredfold is as high as any other hundredfold: the axes are logarithmic.
  const [, line] = /d="(M[\d. ]+L[\d. ]+L[\d. ]+)"/.exec(svg ?? '') ?? []
  const [a, b, c] = (line ?? '').split(/[ML]/).slice(1).map((point) => point.split(' ').map(Number))
  t.equal((b[0] - a[0]).toFixed(0), (c[0] - b[0]).toFixed(0))
  t.equal((2 * (a[1] - b[1])).toFixed(0), (b[1] - c[1]).toFixed(0))
  t.equal(drawChart({ title: '', unit: '', series: [{ name: 'none', points: [] }] }), undefined)
  t.same(Object.keys(drawCharts(RESULTS)), ['latency.svg'])
  t.notMatch(drawCharts(RESULTS)['latency.svg'], '>copy<')
})

void t.test('pages keep what stands around the marks', async (t) => {
  const page = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n'
  const filled = between(page, 'new')
  t.equal(filled, 'before\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nafter\n')
  t.equal(between(filled, 'new'), filled)
  t.throws(() => between('no marks', 'new'), /lacks the marks/)
  t.throws(() => between(page, 'new', 'bench-hosts'), /lacks the marks <!-- bench-hosts:begin -->/, 'those of hosts are others')
})
