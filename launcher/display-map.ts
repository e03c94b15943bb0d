// --display-map and --dry-run: the hosts of a job and its ranks, as tables.
import { bindRanks, describeOverlap } from './binding.js'
import { commandHere } from './command.js'
import { quote } from './plan.js'
import type { Plan } from './plan.js'
import { formatCpuList, readTopology } from './topology.js'

/** The hosts with the ranks they run, then the ranks; with `commands`, what exactly is executed for each. */
export function describePlan(plan: Plan, commands: boolean): string {
  const remarks = [...plan.warnings, overlapHere(plan)].filter((line) => line !== undefined)
  const below = remarks.length > 0 ? `\n${remarks.join('\n')}\n` : ''
  return `${hostTable(plan)}\n${rankTable(plan, commands)}${below}`
}

function hostTable({ places }: Plan): string {
  const limited = places.some(({ maxSlots }) => maxSlots !== undefined)
  const head = ['Host', 'Slots', ...(limited ? ['At most'] : []), 'Ranks', 'Which']
  const rows = places.map(({ name, user, port, slots, maxSlots, ranks }) => [
    `${user === undefined ? '' : `${user}@`}${name}${port === undefined ? '' : ` port ${port}`}`,
    String(slots),
    ...(limited ? [String(maxSlots ?? '')] : []),
    String(ranks.length),
    formatCpuList(ranks),
  ])
  return table([head, ...rows])
}

function rankTable(plan: Plan, commands: boolean): string {
  const cpus = boundTo(plan)
  const head = ['Rank', 'Host', 'Local rank', ...(cpus ? ['Processors'] : []), 'Directory', commands ? 'Command' : 'Program']
  const rows = plan.ranks.map((spec) => [
    String(spec.rank),
    plan.hosts[spec.rank],
    String(spec.localRank),
    ...(cpus ? [cpus[spec.rank] ?? '?'] : []),
    spec.cwd,
    commands ? commandHere(spec).flat().map(quote).join(' ') : plan.programs[spec.rank],
  ])
  return table([head, ...rows])
}

/** By rank; only each host's own agent knows the processors of another host. */
function boundTo({ bind, places }: Plan): Record<number, string> | undefined {
  if (bind === undefined) return undefined
  const ranks = ranksHere(places)
  const sets = bindRanks(readTopology(), bind, ranks.length)
  return Object.fromEntries(sets.map((cpus, local) => [ranks[local], formatCpuList(cpus)]))
}

function overlapHere({ bind, places }: Plan): string | undefined {
  return bind && describeOverlap(readTopology(), bind, ranksHere(places).length)
}

const ranksHere = (places: Plan['places']): number[] => places.find(({ local }) => local)?.ranks ?? []

function table(rows: readonly string[][]): string {
  const widths = rows.reduce((most, row) => row.map((cell, column) => Math.max(cell.length, most[column] ?? 0)), [0])
  const line = (row: string[]): string => row.map((cell, column) => cell.padEnd(widths[column])).join('  ')
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('')
}
