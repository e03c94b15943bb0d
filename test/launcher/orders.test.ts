// An agent on another host that is started and then hears nothing: the cable may have been cut at that very moment.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const AGENT = fileURLToPath(new URL('../../dist/launcher/agent.js', import.meta.url))

void t.test('without orders it leaves after the heartbeat time, though its input stays open', async (t) => {
  const agent = spawn(process.execPath, [AGENT, 'greet', '0.5'], { stdio: ['pipe', 'pipe', 'inherit'], timeout: 30_000 })
  let said = ''
  agent.stdout.setEncoding('latin1').on('data', (text: string) => (said += text))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => agent.on('close', (...how) => resolve(how)))
  t.same([code, signal], [0, null])
  t.match(said, /"version":/)
})
