// An agent on another host and what it is told: nothing, where the cable has been cut at that very moment, or what is no order.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ALL_HOSTS, CONTROL, frame } from '../../lib/wire/agent.js'

const AGENT = fileURLToPath(new URL('../../dist/launcher/agent.js', import.meta.url))

interface Left {
  how: [code: number | null, signal: string | null]
  stdout: string
  stderr: string
}

/** How an agent ends that hears this and whose input stays open, and what it has said. */
async function end(patience: string, orders: readonly Buffer[] = []): Promise<Left> {
  const agent = spawn(process.execPath, [AGENT, 'greet', patience], { stdio: 'pipe', timeout: 30_000 })
  const left: Left = { how: [null, null], stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) agent[name].setEncoding('latin1').on('data', (text: string) => (left[name] += text))
  agent.stdin.write(Buffer.concat(orders))
  left.how = await new Promise((resolve) => agent.on('close', (...how) => resolve(how)))
  return left
}

void t.test('without orders it leaves after the heartbeat time', async (t) => {
  const { how, stdout, stderr } = await end('0.5')
  t.same(how, [0, null])
  t.match(stdout, /"version":/)
  t.equal(stderr, '')
})

const control = (text: string): Buffer[] => frame(CONTROL, ALL_HOSTS, 0, Buffer.from(text))
const NO_ORDERS: Record<string, [orders: Buffer[], said: RegExp]> = {
  'of an unknown type': [control('{"type":"dance"}'), /an order that this agent does not know: dance/],
  'without a type': [control('{}'), /an order that this agent does not know: undefined/],
  'that is no object': [control('null'), /null/],
  'that is no JSON': [control('{"type":'), /JSON/],
  'in a frame of an unknown type': [frame(99, ALL_HOSTS, 0, Buffer.alloc(0)), /broken frame between tsmpirun and its agent: type 99/],
}

for (const [what, [orders, said]] of Object.entries(NO_ORDERS)) {
  void t.test(`an order ${what} ends it`, async (t) => {
    const { how, stderr } = await end('60', orders)
    t.same(how, [1, null])
    t.match(stderr, said)
  })
}
