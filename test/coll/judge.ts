// Whether the results of a simulated collective are those that MPI defines.
import type { Outcome, Run } from './simulate.js'

/** What is wrong with an outcome; empty where nothing is. `ordered`: operands must have been combined in rank order. */
export function judge({ collective, size, root }: Run, { results, heard }: Outcome, ordered: boolean): string[] {
  const wrong: string[] = []
  const expect = (rank: number, block: number, found: string | undefined, expected: string): void => {
    if (found !== expected) wrong.push(`rank ${rank} block ${block}: ${found} instead of ${expected}`)
  }
  const operands = (found: string | undefined): string => {
    const leaves = (found ?? '').replace(/[()]/g, '').split(' ')
    return (ordered ? leaves : leaves.sort((a, b) => parseInt(a, 10) - parseInt(b, 10))).join(' ')
  }
  const inOrder = (block: number): string => Array.from({ length: size }, (_, rank) => `${rank}.${block}`).join(' ')
  for (let rank = 0; rank < size; rank++) {
    const result = results[rank]
    if ((collective === 'gather' || collective === 'reduce') && rank !== root) continue
    const count = collective === 'barrier' ? 0 : collective === 'scatter' ? 1 : result.length
    for (let block = 0; block < count; block++) {
      const found = result[block]
      if (collective === 'bcast') expect(rank, block, found, `d${block}`)
      else if (collective === 'scatter') expect(rank, block, found, String(rank))
      else if (collective === 'alltoall') expect(rank, block, found, `${block}>${rank}`)
      else if (collective === 'gather' || collective === 'allgather') expect(rank, block, found, String(block))
      else {
        expect(rank, block, operands(found), inOrder(block))
        if (collective === 'allreduce') expect(rank, block, found, results[0][block]!)
      }
    }
    if (collective === 'barrier' && heard[rank] !== (1n << BigInt(size)) - 1n) wrong.push(`rank ${rank} left early`)
  }
  return wrong
}
