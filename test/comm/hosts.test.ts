// Communicators know the hosts of their ranks, and can be split by them.
import t from 'tap'
import type { Communicator } from '../../lib/comm/communicator.js'
import { SHARED } from '../../lib/comm/communicator.js'
import { UNDEFINED } from '../../lib/p2p/status.js'
import { openWorlds } from '../support/worlds.js'

const HOSTS = ['b', 'a', 'b', 'b', 'a', 'c']

void t.test('hosts, local rank and local size', async (t) => {
  const { worlds, close } = openWorlds('inproc', 6, { hosts: HOSTS })
  t.teardown(close)
  for (const world of worlds) t.same(world.hosts, HOSTS)
  t.same(worlds.map(({ localRank }) => localRank), [0, 0, 1, 2, 1, 0])
  t.same(worlds.map(({ localSize }) => localSize), [3, 2, 3, 3, 2, 1])
  t.throws(() => (worlds[0].hosts as string[]).push('d'), TypeError)
  const reversed = (await Promise.all(worlds.map((world) => world.split(0, -world.rank)))) as Communicator[]
  t.same(reversed[0].hosts, HOSTS.toReversed())
  t.same(reversed.map(({ localRank }) => localRank), [2, 1, 1, 0, 0, 0])
})

void t.test('splitType', async (t) => {
  const { worlds, close } = openWorlds('inproc', 6, { hosts: HOSTS })
  t.teardown(close)
  const nodes = await Promise.all(worlds.map((world) => world.splitType(SHARED)))
  t.same(nodes.map(({ rank, size }) => [rank, size]), [[0, 3], [0, 2], [1, 3], [2, 3], [1, 2], [0, 1]])
  t.same(nodes.map(({ localRank, localSize }) => [localRank, localSize]), nodes.map(({ rank, size }) => [rank, size]))
  t.equal(nodes[0].name, 'COMM_WORLD.splitType(SHARED)')
  const lists = await Promise.all(nodes.map((node, rank) => node.allgather(rank)))
  t.same(lists, [[0, 2, 3], [1, 4], [0, 2, 3], [0, 2, 3], [1, 4], [5]])
  const backwards = await Promise.all(worlds.map((world) => world.splitType(SHARED, -world.rank)))
  t.same(backwards.map(({ rank }) => rank), [2, 1, 1, 0, 0, 0])
  const some = await Promise.all(worlds.map((world) => world.splitType(world.rank === 2 ? UNDEFINED : SHARED)))
  t.same(some.map((node) => node?.size), [2, 2, undefined, 2, 2, 1])
})

void t.test('splitType refuses what is no type', async (t) => {
  const { worlds: [world], close } = openWorlds('inproc', 1)
  t.teardown(close)
  await t.rejects(world.splitType(7), { code: 'TSMPI_ARGUMENT', message: 'splitType: 7 is neither SHARED nor UNDEFINED' })
  await t.rejects(world.splitType(SHARED, 0.5), { code: 'TSMPI_ARGUMENT', message: 'splitType: key 0.5 is not an integer' })
  t.equal((await world.splitType(SHARED)).size, 1)
})
