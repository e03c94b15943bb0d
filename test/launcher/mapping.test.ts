// Which host runs which rank.
import t from 'tap'
import type { Host } from '../../launcher/hosts/host.js'
import { oversubscribed, placeRanks } from '../../launcher/mapping.js'
import type { MappingOptions } from '../../launcher/mapping.js'

/** `a:2 b:1/2`: a with two slots, b with one and two at most. */
function hostsOf(text: string): Host[] {
  return text.split(' ').map((word) => {
    const [, name, slots, maxSlots] = /^(\w+):(\d+)(?:\/(\d+))?$/.exec(word) ?? []
    return { name, slots: Number(slots), ...(maxSlots !== undefined && { maxSlots: Number(maxSlots) }) }
  })
}
const SLOT: MappingOptions = { mapBy: 'slot', noOversubscribe: false }
const NODE: MappingOptions = { mapBy: 'node', noOversubscribe: false }

/** The host of each rank, one letter each; a blank between programs. */
function place(hosts: string, counts: (number | undefined)[], options: MappingOptions): string {
  const list = hostsOf(hosts)
  const placed = placeRanks(list, counts, options)
  return counts.map((_, app) => placed.filter((one) => one.app === app).map(({ host }) => list[host].name).join('')).join(' ')
}

const cases: [hosts: string, counts: (number | undefined)[], options: MappingOptions, ranks: string][] = [
  ['a:2 b:2', [undefined], SLOT, 'aabb'],
  ['a:2 b:2', [3], SLOT, 'aab'],
  ['a:2 b:2', [3], { ...SLOT, mapBy: 'core' }, 'aab'],
  ['a:2 b:2', [4], NODE, 'abab'],
  ['a:3 b:1 c:2', [6], NODE, 'abcaca'],
  ['a:2 b:2', [4], { ...SLOT, rankBy: 'node' }, 'abab'],
  ['a:3 b:1', [4], { ...SLOT, rankBy: 'node' }, 'abaa'],
  ['a:2 b:2', [4], { ...NODE, rankBy: 'slot' }, 'aabb'],
  ['a:2 b:2', [3], { ...NODE, rankBy: 'slot' }, 'aab'],
  // More ranks than slots: in proportion.
  ['a:1 b:1', [4], SLOT, 'aabb'],
  ['a:2 b:1', [6], SLOT, 'aaaabb'],
  ['a:2 b:1', [5], SLOT, 'aaaab'],
  ['a:1 b:1', [5], NODE, 'ababa'],
  ['a:2 b:1', [6], NODE, 'ababaa'],
  // max_slots always counts.
  ['a:1/1 b:1', [4], SLOT, 'abbb'],
  ['a:1/2 b:1', [5], NODE, 'ababb'],
  ['a:2/3 b:2/2', [5], SLOT, 'aaabb'],
  // --ppn goes before slots, but not before max_slots.
  ['a:8 b:8', [undefined], { ...SLOT, perNode: 2 }, 'aabb'],
  ['a:8 b:8', [3], { ...SLOT, perNode: 2 }, 'aab'],
  ['a:1 b:1', [undefined], { ...SLOT, perNode: 2 }, 'aabb'],
  ['a:1/1 b:1', [undefined], { ...SLOT, perNode: 2 }, 'abb'],
  ['a:8 b:8', [4], { ...NODE, perNode: 2 }, 'abab'],
  // Programs go on where the one before has stopped.
  ['a:2 b:2', [1, 3], SLOT, 'a abb'],
  ['a:2 b:2', [1, 3], NODE, 'a bab'],
  ['a:2 b:2', [3, 1], NODE, 'aba b'],
  ['a:2 b:2', [3, 1], { ...SLOT, rankBy: 'node' }, 'aba b'],
  ['a:2 b:2 c:2', [2, 2, 2], NODE, 'ab ca bc'],
]
void t.test('placed', async (t) => {
  for (const [hosts, counts, options, ranks] of cases) {
    t.equal(place(hosts, counts, options), ranks, `${hosts} ${counts.join('+')} ${JSON.stringify(options)}`)
  }
})

void t.test('local ranks and sizes', async (t) => {
  const placed = placeRanks(hostsOf('a:3 b:1 c:2'), [5], NODE)
  t.same(placed.map(({ rank }) => rank), [0, 1, 2, 3, 4])
  t.same(placed.map(({ host }) => host), [0, 1, 2, 0, 2])
  t.same(placed.map(({ localRank }) => localRank), [0, 0, 0, 1, 1])
  t.same(placed.map(({ localSize }) => localSize), [2, 1, 2, 2, 2])
})

const refused: [hosts: string, counts: (number | undefined)[], options: MappingOptions, message: string][] = [
  ['a:2 b:2', [5], { ...SLOT, noOversubscribe: true }, '--nooversubscribe: host a has 2 slots and would run 3 ranks'],
  ['a:1 b:1', [4], { ...SLOT, noOversubscribe: true }, '--nooversubscribe: host a has 1 slot and would run 2 ranks, and so it is with 1 more host'],
  ['a:2', [undefined], { ...SLOT, perNode: 4, noOversubscribe: true }, '--nooversubscribe: host a has 2 slots and would run 4 ranks'],
  ['a:2/2', [3], SLOT, '3 ranks do not fit on one host: a takes 2 (max_slots=2)'],
  ['a:2/3 b:9', [2, 6], { ...SLOT, perNode: 4 }, '8 ranks do not fit on 2 hosts: a takes 3 (max_slots=3), b takes 4 (--ppn or ppr)'],
  ['a:60000 b:60000', [undefined], SLOT, '120000 ranks are more than the 65536 of the largest job'],
]
void t.test('refused', async (t) => {
  for (const [hosts, counts, options, message] of refused) {
    t.throws(() => placeRanks(hostsOf(hosts), counts, options), { code: 'TSMPI_LAUNCH', message }, message)
  }
  t.equal(place('a:2 b:2', [4], { ...SLOT, noOversubscribe: true }), 'aabb')
})

void t.test('which hosts are oversubscribed', async (t) => {
  const hosts = hostsOf('a:1/1 b:1 c:4')
  t.same(oversubscribed(hosts, placeRanks(hosts, [6], SLOT)), [])
  t.same(oversubscribed(hosts, placeRanks(hosts, [8], SLOT)).map(({ host, ranks }) => `${host.name} ${ranks}`), ['b 2', 'c 5'])
})

void t.test('a large job takes no time', async (t) => {
  const hosts = Array.from({ length: 1000 }, (_, index) => ({ name: `n${index}`, slots: 64 }))
  t.equal(placeRanks(hosts, [undefined], NODE).length, 64000)
  t.equal(placeRanks(hosts.slice(0, 2), [65536], { ...NODE, rankBy: 'slot' }).at(-1)?.localRank, 32767)
})
