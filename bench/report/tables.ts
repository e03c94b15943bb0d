// What was found, as tables: a row for each case, a column for each contender, and ratios of ours to theirs.
import { COPY, OURS } from '../contenders.js'
import { caseName, familyNamed } from '../families.js'
import type { Family } from '../families.js'
import type { Cold, Measured, Results } from '../results.js'
import { median, medianRatio, short } from './statistics.js'
import type { Table } from './table.js'

/** Of several of ours, as the kernels are, the first is the fastest. */
export const oursIn = (values: Record<string, unknown>): string =>
  Object.keys(values).find((name) => name.startsWith(OURS)) ?? OURS

const isPeer = (name: string): boolean => !name.startsWith(OURS) && name !== COPY

export const ranksName = (ranks: number): string => (ranks === 1 ? '1 process' : `${ranks} ranks`)

/** All cases of a family at one number of ranks. Times per byte and rates follow from times, so ratios hold for them too. */
export function familyTable(family: Family, ranks: number, measured: readonly Measured[]): Table {
  const names = [...new Set(measured.flatMap(({ values }) => Object.keys(values)))]
  const ours = oursIn(Object.fromEntries(names.map((name) => [name, 0])))
  const peers = family.unit.endsWith('s') ? names.filter(isPeer) : []
  const extra = rateOf(family)
  const head = [
    `${family.name}, ${ranksName(ranks)}`,
    ...names.map((name) => `${name} ${family.unit}`),
    ...(extra === undefined ? [] : [`${ours} ${extra.unit}`]),
    ...peers.map((name) => `/ ${name}`),
  ]
  const rows = measured.map(({ bytes, values }) => [
    caseName(family, bytes),
    ...names.map((name) => short(median(values[name] ?? []))),
    ...(extra === undefined ? [] : [short(extra.rate(bytes, median(values[ours] ?? [])))]),
    ...peers.map((name) => short(medianRatio(values[ours] ?? [], values[name] ?? []))),
  ])
  return { head, rows }
}

/** What else than the time a family is known for. */
function rateOf({ name }: Family): { unit: string; rate: (bytes: number, microseconds: number) => number } | undefined {
  if (name === 'bandwidth' || name === 'bibandwidth') return { unit: 'MB/s', rate: (bytes, time) => bytes / time }
  if (name === 'message-rate') return { unit: 'M/s', rate: (_bytes, time) => 1 / time }
  if (name === 'montecarlo') return { unit: 'G/s', rate: (_bytes, time) => 1000 / time }
  return undefined
}

/** How many times slower than the steady state the first thousand operations were, by contender. */
export function warmUpRatio(cold: Cold, measured: readonly Measured[], name: string): number {
  const steady = measured.find((one) => one.family === cold.family && one.ranks === cold.ranks && one.bytes === cold.bytes)
  return (cold.values[name] ?? NaN) / median(steady?.values[name] ?? [])
}

export function coldTable({ cold, measured }: Results): Table {
  const names = [...new Set(cold.flatMap(({ values }) => Object.keys(values)))].filter((name) => name !== COPY)
  const head = ['first 1000 operations', 'ranks', ...names.flatMap((name) => [`${name} µs`, '/ steady'])]
  const rows = cold.map((one) => {
    const family = familyNamed(one.family)
    const what = family.cases?.length === 1 ? one.family : `${one.family} ${caseName(family, one.bytes)}`
    const pairs = names.flatMap((name) => [short(one.values[name] ?? NaN), short(warmUpRatio(one, measured, name))])
    return [what, one.ranks, ...pairs]
  })
  return { head, rows }
}

/** The tables of all families, in the order of the list. */
export function allTables(results: Results): Table[] {
  const groups = new Map<string, Measured[]>()
  for (const one of results.measured) {
    const key = `${one.family} ${one.ranks}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  const tables = [...groups.values()].map((group) => familyTable(familyNamed(group[0].family), group[0].ranks, group))
  return results.cold.length === 0 ? tables : [...tables, coldTable(results)]
}
