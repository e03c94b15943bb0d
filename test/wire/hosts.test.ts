// The hosts of all ranks in one word: short for what launchers make, refused where it is broken.
import t from 'tap'
import { decodeHosts, encodeHosts, ranksPerHost } from '../../lib/wire/hosts.js'

void t.test('ranks per host', async (t) => {
  t.same([...ranksPerHost(['a', 'b', 'a', 'c', 'a'])], [['a', 3], ['b', 1], ['c', 1]])
  t.same([...ranksPerHost([])], [])
})

void t.test('there and back', async (t) => {
  const cases: [hosts: string, word: string][] = [
    ['a', 'a;0'],
    ['a a a a', 'a;0x4'],
    ['a a b b', 'a,b;0x2,1x2'],
    ['a b a b a b', 'a,b;0-1x3'],
    ['a b c a b c a', 'a,b,c;0-2x2,0'],
    ['b a', 'b,a;0-1'],
    ['a b b c', 'a,b,c;0-1,1-2'],
    ['fe80::1 10.0.0.1', 'fe80::1,10.0.0.1;0-1'],
  ]
  for (const [hosts, word] of cases) {
    t.equal(encodeHosts(hosts.split(' ')), word)
    t.same(decodeHosts(word, hosts.split(' ').length), hosts.split(' '))
  }
})

void t.test('65536 ranks on 1000 hosts, dealt out and filled', async (t) => {
  for (const pick of [(rank: number) => rank % 1000, (rank: number) => Math.floor(rank / 66)]) {
    const hosts = Array.from({ length: 65536 }, (_, rank) => `node${pick(rank)}`)
    const word = encodeHosts(hosts)
    t.ok(word.length < 20_000, String(word.length))
    t.same(decodeHosts(word, hosts.length), hosts)
  }
})

void t.test('what is broken', async (t) => {
  for (const word of ['', 'a', ';', ';0', 'a;', 'a;1', 'a;0', 'a;0x3', 'a;0x999999999', 'a,b;1-0', 'a,b;0-2', 'a;-1x2', 'a,;0-1']) {
    t.throws(() => decodeHosts(word, 2), { code: 'TSMPI_STATE' }, word)
  }
})
