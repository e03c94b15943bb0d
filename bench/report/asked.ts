// What is asked of tsmpi, beside what was measured: ratios of times (ours / peer's), so less is better.
import { COPY, LIBZMQ, MPI4PY, OPEN_MPI, OURS, ZEROMQ_JS } from '../contenders.js'
import { caseName, familyNamed, sizeName } from '../families.js'
import { BARE } from '../own/startup.js'
import { FLAT } from '../own/two-level.js'
import type { Measured, Results } from '../results.js'
import { worstStep } from './cliff.js'
import { median, medianRatio, short } from './statistics.js'
import type { Cell, Table } from './table.js'
import { warmUpRatio } from './tables.js'

/** The worst case counts. */
interface Ratio {
  readonly what: string
  readonly family: string
  readonly ranks: number
  readonly from: number
  readonly to: number
  readonly peer: string
  readonly atMost: number
  readonly aim?: number
}

const KIB = 1024
const MIB = 1024 * KIB

const between = (what: string, family: string, from: number, to: number, peer: string, atMost: number, aim?: number): Ratio => ({
  what, family, ranks: 2, from, to, peer, atMost, ...(aim === undefined ? {} : { aim }),
})

const TWO_RANKS: readonly Ratio[] = [
  between('ping-pong, 0 to 64 B', 'latency', 0, 64, OPEN_MPI, 2, 1),
  between('ping-pong, 0 to 64 B', 'latency', 0, 64, MPI4PY, 0.5),
  between('ping-pong, 1 KiB', 'latency', KIB, KIB, OPEN_MPI, 1.5),
  between('ping-pong, 4 KiB to 4 MiB', 'latency', 4 * KIB, 4 * MIB, OPEN_MPI, 0.7),
  between('bandwidth, 64 KiB to 4 MiB', 'bandwidth', 64 * KIB, 4 * MIB, OPEN_MPI, 0.7),
  between('message rate, 64 B', 'message-rate', 64, 64, MPI4PY, 0.5),
  between('objects: a number', 'objects', 0, 0, MPI4PY, 0.7),
  between('objects: {a:1, b:[1,2,3]}', 'objects', 1, 1, MPI4PY, 0.7),
  between('objects: 1000 integers', 'objects', 2, 2, MPI4PY, 1),
  between('allreduce, 1 double', 'allreduce', 8, 8, OPEN_MPI, 2, 1),
  between('barrier', 'barrier', 0, 0, OPEN_MPI, 2, 1),
  between('allreduce, 1024 doubles', 'allreduce', 8 * KIB, 8 * KIB, OPEN_MPI, 1),
  between('allreduce, 1 Mi doubles', 'allreduce', 8 * MIB, 8 * MIB, OPEN_MPI, 0.8),
  between('bcast, 1 MiB', 'bcast', MIB, MIB, OPEN_MPI, 0.8),
  between('alltoall, 1 MiB', 'alltoall', MIB, MIB, OPEN_MPI, 0.8),
]

const MORE_RANKS: readonly Ratio[] = [
  between('allreduce, 1 double', 'allreduce', 8, 8, OPEN_MPI, 1.5, 0.8),
  between('barrier', 'barrier', 0, 0, OPEN_MPI, 1.5, 0.8),
  between('bcast, 64 B', 'bcast', 64, 64, OPEN_MPI, 1.5, 0.8),
  between('alltoall, 64 B', 'alltoall', 64, 64, OPEN_MPI, 1.5, 0.8),
  between('allreduce, 1024 doubles', 'allreduce', 8 * KIB, 8 * KIB, OPEN_MPI, 0.8),
  between('allreduce, 1 Mi doubles', 'allreduce', 8 * MIB, 8 * MIB, OPEN_MPI, 0.8),
  between('alltoall, 1 MiB', 'alltoall', MIB, MIB, OPEN_MPI, 0.8),
]

const BETWEEN_HOSTS: readonly Ratio[] = [
  between('between hosts: ping-pong, 8 B', 'wire-latency', 8, 8, LIBZMQ, 1.2),
  between('between hosts: stream of 1 MiB', 'wire-stream', MIB, MIB, LIBZMQ, 1 / 0.9),
  between('between hosts: stream of 64 B', 'wire-stream', 64, 64, ZEROMQ_JS, 0.2),
  ...FLAT.map((peer) => ({ ...between('four hosts: allreduce, 1 MiB, two levels / flat', 'wire-allreduce', 0, 1, peer, 0.7), ranks: 8 })),
]

const RATIOS = [...TWO_RANKS, ...[4, 8].flatMap((ranks) => MORE_RANKS.map((ratio) => ({ ...ratio, ranks }))), ...BETWEEN_HOSTS]

const mark = (reached: boolean): string => (reached ? 'yes' : 'no')

/** Nothing where nothing of it was measured. */
function ratioRow({ what, family, ranks, from, to, peer, atMost, aim }: Ratio, measured: readonly Measured[]): Cell[][] {
  const ratios = measured
    .filter((one) => one.family === family && one.ranks === ranks && one.bytes >= from && one.bytes <= to)
    .map(({ bytes, values }) => ({ bytes, ratio: medianRatio(values[OURS] ?? [], values[peer] ?? []) }))
    .filter(({ ratio }) => Number.isFinite(ratio))
    .sort((a, b) => a.ratio - b.ratio)
  if (ratios.length === 0) return []
  const worst = ratios[ratios.length - 1]
  const range = ratios.length === 1 ? short(worst.ratio) : `${short(ratios[0].ratio)} to ${short(worst.ratio)}`
  const where = ratios.length === 1 ? '' : ` (${caseName(familyNamed(family), worst.bytes)})`
  return [[what, ranks, peer, short(atMost), aim === undefined ? '' : short(aim), range + where, mark(worst.ratio <= atMost)]]
}

export function askedRatios({ measured }: Results): Table {
  return {
    head: ['time, ours / peer', 'ranks', 'peer', 'at most', 'aim', 'measured', 'reached'],
    rows: RATIOS.flatMap((ratio) => ratioRow(ratio, measured)),
  }
}

/** `values` are compared with the limit by the worst, or the greatest rate, which `reached` tells. */
interface Figure {
  readonly what: string
  readonly limit: string
  readonly measured: string
  readonly reached: boolean
}

const of = (results: Results, family: string): Measured[] => results.measured.filter((one) => one.family === family)

function startup(results: Results): Figure[] {
  return of(results, 'startup').flatMap(({ ranks, values }) => {
    const ratio = medianRatio(values[OURS] ?? [], values[MPI4PY] ?? [])
    if (!Number.isFinite(ratio)) return []
    const [ours, theirs, bare] = [OURS, MPI4PY, BARE].map((name) => short(median(values[name] ?? []) / 1e3))
    const measured = `${short(ratio)} (${ours} s / ${theirs} s; bare node ${bare} s)`
    return [{ what: `start-up of ${ranks} ranks / mpi4py`, limit: '1.0', measured, reached: ratio <= 1 }]
  })
}

/** The worst case of a family whose values are compared with a limit. */
function worstOf(results: Results, family: string, what: string, unit: string, limit: number): Figure[] {
  const medians = of(results, family).map(({ values }) => median(values[OURS] ?? []))
  if (medians.length === 0) return []
  const worst = Math.max(...medians)
  return [{ what, limit: `${limit} ${unit}`, measured: `${short(worst)} ${unit}`, reached: worst <= limit }]
}

function memory(results: Results): Figure[] {
  return of(results, 'memory').flatMap(({ ranks, bytes, values }) => {
    const beyond = Math.max(...(values[OURS] ?? [])) - median(values[BARE] ?? [])
    const what = `memory of a rank beyond bare node, ${ranks} ranks, ${caseName(familyNamed('memory'), bytes)}`
    return [{ what, limit: '25 MB', measured: `${short(beyond)} MB`, reached: beyond <= 25 }]
  })
}

function warmUp({ cold, measured }: Results): Figure[] {
  const ratios = cold
    .map((one) => ({ one, ratio: warmUpRatio(one, measured, OURS) }))
    .filter(({ ratio }) => Number.isFinite(ratio))
    .sort((a, b) => b.ratio - a.ratio)
  if (ratios.length === 0) return []
  const [{ one, ratio }] = ratios
  const place = `${one.family}, ${one.ranks} ranks`
  return [{ what: 'first 1000 operations / steady state', limit: '5', measured: `${short(ratio)} (${place})`, reached: ratio <= 5 }]
}

function kernels(results: Results): Figure[] {
  const values = of(results, 'montecarlo')[0]?.values ?? {}
  return ([['avx512', 4], ['avx2', 2]] as const).flatMap(([kernel, limit]) => {
    const rate = 1000 / median(values[`${OURS} ${kernel}`] ?? [])
    if (!Number.isFinite(rate)) return []
    const what = `Monte-Carlo kernel ${kernel}, one core`
    return [{ what, limit: `≥ ${limit} G/s`, measured: `${short(rate)} G/s`, reached: rate >= limit }]
  })
}

function cliff(results: Results): Figure[] {
  const [step, theirs] = [OURS, OPEN_MPI].map((name) => worstStep(of(results, 'latency'), name, COPY))
  if (step === undefined) return []
  const peer = theirs === undefined ? '' : `; ${OPEN_MPI} ${short(theirs.ratio)}`
  const measured = `${short(step.ratio)} (${sizeName(step.bytes)}${peer})`
  return [{ what: 'worst step of latency between powers of two', limit: '1.3', measured, reached: step.ratio <= 1.3 }]
}

export function askedFigures(results: Results): Table {
  const figures = [
    ...startup(results),
    ...worstOf(results, 'import', 'import tsmpi', 'ms', 15),
    ...warmUp(results),
    ...worstOf(results, 'idle', 'processor time of a blocked rank', '%', 1),
    ...worstOf(results, 'wake', 'from message to wake-up', 'µs', 100),
    ...memory(results),
    ...kernels(results),
    ...cliff(results),
  ]
  return {
    head: ['figure', 'at most', 'measured', 'reached'],
    rows: figures.map(({ what, limit, measured, reached }) => [what, limit, measured, mark(reached)]),
  }
}
