// The tree of agents: every host once, nobody starts more than the width, and no deeper than need be.
import t from 'tap'
import type { Branch } from '../../../lib/wire/agent.js'
import { allBranches, branches, hostsOf } from '../../../launcher/tree/branches.js'

const hosts = (count: number) => Array.from({ length: count }, (_, host) => ({ host, name: `h${host}` }))
const depth = (some: readonly Branch[]): number => (some.length === 0 ? 0 : 1 + Math.max(...some.map((one) => depth(one.branches))))

void t.test('up to the width each is started from here', async (t) => {
  t.same(branches([], 32), [])
  t.same(branches(hosts(3), 3), hosts(3).map((host) => ({ ...host, branches: [] })))
})

void t.test('five hosts, two wide', async (t) => {
  const [one, two] = branches(hosts(5), 2)
  t.same([one && hostsOf(one), two && hostsOf(two)], [[0, 1], [2, 3, 4]])
  t.same(two?.branches.map(({ host }) => host), [3, 4])
})

void t.test('any number, any width', async (t) => {
  for (const count of [1, 2, 7, 32, 33, 100, 1056, 1057]) {
    for (const width of [1, 2, 3, 32]) {
      const tops = branches(hosts(count), width)
      t.same(tops.flatMap(hostsOf), hosts(count).map(({ host }) => host), `${count} hosts, ${width} wide`)
      t.ok([tops, ...[...allBranches(tops)].map((one) => one.branches)].every(({ length }) => length <= width))
      let [room, levels] = [width, 1]
      for (let more = width * width; room < count; more *= width, levels++) room += more
      t.equal(depth(tops), levels)
    }
  }
})
