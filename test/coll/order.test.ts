// The order in which each algorithm combines operands: what the header comments promise, and users of floating-point
// numbers rely on.
import t from 'tap'
import { algorithmsOf } from '../../lib/coll/registry.js'
import { LOCKSTEP, simulate } from './simulate.js'

/** The expression of one block at one rank, over ranks: `((0 1) 2)`. */
function expression(collective: 'reduce' | 'allreduce', name: string, size: number, root = 0, block = 0): string {
  const entry = algorithmsOf(collective).find((candidate) => candidate.name === name)!
  const blocks = entry.cut === 'whole' ? 1 : size
  const run = { collective, run: entry.run, size, root, blocks, length: () => 1 }
  return simulate(run, LOCKSTEP).results[root][block]!.replace(/\.\d+/g, '')
}

void t.test('small cases', async (t) => {
  t.equal(expression('allreduce', 'recursive-doubling', 2), '(0 1)')
  t.equal(expression('allreduce', 'recursive-doubling', 3), '((0 1) 2)')
  t.equal(expression('allreduce', 'recursive-doubling', 4), '((0 1) (2 3))')
  t.equal(expression('allreduce', 'recursive-doubling', 6), '(((0 1) (2 3)) (4 5))')
  t.equal(expression('allreduce', 'ring', 3, 0, 0), '((1 2) 0)')
  t.equal(expression('allreduce', 'ring', 4, 0, 2), '(((3 0) 1) 2)')
  t.equal(expression('reduce', 'binomial', 5), '(((0 1) (2 3)) 4)')
  t.equal(expression('reduce', 'linear', 4, 0), '(((0 1) 2) 3)')
  t.equal(expression('reduce', 'linear', 4, 2), '((0 (1 2)) 3)')
})

void t.test('the order does not depend on the root', async (t) => {
  for (let size = 2; size <= 17; size++) {
    for (let root = 1; root < size; root++) {
      for (const name of ['binomial', 'rabenseifner']) {
        const expected = expression('reduce', name, size)
        t.equal(expression('reduce', name, size, root), expected, `${name}, root ${root} of ${size}`)
      }
    }
  }
})

void t.test('Rabenseifner combines every block as recursive doubling does', async (t) => {
  for (let size = 2; size <= 17; size++) {
    const expected = expression('allreduce', 'recursive-doubling', size)
    for (let block = 0; block < size; block++) {
      t.equal(expression('allreduce', 'rabenseifner', size, 0, block), expected)
      t.equal(expression('reduce', 'rabenseifner', size, 0, block), expected)
    }
  }
})

void t.test('on two levels: each host as a binomial tree, then hosts; the same bits for short and long vectors', async (t) => {
  const on = (name: string, hosts: readonly number[], block = 0): string => {
    const entry = algorithmsOf('allreduce').find((candidate) => candidate.name === name)!
    const blocks = entry.cut === 'whole' ? 1 : hosts.length
    const run = { collective: 'allreduce' as const, run: entry.run, size: hosts.length, root: 0, blocks, length: () => 1, hosts }
    return simulate(run, LOCKSTEP).results[0][block]!.replace(/\.\d+/g, '')
  }
  t.equal(on('two-level', [0, 0, 0, 1, 1]), '(((0 1) 2) (3 4))')
  t.equal(on('two-level', [0, 1, 0, 1, 2]), '(((0 2) (1 3)) 4)')
  for (const hosts of [[0, 0, 0, 1, 1], [0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 4], [0, 0, 1, 1, 2, 2, 3, 3]]) {
    hosts.forEach((_, block) => t.equal(on('two-level-rabenseifner', hosts, block), on('two-level', hosts)))
  }
})
