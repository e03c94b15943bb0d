// Selection: restrictions, switch points, forced algorithms.
import t from 'tap'
import { algorithmNamed, algorithmsOf, ENTRIES } from '../../lib/coll/registry.js'
import type { CollectiveName } from '../../lib/coll/schedule.js'
import { boardLimit, choicesOf, mergeSwitchPoints, parseAlgorithms, select } from '../../lib/coll/select.js'
import type { Forced, Policy } from '../../lib/coll/select.js'
import { SEVERAL_HOSTS } from '../../lib/coll/switchpoints-hosts.js'
import { MEASURED_ON, SWITCH_POINTS } from '../../lib/coll/switchpoints.js'
import type { SwitchPoint } from '../../lib/coll/table.js'

const COLLECTIVES = [...new Set(ENTRIES.map((entry) => entry.collective))]

const policy = (points: readonly SwitchPoint[], forced: Forced = new Map()): Policy => ({ forced, choices: choicesOf(points) })
const SHIPPED = policy(SWITCH_POINTS)

/** A table that stays as it is when the shipped one is measured anew. */
const POINTS: readonly SwitchPoint[] = [
  { collective: 'barrier', crowded: true, algorithm: 'tree' },
  { collective: 'barrier', algorithm: 'dissemination' },
  { collective: 'bcast', maxBytes: 65536, algorithm: 'binomial' },
  { collective: 'bcast', crowded: true, algorithm: 'chain' },
  { collective: 'bcast', maxBytes: 2 ** 20, algorithm: 'scatter-allgather' },
  { collective: 'bcast', algorithm: 'chain' },
  { collective: 'allgather', maxBytes: 32768, powerOfTwo: true, algorithm: 'recursive-doubling' },
  { collective: 'allgather', maxBytes: 8192, algorithm: 'bruck' },
  { collective: 'allgather', algorithm: 'ring' },
  { collective: 'alltoall', maxSize: 16, maxBytes: 4096, algorithm: 'linear' },
  { collective: 'alltoall', maxBytes: 1024, algorithm: 'bruck' },
  { collective: 'alltoall', algorithm: 'pairwise' },
  { collective: 'allreduce', maxBytes: 8192, algorithm: 'recursive-doubling' },
  { collective: 'allreduce', powerOfTwo: true, algorithm: 'rabenseifner' },
  { collective: 'allreduce', maxSize: 7, algorithm: 'ring' },
  { collective: 'allreduce', maxBytes: 2 ** 18, algorithm: 'rabenseifner' },
  { collective: 'allreduce', algorithm: 'ring' },
]
const TABLE = policy(POINTS)

const name = (collective: CollectiveName, call: Partial<Parameters<typeof select>[1]>): string =>
  select(collective, { size: 8, bytes: 8, typed: true, commutative: true, ...call }, TABLE).name

void t.test('never selects what restrictions exclude', async (t) => {
  const failures: string[] = []
  for (const collective of COLLECTIVES) {
    for (let size = 1; size <= 33; size++) {
      for (const bytes of [0, 8, 1024, 65536, 2 ** 20, 2 ** 33]) {
        for (let bits = 0; bits < 8; bits++) {
          const ranksPerCore = (bits & 4) > 0 ? 4 : 1
          const call = { size, bytes, typed: (bits & 1) > 0, commutative: (bits & 2) > 0, ranksPerCore }
          const entry = select(collective, call, SHIPPED)
          const excluded = (entry.typedOnly === true && !call.typed)
            || (entry.commutative === true && !call.commutative)
            || (entry.powerOfTwo === true && (size & (size - 1)) !== 0)
          if (excluded || entry.collective !== collective) failures.push(`${entry.name} ${JSON.stringify(call)}`)
        }
      }
    }
  }
  t.same(failures, [])
})

void t.test('the shipped table is well formed', async (t) => {
  for (const point of SWITCH_POINTS) {
    const { maxSize = 1, maxBytes = 0 } = point
    t.doesNotThrow(() => algorithmNamed(point.collective, point.algorithm))
    t.ok(Number.isSafeInteger(maxSize) && maxSize > 0 && Number.isSafeInteger(maxBytes) && maxBytes >= 0, JSON.stringify(point))
  }
  for (const collective of COLLECTIVES) {
    const last = SWITCH_POINTS.filter((point) => point.collective === collective).at(-1)
    t.same(Object.keys(last ?? {}).sort(), ['algorithm', 'collective'], `${collective} ends in a row without conditions`)
    const entry = algorithmsOf(collective).find(({ name }) => name === last?.algorithm)
    t.notOk(entry?.typedOnly ?? entry?.commutative ?? entry?.powerOfTwo, `${collective} ends in an algorithm without restrictions`)
  }
  // A row that an earlier one with the same or weaker conditions overshadows is a mistake.
  const covers = (a: SwitchPoint, b: SwitchPoint): boolean =>
    a.collective === b.collective && a.algorithm === b.algorithm && (a.maxSize ?? Infinity) >= (b.maxSize ?? Infinity)
    && (a.algorithm === 'shm' || (a.maxBytes ?? Infinity) >= (b.maxBytes ?? Infinity)) && (!a.crowded || b.crowded === true) && (!a.powerOfTwo || b.powerOfTwo === true)
  const shadowed = SWITCH_POINTS.filter((point, i) => SWITCH_POINTS.slice(0, i).some((earlier) => covers(earlier, point)))
  t.same(shadowed, [])
  if (MEASURED_ON === undefined) return
  const { cpu, cores, node, date, ranks } = MEASURED_ON as NonNullable<typeof MEASURED_ON>
  t.match({ cpu, cores, node, date }, { cpu: /./, cores: Number, node: /^v\d+/, date: /^\d{4}-\d\d-\d\d$/ })
  t.ok(Array.isArray(ranks) && ranks.length > 0)
})

void t.test('small and large', async (t) => {
  t.equal(name('allreduce', { bytes: 8 }), 'recursive-doubling')
  t.equal(name('allreduce', { bytes: 2 ** 20 }), 'rabenseifner')
  t.equal(name('allreduce', { bytes: 2 ** 20, size: 6 }), 'ring')
  t.equal(name('allreduce', { bytes: 2 ** 20, size: 6, commutative: false }), 'rabenseifner')
  t.equal(name('allreduce', { bytes: 2 ** 20, size: 6, typed: false }), 'recursive-doubling')
  t.equal(name('bcast', { bytes: 100 }), 'binomial')
  t.equal(name('bcast', { bytes: 2 ** 26 }), 'chain')
  t.equal(name('bcast', { bytes: 2 ** 19 }), 'scatter-allgather')
  t.equal(name('bcast', { bytes: 2 ** 19, ranksPerCore: 4 }), 'chain')
  t.equal(name('bcast', { bytes: 2 ** 26, typed: false }), 'binomial')
  t.equal(name('allgather', {}), 'recursive-doubling')
  t.equal(name('allgather', { size: 7 }), 'bruck')
  t.equal(name('allgather', { bytes: 2 ** 20 }), 'ring')
  t.equal(name('barrier', { bytes: 0 }), 'dissemination')
  t.equal(name('barrier', { bytes: 0, ranksPerCore: 2 }), 'tree')
  t.equal(name('alltoall', { size: 128 }), 'bruck')
  t.equal(name('alltoall', { bytes: 2 ** 20 }), 'pairwise')
})

void t.test('forced by the caller', async (t) => {
  t.equal(name('allreduce', { algorithm: 'ring' }), 'ring')
  t.throws(() => name('allreduce', { algorithm: 'rnig' }), {
    name: 'ArgumentError',
    message: "allreduce has no algorithm 'rnig'; it has: recursive-doubling, ring, rabenseifner, two-level, two-level-rabenseifner, shm",
  })
  t.throws(() => name('allreduce', { algorithm: 'ring', commutative: false }), { message: /a commutative operation/ })
  t.throws(() => name('allreduce', { algorithm: 'ring', typed: false }), { message: /needs typed arrays/ })
  const six = { algorithm: 'recursive-doubling', size: 6 }
  t.throws(() => name('allgather', six), { message: /6 ranks are no power of two/ })
})

void t.test('forced by the environment', async (t) => {
  const forced = parseAlgorithms(' allreduce=ring, bcast = chain,')
  t.same([...forced.keys()], ['allreduce', 'bcast'])
  const call = { size: 4, bytes: 8, typed: true, commutative: true }
  const table = policy(POINTS, forced)
  t.equal(select('allreduce', call, table).name, 'ring')
  t.equal(select('bcast', call, table).name, 'chain')
  t.equal(select('barrier', call, table).name, 'dissemination')
  t.equal(select('allreduce', { ...call, commutative: false }, table).name, 'recursive-doubling', 'excluded: ignored')
  t.equal(select('allreduce', { ...call, algorithm: 'rabenseifner' }, table).name, 'rabenseifner', 'the caller wins')
  t.equal(parseAlgorithms('').size, 0)
  for (const text of ['allreduce=rnig', 'alreduce=ring', 'ring', 'allreduce=', 'bcast=ring']) {
    t.throws(() => parseAlgorithms(text), { name: 'ArgumentError' }, text)
  }
  process.env.TSMPI_ALGORITHM = 'barrier=dissemination'
  process.env.TSMPI_SWITCH_POINTS = JSON.stringify({ switchPoints: [{ collective: 'allreduce', algorithm: 'ring' }] })
  t.equal(select('barrier', { size: 4, bytes: 0, typed: true, ranksPerCore: 2 }).name, 'dissemination', 'read at the first call')
  t.equal(select('allreduce', call).name, 'ring', 'the user\'s own switch points')
  t.equal(select('allgather', call).name, select('allgather', call, SHIPPED).name, 'shipped ones for what those leave out')
})

void t.test('the board: its row decides where none for messages stands before it', async (t) => {
  const table = policy([
    { collective: 'bcast', crowded: true, maxSize: 4, algorithm: 'binomial' },
    { collective: 'bcast', maxSize: 4, maxBytes: 512, algorithm: 'shm' },
    { collective: 'bcast', maxSize: 8, algorithm: 'shm' },
    { collective: 'bcast', algorithm: 'chain' },
    { collective: 'bcast', maxSize: 16, algorithm: 'shm' },
  ])
  const limit = (size: number, ranksPerCore = 1): number => boardLimit('bcast', { size, bytes: 0, typed: true, ranksPerCore }, table)
  t.equal(limit(4), 512)
  t.equal(limit(4, 2), -1, 'crowded ranks have a row for messages')
  t.equal(limit(5), Infinity, 'as much as there is')
  t.equal(limit(9), -1)
  t.equal(boardLimit('barrier', { size: 2, bytes: 0, typed: true }, table), -1, 'no row at all')
  t.equal(boardLimit('bcast', { size: 9, bytes: 0, typed: true, algorithm: 'shm' }, table), Infinity)
  t.equal(boardLimit('bcast', { size: 4, bytes: 0, typed: true, algorithm: 'chain' }, table), -1)
  t.equal(select('bcast', { size: 4, bytes: 8, typed: true }, table).name, 'chain', 'what goes by messages passes the board by')
  const forced = policy(POINTS, parseAlgorithms('bcast=shm'))
  t.equal(boardLimit('bcast', { size: 99, bytes: 0, typed: true }, forced), Infinity)
  t.equal(select('bcast', { size: 4, bytes: 8, typed: true }, forced).name, 'binomial')
  t.throws(() => select('bcast', { size: 4, bytes: 8, typed: true, algorithm: 'shm' }, table), { message: /'shm' here: it needs ranks that share memory/ })
})

void t.test('where no switch point may, the cheapest does', async (t) => {
  for (const collective of COLLECTIVES) {
    const call = { size: 6, bytes: 2 ** 22, typed: false, commutative: false }
    const entry = select(collective, call, SHIPPED)
    t.ok(algorithmsOf(collective).includes(entry), collective)
    t.notOk(entry.typedOnly ?? entry.commutative ?? entry.powerOfTwo, collective)
  }
  t.equal(name('reduce', { typed: false, bytes: 2 ** 30, size: 9 }), 'binomial')
  t.same(mergeSwitchPoints([]), [...SEVERAL_HOSTS, ...SWITCH_POINTS])
})

void t.test('on several hosts', async (t) => {
  const whole = policy(mergeSwitchPoints([]))
  const blocks = [0, 0, 1, 1, 2, 2, 3, 3]
  const chosen = (collective: CollectiveName, call: Partial<Parameters<typeof select>[1]>): string =>
    select(collective, { size: 8, bytes: 8, typed: true, commutative: true, hosts: blocks, ...call }, whole).name
  for (const collective of ['barrier', 'bcast', 'allgather', 'reduce', 'allreduce'] as const) {
    t.equal(chosen(collective, {}), 'two-level', collective)
    t.equal(chosen(collective, { typed: false }), 'two-level', `${collective} of values`)
    t.equal(chosen(collective, { commutative: false }), 'two-level', 'ranks of each host follow one another')
  }
  t.equal(chosen('allreduce', { bytes: 2 ** 20 }), 'two-level-rabenseifner')
  t.equal(chosen('reduce', { bytes: 2 ** 22 }), 'two-level')
  const inTurn = { hosts: [0, 1, 2, 3, 0, 1, 2, 3] }
  t.equal(chosen('allreduce', { ...inTurn, bytes: 2 ** 20 }), 'two-level-rabenseifner')
  t.notMatch(chosen('allreduce', { ...inTurn, commutative: false }), /two-level/)
  t.notMatch(chosen('alltoall', {}), /two-level/)
  const one = { size: 8, bytes: 8, typed: true, commutative: true, algorithm: 'two-level' }
  t.throws(() => select('allreduce', one, whole), { message: /it needs ranks on several hosts, and more than one on some/ })
  t.throws(() => select('reduce', { ...one, ...inTurn, commutative: false }, whole), { message: /commutative operation, or hosts/ })
  t.equal(boardLimit('bcast', { size: 4, bytes: 0, typed: true }, whole), boardLimit('bcast', { size: 4, bytes: 0, typed: true }, SHIPPED))
  const own = mergeSwitchPoints([{ collective: 'barrier', severalHosts: true, algorithm: 'tree' }])
  t.equal(select('barrier', { size: 8, bytes: 0, typed: true, hosts: blocks }, policy(own)).name, 'tree')
  t.equal(select('bcast', { size: 8, bytes: 0, typed: true, hosts: blocks }, policy(own)).name, 'two-level')
  t.equal(own.filter(({ collective, severalHosts }) => collective === 'barrier' && severalHosts !== true).length,
    SWITCH_POINTS.filter(({ collective }) => collective === 'barrier').length)
})

void t.test('where no row is for several hosts, the cheapest by the formulas of both levels', async (t) => {
  const call = { size: 8, bytes: 8, typed: true, commutative: true, hosts: [0, 0, 0, 0, 1, 1, 1, 1] }
  t.equal(select('allreduce', call, policy([])).name, 'two-level')
  t.equal(select('barrier', call, policy([])).name, 'two-level')
})
