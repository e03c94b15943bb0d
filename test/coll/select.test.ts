// Selection: restrictions, switch points, forced algorithms.
import t from 'tap'
import { algorithmsOf, ENTRIES } from '../../lib/coll/registry.js'
import type { CollectiveName } from '../../lib/coll/schedule.js'
import { parseAlgorithms, select } from '../../lib/coll/select.js'
import { SWITCH_POINTS } from '../../lib/coll/switchpoints.js'

const COLLECTIVES = [...new Set(ENTRIES.map((entry) => entry.collective))]
const name = (collective: CollectiveName, call: Partial<Parameters<typeof select>[1]>): string =>
  select(collective, { size: 8, bytes: 8, typed: true, commutative: true, ...call }, new Map()).name

void t.test('never selects what restrictions exclude', async (t) => {
  const failures: string[] = []
  for (const collective of COLLECTIVES) {
    for (let size = 1; size <= 33; size++) {
      for (const bytes of [0, 8, 1024, 65536, 2 ** 20, 2 ** 33]) {
        for (let bits = 0; bits < 8; bits++) {
          const ranksPerCore = (bits & 4) > 0 ? 4 : 1
          const call = { size, bytes, typed: (bits & 1) > 0, commutative: (bits & 2) > 0, ranksPerCore }
          const entry = select(collective, call, new Map())
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

void t.test('every algorithm but the reference ones is selected somewhere', async (t) => {
  const used = new Set(SWITCH_POINTS.map((point) => `${point.collective} ${point.algorithm}`))
  const unused = ENTRIES.map((entry) => `${entry.collective} ${entry.name}`).filter((each) => !used.has(each))
  t.same(unused, ['reduce linear'])
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
    message: "allreduce has no algorithm 'rnig'; it has: recursive-doubling, ring, rabenseifner",
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
  t.equal(select('allreduce', call, forced).name, 'ring')
  t.equal(select('bcast', call, forced).name, 'chain')
  t.equal(select('reduce', call, forced).name, 'binomial')
  t.equal(select('allreduce', { ...call, commutative: false }, forced).name, 'recursive-doubling', 'excluded: ignored')
  t.equal(select('allreduce', { ...call, algorithm: 'rabenseifner' }, forced).name, 'rabenseifner', 'the caller wins')
  t.equal(parseAlgorithms('').size, 0)
  for (const text of ['allreduce=rnig', 'alreduce=ring', 'ring', 'allreduce=', 'bcast=ring']) {
    t.throws(() => parseAlgorithms(text), { name: 'ArgumentError' }, text)
  }
  process.env.TSMPI_ALGORITHM = 'barrier=tree'
  t.equal(select('barrier', { size: 4, bytes: 0, typed: true }).name, 'tree', 'read at the first call')
})

void t.test('where no switch point may, the cheapest does', async (t) => {
  for (const collective of COLLECTIVES) {
    const call = { size: 6, bytes: 2 ** 22, typed: false, commutative: false }
    const entry = select(collective, call, new Map())
    t.ok(algorithmsOf(collective).includes(entry), collective)
    t.notOk(entry.typedOnly ?? entry.commutative ?? entry.powerOfTwo, collective)
  }
  t.equal(name('reduce', { typed: false, bytes: 2 ** 30, size: 9 }), 'binomial')
})
