// Allreduce of 1 MiB on four hosts of two ranks each, all of them this machine: on two levels, and by the algorithms that
// know nothing of hosts; where the ranks of each host follow one another, and where hosts take turns.
import { file, OURS, overHosts } from '../contenders.js'
import type { Family } from '../families.js'
import type { Measured } from '../results.js'
import type { Outcome } from '../turns.js'
import { runToEnd } from './programs.js'

const BYTES = 2 ** 20
const ROUNDS = 40
export const FLAT = ['recursive-doubling', 'ring', 'rabenseifner'] as const
/** What is chosen. */
const CHOSEN = '-'
/** In the order of the family's cases. */
const MAPPINGS = ['slot', 'node']

export async function measureTwoLevel(family: Family, ranks: number, quick: boolean): Promise<Outcome> {
  const measured: Measured[] = []
  const failures: string[] = []
  const rounds = String(quick ? ROUNDS / 10 : ROUNDS)
  for (const [bytes, mapping] of MAPPINGS.entries()) {
    const program = [file('ours/two-level.mjs'), 'allreduce', String(BYTES), rounds, CHOSEN, ...FLAT]
    try {
      const { output } = await runToEnd(overHosts(ranks, 'a:2,b:2,c:2,d:2', '--map-by', mapping, ...program))
      const times = JSON.parse(output) as number[][]
      const values = Object.fromEntries([OURS, ...FLAT].map((name, at) => [name, times[at]]))
      measured.push({ family: family.name, ranks, bytes, values })
    } catch (error) {
      failures.push(`${family.name}, ${ranks} ranks, ${OURS}: by ${mapping}: ${(error as Error).message}`)
    }
  }
  return { measured, failures }
}
