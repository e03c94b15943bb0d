// The transport contract on frames to oneself.
import t from 'tap'
import { SelfTransport } from '../../lib/transport/self.js'
import { contract, header, until, world } from './contract.js'

contract(t, 'self', [1], (receivers) => [new SelfTransport(0, receivers[0])])

void t.test('a frame sent while asleep wakes the sleeper', async (t) => {
  const [rank] = await world(1, (receivers) => [new SelfTransport(0, receivers[0])])
  t.ok(rank.transport.sleep())
  const woken = rank.woken()
  t.ok(rank.transport.send(0, header(0, 0), new Uint8Array(0), 0, 0))
  t.equal(rank.wakes, 0, 'not from inside send')
  await woken
  await until([rank], () => rank.received === 1)
})
