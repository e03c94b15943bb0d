// Silence is noticed, and told once; whoever is heard of is not silent, and one's own absence is no one else's.
import t from 'tap'
import { Heartbeat } from '../../../launcher/tree/heartbeat.js'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

void t.test('silence', async (t) => {
  const told: number[] = []
  let beats = 0
  const heartbeat = new Heartbeat(0.1, { beat: () => beats++, silent: (seconds) => told.push(seconds) })
  t.teardown(() => heartbeat.stop())
  while (told.length === 0) await pause(10)
  await pause(200)
  t.same(told, [0.08])
  t.ok(beats >= 8)
})

void t.test('one who is heard of', async (t) => {
  let silent = false
  const heartbeat: Heartbeat = new Heartbeat(0.1, { beat: () => heartbeat.heard(), silent: () => (silent = true) })
  await pause(500)
  heartbeat.stop()
  t.notOk(silent)
})

void t.test('an own absence, at the end of which something is there to be read', async (t) => {
  let silent = false
  const heartbeat = new Heartbeat(0.1, { silent: () => (silent = true) })
  t.teardown(() => heartbeat.stop())
  for (let round = 0; round < 3; round++) {
    setImmediate(() => heartbeat.heard())
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    await pause(0)
    t.notOk(silent)
  }
})

void t.test('nothing after the end', async (t) => {
  let silent = false
  const heartbeat = new Heartbeat(0.02, { silent: () => (silent = true) })
  heartbeat.stop()
  await pause(100)
  t.notOk(silent)
})
