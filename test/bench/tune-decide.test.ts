// The tuner's decisions on made-up times: preferences, classes, rows, and their text.
import t from 'tap'
import { runInNewContext } from 'node:vm'
import { between, boardLimit, decide, overAllSizes, sizeClasses, smoothest, withoutBoard } from '../../bench/tune/decide.js'
import type { Measured, Timing } from '../../bench/tune/decide.js'
import { distance, docsTable, docsWith, jsonOf, provenance, sourceOf, timesTable } from '../../bench/tune/format.js'
import { algorithmNames, BOARD, chooser, collectives, published, restrictionsOf, SWITCH_POINTS } from '../../bench/tune/library.js'
import type { CollectiveName, SwitchPoint } from '../../bench/tune/library.js'
import { groupsOf } from '../../bench/tune/rows.js'
import type { Group } from '../../bench/tune/rows.js'
import { boardLimit as limitOf, choicesOf, select } from '../../lib/coll/select.js'
import { parseSwitchPoints } from '../../lib/coll/table.js'

const none = (): string[] => []
const timings = (...rows: [number, Record<string, number>][]): Timing[] => rows.map(([bytes, times]) => ({ bytes, times }))
const unrestricted = ({ collective, algorithm }: SwitchPoint): boolean => restrictionsOf(collective, algorithm).length === 0

void t.test('neighbouring sizes with one winner become one interval', async (t) => {
  const measured = timings([4096, { a: 9, b: 5 }], [64, { a: 2, b: 3 }], [256, { a: 2, b: 3 }], [1024, { a: 2.5, b: 3 }])
  t.same(decide(measured, none), [{ maxBytes: 2048, chain: ['a'] }, { maxBytes: Infinity, chain: ['b'] }])
  t.same(decide([], none), [])
  t.same(decide(timings([8, {}]), none), [], 'nothing was measured')
  t.same(decide(timings([8, {}], [64, { a: 1 }]), none), [{ maxBytes: Infinity, chain: ['a'] }])
})

void t.test('a winner by less than the margin changes nothing, one by more does', async (t) => {
  const flicker = (b: number): Timing[] => timings([8, { a: 1, b: 2 }], [64, { a: 1, b }], [512, { a: 1, b: 2 }])
  t.same(decide(flicker(0.96), none).map(({ chain }) => chain[0]), ['a'])
  t.same(decide(flicker(0.93), none).map(({ chain }) => chain[0]), ['a'], 'come and go cost the margin each')
  t.same(decide(flicker(0.85), none).map(({ chain }) => chain[0]), ['a', 'b', 'a'])
  const last = (b: number): string[] => decide(timings([8, { a: 1, b: 2 }], [64, { a: 1, b }]), none).map(({ chain }) => chain[0])
  t.same(last(0.96), ['a'])
  t.same(last(0.94), ['a', 'b'])
  t.same(smoothest([]), [])
})

void t.test('where one size gives way to the next', async (t) => {
  t.equal(between(64, 256), 128)
  t.equal(between(64, 128), 64)
  t.equal(between(8, 4096), 128)
  t.equal(between(0, 8), 0)
})

void t.test('a winner with restrictions is followed by what runs the other calls', async (t) => {
  const needs: Record<string, string[]> = { ring: ['commutative', 'typedOnly'], cut: ['typedOnly'], cut2: ['typedOnly'], whole: [] }
  const restrictions = (name: string): string[] => needs[name]
  const chain = (times: Record<string, number>): readonly string[] => decide(timings([8, times]), restrictions)[0].chain
  t.same(chain({ ring: 1, cut: 2, cut2: 1.5, whole: 3 }), ['ring', 'cut2', 'whole'])
  t.same(chain({ ring: 2, cut: 1, whole: 3 }), ['cut', 'whole'], 'what cut cannot run, ring cannot either')
  t.same(chain({ ring: 2, cut: 3, whole: 1 }), ['whole'])
  t.same(chain({ ring: 2 }), ['ring'])
  const fallback = decide(timings([8, { ring: 1, cut: 3, whole: 4 }], [64, { ring: 1, cut: 4, whole: 3 }]), restrictions)
  t.same(fallback, [{ maxBytes: 16, chain: ['ring', 'cut', 'whole'] }, { maxBytes: Infinity, chain: ['ring', 'whole'] }])
})

void t.test('one algorithm for all sizes: the least far from the fastest in the mean', async (t) => {
  const { times } = overAllSizes(timings([8, { a: 1, b: 4, c: 1 }], [64, { a: 4, b: 2 }]))
  t.same(Object.entries(times).map(([name, time]) => [name, Number(time.toFixed(3))]), [['a', 1.414], ['b', 2], ['c', 1]])
})

void t.test('the board serves up to where it loses more than it gains', async (t) => {
  const limit = (...gains: (number | undefined)[]): number =>
    boardLimit(gains.map((gain, i) => ({ bytes: 8 * 8 ** i, times: { a: 2, b: 1, ...(gain === undefined ? {} : { shm: 1 / gain }) } })), 'shm', (bytes) => 2 * bytes)
  t.equal(limit(4, 2, 0.5, 0.5), 256, 'between 128 and 1024')
  t.equal(limit(4, 0.9, 2, 0.5), 2048, 'a size of noise does not end it')
  t.equal(limit(0.9, 0.9, 1.1), -1)
  t.equal(limit(2, 2, 2), Infinity)
  t.equal(limit(2, 2, 1.03), 256, 'no more than noise')
  t.equal(limit(2, undefined, undefined), 32, 'refused there')
  t.equal(limit(undefined), -1)
  t.equal(limit(), -1)
  t.equal(boardLimit(timings([0, { shm: 1, a: 2 }]), 'shm', (bytes) => bytes), Infinity)
  t.equal(boardLimit(timings([8, { shm: 1 }], [64, {}]), 'shm', (bytes) => bytes), Infinity)
  t.same(withoutBoard(timings([8, { shm: 1, a: 2 }]), 'shm'), timings([8, { a: 2 }]))
  t.equal(published('alltoall', 8, 64), 512)
  t.equal(published('gather', 8, 64), 64)
})

const plan = (ranks: number, measured: Timing[]): Measured => ({
  ranks, timings: measured, preferences: { board: -1, intervals: decide(measured, none) },
})

void t.test('numbers of ranks that are served alike share a class', async (t) => {
  const two = plan(2, timings([8, { a: 1, b: 2 }], [64, { a: 1, b: 2 }]))
  const four = plan(4, timings([8, { a: 1, b: 2 }], [64, { a: 1, b: 0.9 }]))
  const eight = plan(8, timings([8, { a: 1.04, b: 1 }], [64, { a: 2, b: 1 }]))
  const classes = sizeClasses([eight, two, four])
  t.same(classes.map(({ ranks, maxSize }) => [ranks, maxSize]), [[[2], 2], [[4, 8], 11]])
  t.same(classes[1].preferences.intervals.map(({ chain }) => chain[0]), ['a', 'b'], 'that of 4, which costs 8 ranks 4 %')
  const withBoard = { ...four, ranks: 8, preferences: { ...four.preferences, board: 64 } }
  t.same(sizeClasses([four, withBoard]).map(({ ranks }) => ranks), [[4], [8]], 'the board has another limit')
  t.same(sizeClasses([]), [])
})

const crowdedOnly = { collective: 'bcast', roomy: [] } as const

void t.test('rows: crowded ones first; what was not measured stays', async (t) => {
  const previous: SwitchPoint[] = [
    { collective: 'bcast', maxSize: 32, maxBytes: 1024, algorithm: 'shm' },
    { collective: 'bcast', maxSize: 2, algorithm: 'binomial' },
    { collective: 'bcast', maxBytes: 65536, algorithm: 'binomial' },
    { collective: 'bcast', crowded: true, algorithm: 'chain' },
    { collective: 'bcast', algorithm: 'scatter-allgather' },
    { collective: 'bcast', algorithm: 'binomial' },
    { collective: 'barrier', algorithm: 'tree' },
  ]
  const intervals = [{ maxBytes: 64, chain: ['chain', 'binomial'] }, { maxBytes: Infinity, chain: ['binomial'] }]
  const crowded = [{ ranks: [4], maxSize: 5, preferences: { board: 512, intervals } }]
  const groups = groupsOf({ ...crowdedOnly, crowded }, previous, unrestricted)
  t.same(groups.flatMap(({ points }) => points), [
    { collective: 'bcast', crowded: true, maxSize: 5, maxBytes: 512, algorithm: 'shm' },
    { collective: 'bcast', crowded: true, maxSize: 5, maxBytes: 64, algorithm: 'chain' },
    { collective: 'bcast', crowded: true, maxSize: 5, algorithm: 'binomial' },
    { collective: 'bcast', maxSize: 32, maxBytes: 1024, crowded: true, algorithm: 'shm' },
    { collective: 'bcast', maxBytes: 65536, crowded: true, algorithm: 'binomial' },
    { collective: 'bcast', crowded: true, algorithm: 'chain' },
    { collective: 'bcast', crowded: true, algorithm: 'scatter-allgather' },
    { collective: 'bcast', crowded: true, algorithm: 'binomial' },
    { collective: 'bcast', maxSize: 32, maxBytes: 1024, algorithm: 'shm' },
    { collective: 'bcast', maxSize: 2, algorithm: 'binomial' },
    { collective: 'bcast', maxBytes: 65536, algorithm: 'binomial' },
    { collective: 'bcast', algorithm: 'scatter-allgather' },
    { collective: 'bcast', algorithm: 'binomial' },
  ])
  t.match(groups[0].reason, 'measured: 4 ranks sharing cores')
  t.same(groupsOf({ ...crowdedOnly, crowded: [] }, previous, unrestricted).flatMap(({ points }) => points), previous.slice(0, 6), 'not measured at all')
})

/** Numbers from 0 to 1, the same in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const SIZES = [8, 64, 1024, 4096, 65536, 2 ** 20]

function randomMeasurement(collective: CollectiveName, ranks: number, next: () => number): Measured {
  const names = algorithmNames(collective).filter((name) => name !== BOARD).filter((name) => next() < 0.8 || restrictionsOf(collective, name).length === 0)
  const measured = SIZES.filter(() => next() < 0.8).map((bytes) => ({ bytes, times: Object.fromEntries(names.map((name) => [name, 1 + next()])) }))
  const board = [-1, 512, 4096, Infinity][Math.floor(4 * next())]
  return { ranks, timings: measured, preferences: { board, intervals: decide(measured, (name) => restrictionsOf(collective, name)) } }
}

void t.test('a table from random times: what was measured is chosen, what was not is chosen as before', async (t) => {
  const wrong: string[] = []
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed)
    const cores = [1, 2, 4, 16][seed % 4]
    let table: readonly SwitchPoint[] = SWITCH_POINTS
    // A table that was measured is measured again, in part.
    for (let again = 0; again < 2; again++) {
      const previous = table
      const decided = collectives().map((collective) => {
        const measured = [2, 4, 8].filter(() => next() < 0.8).map((ranks) => randomMeasurement(collective, ranks, next))
          .filter(({ preferences }) => preferences.intervals.length > 0)
        const of = (crowded: boolean): ReturnType<typeof sizeClasses> => sizeClasses(measured.filter(({ ranks }) => ranks > cores === crowded))
        return { collective, crowded: of(true), roomy: of(false) }
      })
      const build = (from: readonly SwitchPoint[]): SwitchPoint[] =>
        decided.flatMap((each) => groupsOf(each, from, unrestricted).flatMap(({ points }) => points))
      table = build(previous)
      if (JSON.stringify(build(table)) !== JSON.stringify(table)) wrong.push(`seed ${seed}: the same times give another table`)
      const policies = [previous, table].map((points) => ({ forced: new Map(), choices: choicesOf(points) }))
      for (const { collective, crowded, roomy } of decided) {
        for (let bits = 0; bits < 8; bits++) {
          const classes = (bits & 1) > 0 ? crowded : roomy
          const reach = Math.max(0, ...classes.map(({ maxSize }) => maxSize))
          for (const size of [2, 3, 4, 6, 8, 11, 12, 16, 33, 128]) {
            const preferences = classes.find(({ maxSize }) => size <= maxSize)?.preferences
            const empty = { size, bytes: 0, typed: true, ranksPerCore: (bits & 1) + 1 }
            const [limitBefore, limit] = policies.map((policy) => limitOf(collective, empty, policy))
            const expectedLimit = preferences === undefined ? limitBefore : preferences.board
            if (limit !== expectedLimit) wrong.push(`seed ${seed}: ${collective} of ${size}: board up to ${limit}, not ${expectedLimit}`)
            for (const bytes of [0, ...SIZES, 2 ** 22]) {
              const call = { size, bytes, typed: (bits & 2) === 0, commutative: (bits & 4) === 0, ranksPerCore: (bits & 1) + 1 }
              const [before, now] = policies.map((policy) => select(collective, call, policy).name)
              const chain = preferences?.intervals.find(({ maxBytes }) => bytes <= maxBytes)?.chain ?? []
              const may = chain.find((name) => {
                try {
                  return select(collective, { ...call, algorithm: name }).name === name
                } catch {
                  return false
                }
              })
              const expected = size > reach ? before : may
              if (expected !== undefined && now !== expected) wrong.push(`seed ${seed}: ${collective} ${JSON.stringify(call)}: ${now}, not ${expected}`)
            }
          }
        }
      }
    }
  }
  t.same(wrong.slice(0, 10), [])
})

const MEASURED_ON = { cpu: "Maker's CPU", cores: 2, node: 'v20.0.0', date: '2026-01-31', ranks: [2, 4] }
const GROUPS: Group[] = [
  { reason: 'bcast, measured', points: [{ collective: 'bcast', maxBytes: 4096, algorithm: 'chain', crowded: true, maxSize: 5 }] },
  { reason: 'bcast, as before', points: [{ collective: 'bcast', maxBytes: 24, powerOfTwo: true, algorithm: 'binomial' }] },
]

void t.test('the text of the source is stable, and says the same as the rows', async (t) => {
  const source = sourceOf(GROUPS, MEASURED_ON)
  t.match(source, /^\/\/ Which algorithm is fastest/)
  t.match(source, "\n  // bcast, measured\n  { collective: 'bcast', crowded: true, maxSize: 5, maxBytes: 4 * KIB, algorithm: 'chain' },\n\n  // bcast, as before\n")
  t.match(source, "{ collective: 'bcast', maxBytes: 24, powerOfTwo: true, algorithm: 'binomial' },\n]\n")
  const script = source.replace(/^import .*$/m, '').replaceAll('export const', 'var').replace(/: (readonly SwitchPoint\[\]|MeasuredOn \| undefined)/g, '')
  const values = runInNewContext(`${script}; JSON.stringify({ SWITCH_POINTS, MEASURED_ON })`) as string
  t.same(JSON.parse(values), { SWITCH_POINTS: GROUPS.flatMap(({ points }) => points), MEASURED_ON })
})

void t.test('the JSON is what TSMPI_SWITCH_POINTS takes', async (t) => {
  const text = jsonOf(GROUPS, MEASURED_ON)
  t.same(parseSwitchPoints(text), GROUPS.flatMap(({ points }) => points))
  t.same((JSON.parse(text) as { measuredOn: unknown }).measuredOn, MEASURED_ON)
})

void t.test('the page gets the new table in the place of the old', async (t) => {
  const page = `# A\n\n${provenance(undefined)}\n\n${docsTable(SWITCH_POINTS)}\nMeasured by the yard.\n`
  const rewritten = docsWith(page, GROUPS.flatMap(({ points }) => points), MEASURED_ON)
  t.match(rewritten, "\n\nMeasured on Maker's CPU, 2 cores, Node v20.0.0, 2026-01-31, with 2, 4 ranks, by `npm run tune`.\n\n| collective |")
  t.match(rewritten, '|---|---|---|---|---|\n| bcast | 5 | 4 KiB | ranks share cores | chain |\n| bcast |  | 24 B | power of two | binomial |\n\nMeasured by the yard.\n')
  t.equal(docsWith(rewritten, SWITCH_POINTS, undefined), page)
  t.throws(() => docsWith('# A', SWITCH_POINTS, undefined), /no table/)
})

void t.test('the table of times marks what is chosen', async (t) => {
  const measurement = { collective: 'bcast' as const, ranks: 2, timings: timings([8, { a: 1.234, b: 2 }], [65536, { b: 4 }]) }
  const text = timesTable(measurement, ['a', 'b'], () => 'b', (bytes) => (bytes === 8 ? 'a' : 'b'))
  t.equal(text, 'bcast, 2 ranks    a µs    b µs\n8 B             1.23·   2.00 *\n64 KiB             -    4.00·*')
  t.equal(distance([measurement], () => 'b').toFixed(3), Math.sqrt(2 / 1.234).toFixed(3))
  const choose = chooser(GROUPS.flatMap(({ points }) => points))
  t.equal(choose.byMessages('bcast', 2, 8, false), 'binomial')
  t.equal(choose.boardLimit('bcast', 4, true), -1)
  t.equal(chooser([{ collective: 'bcast', maxBytes: 64, algorithm: 'shm' }]).boardLimit('bcast', 4, true), 64)
})
