// The line that says which hosts have not joined yet.
import t from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { Joining } from '../../../launcher/tree/joining.js'

const CLEAR = '\r\x1b[K'

void t.test('hosts that are quick are not spoken of', async (t) => {
  const said: string[] = []
  const joining = new Joining(['a', 'b'], (text) => said.push(text), { quiet: 10, pause: 1 })
  joining.joined('a')
  joining.joined('b')
  joining.end()
  await delay(30)
  t.same(said, [])
})

void t.test('who is missing is named, again when that changes, and the line is gone in the end', async (t) => {
  const said: string[] = []
  const joining = new Joining(['n1', 'n2', 'n3', 'login'], (text) => said.push(text), { quiet: 5, pause: 1 })
  joining.joined('n2')
  while (said.length === 0) await delay(1)
  t.equal(said[0], `${CLEAR}tsmpirun: 1 of 4 hosts have joined, waiting for n[1,3],login`)
  await delay(20)
  t.equal(said.length, 1, 'not again')
  joining.joined('n1')
  joining.joined('n3')
  while (said.length === 1) await delay(1)
  t.equal(said[1], `${CLEAR}tsmpirun: 3 of 4 hosts have joined, waiting for login`)
  joining.end()
  joining.end()
  t.same(said.slice(2), [CLEAR])
  await delay(10)
  t.equal(said.length, 3)
})

void t.test('many names are cut off', async (t) => {
  const said: string[] = []
  const hosts = Array.from({ length: 100 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(1 + (i % 7)) + `x${i}y`)
  const joining = new Joining(hosts, (text) => said.push(text), { quiet: 0, pause: 1 })
  while (said.length === 0) await delay(1)
  joining.end()
  t.match(said[0].slice(CLEAR.length), /^tsmpirun: 0 of 100 hosts have joined, waiting for .{50}…$/u)
})
