// At which address a host is to be reached.
import t from 'tap'
import { chooseAddress } from '../../../launcher/tree/addresses.js'
import { ownAddresses } from '../../../lib/addresses.js'
import type { OwnAddress } from '../../../lib/addresses.js'

const address = (name: string, text: string, internal = false): OwnAddress => ({
  interface: name, address: text, family: text.includes(':') ? 'IPv6' : 'IPv4', internal,
})
const own = [
  address('lo', '127.0.0.1', true),
  address('lo', '::1', true),
  address('eth0', 'fe80::1'),
  address('eth0', 'fd00::5'),
  address('eth0', '192.168.1.5'),
  address('ib0', '10.1.2.3'),
  address('ib1', 'fd01::3'),
]
const choose = (network: { interface?: string; reachedAt?: string[] }, named: string[] = [], some = own): Promise<string> =>
  chooseAddress({ reachedAt: [], ...network }, some, () => Promise.resolve(named))

void t.test('by default', async (t) => {
  t.equal(await choose({ reachedAt: ['10.1.2.3'] }, ['192.168.1.5']), '10.1.2.3', 'as it was reached')
  t.equal(await choose({ reachedAt: ['203.0.113.9', 'fd00::5'] }), 'fd00::5', 'not at an address that is not its own')
  t.equal(await choose({ reachedAt: ['127.0.0.1', 'fe80::1'] }, ['10.1.2.3']), '10.1.2.3', 'by its name')
  t.equal(await choose({}, ['127.0.1.1', '::1']), '192.168.1.5', 'its name stands for nothing that others can reach')
  t.equal(await choose({}, [], [own[0]!, own[1]!, own[2]!, own[3]!]), 'fd00::5', 'version 6 only')
  t.equal(await choose({}, [], [own[0]!, own[1]!]), '127.0.0.1', 'no network')
})

void t.test('by name and by network', async (t) => {
  t.equal(await choose({ interface: 'ib0', reachedAt: ['192.168.1.5'] }), '10.1.2.3')
  t.equal(await choose({ interface: 'eth0' }), '192.168.1.5', 'version 4 first')
  t.equal(await choose({ interface: 'ib1' }), 'fd01::3')
  t.equal(await choose({ interface: 'lo' }), '127.0.0.1', 'loopback for those who ask')
  t.equal(await choose({ interface: '10.0.0.0/8' }), '10.1.2.3')
  t.equal(await choose({ interface: 'fd01::/16' }), 'fd01::3')
  t.equal(await choose({ interface: '0.0.0.0/0' }), '127.0.0.1')
  t.equal(await choose({ interface: '192.168.1.5' }), '192.168.1.5')
  const message = '--interface ib2: it has no such address, but lo 127.0.0.1, lo ::1'
  await t.rejects(choose({ interface: 'ib2' }), { code: 'TSMPI_LAUNCH', message: new RegExp(`^${message}`) })
  await t.rejects(choose({ interface: '10.2.0.0/16' }), { code: 'TSMPI_LAUNCH' })
  await t.rejects(choose({ interface: 'x' }, [], []), { message: '--interface x: it has no such address, but none at all' })
})

void t.test('of this machine', async (t) => {
  t.ok(ownAddresses().some(({ internal }) => internal))
  const chosen = await chooseAddress({ reachedAt: [] })
  t.ok(chosen === '127.0.0.1' || ownAddresses().some((one) => one.address === chosen))
})
