// What a user's word for an address means on a host: the same for tsmpirun's --interface and for TSMPI_INTERFACE.
import t from 'tap'
import { addressOn, isNetwork, outwardAddress, ownAddresses, parseNetwork } from '../lib/addresses.js'
import type { OwnAddress } from '../lib/addresses.js'
import { ownAddress } from '../lib/bootstrap/pmi-between.js'

const at = (name: string, address: string, internal = false): OwnAddress => ({
  interface: name, address, family: address.includes(':') ? 'IPv6' : 'IPv4', internal,
})
const own = [at('lo', '127.0.0.1', true), at('eth0', 'fe80::1'), at('eth0', 'fd00::5'), at('eth0', '192.168.1.5'), at('ib0', '10.1.2.3')]

void t.test('what a network is', async (t) => {
  t.same(parseNetwork('10.0.0.0/8'), { address: '10.0.0.0', bits: 8 })
  t.same(parseNetwork('10.0.0.7'), { address: '10.0.0.7', bits: 32 })
  t.same(parseNetwork('fd00::/64'), { address: 'fd00::', bits: 64 })
  for (const name of ['eth0', 'br-1a2b', 'wlan0.100', '10.0.0']) t.ok(parseNetwork(name) === undefined && isNetwork(name), name)
  for (const nothing of ['', '10.0.0.0/33', 'fd00::/129', 'a b', 'eth0/8', '10.0.0/8', '10.0.0.0/']) t.notOk(isNetwork(nothing), nothing)
})

void t.test('which address is meant', async (t) => {
  const cases: [string, string | undefined][] = [
    ['ib0', '10.1.2.3'],
    ['eth0', '192.168.1.5'],
    ['lo', '127.0.0.1'],
    ['10.1.0.0/16', '10.1.2.3'],
    ['fd00::/8', 'fd00::5'],
    ['fd00::5', 'fd00::5'],
    ['10.2.0.0/16', undefined],
    ['eth1', undefined],
    ['fe80::/10', undefined],
  ]
  for (const [wanted, address] of cases) t.equal(addressOn(wanted, own), address, wanted)
  t.equal(outwardAddress(own), '192.168.1.5', 'version 4 first')
  t.equal(outwardAddress(own.slice(0, 3)), 'fd00::5')
  t.equal(outwardAddress(own.slice(0, 2)), '127.0.0.1', 'no network')
  t.equal(outwardAddress([]), '127.0.0.1')
})

void t.test('under another launcher', async (t) => {
  t.equal(ownAddress('', own), '192.168.1.5')
  t.equal(ownAddress('10.1.0.0/16', own), '10.1.2.3')
  const message = 'TSMPI_INTERFACE=10.2.0.0/16: this host has no such address, but lo 127.0.0.1, eth0 fe80::1, eth0 fd00::5, eth0 192.168.1.5, ib0 10.1.2.3'
  t.throws(() => ownAddress('10.2.0.0/16', own), { code: 'TSMPI_ARGUMENT', message })
  t.throws(() => ownAddress('eth1', []), { message: /but none at all$/ })
  t.ok(ownAddresses().some(({ address }) => address === ownAddress('127.0.0.0/8')))
})
