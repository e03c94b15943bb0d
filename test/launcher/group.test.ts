// Processes that lead groups of their own: in our session with the addon, in one of their own without.
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import t from 'tap'
import { groupLives, spawnGroup } from '../../launcher/spawn/group.js'
import { nativeMemory } from '../../native/load.js'

/** Process group and session, from /proc. */
function groupOf(pid: number): { group: number; session: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
  return { group: Number(fields[2]), session: Number(fields[3]) }
}

void t.test('who leads what', { skip: process.platform !== 'linux' && 'Linux only' }, async (t) => {
  const { session } = groupOf(process.pid)
  const ways = [
    { name: 'with the addon', groupChildren: nativeMemory()?.groupChildren, ownSession: nativeMemory() === undefined },
    { name: 'without', groupChildren: undefined, ownSession: true },
    { name: 'with an addon that cannot reach into it', groupChildren: () => undefined, ownSession: true },
  ]
  for (const { name, groupChildren, ownSession } of ways) {
    const child = spawnGroup('/bin/sleep', ['20'], { stdio: 'ignore' }, groupChildren)
    const pid = child.pid as number
    t.equal(groupOf(pid).group, pid, `${name}: group`)
    t.equal(groupOf(pid).session, ownSession ? pid : session, `${name}: session`)
    t.ok(groupLives(pid))
    process.kill(-pid, 'SIGKILL')
    await once(child, 'exit')
    t.notOk(groupLives(pid))
  }
  const plain = spawnGroup('/no/such/program', [], { stdio: 'ignore' }, nativeMemory()?.groupChildren)
  await once(plain, 'error')
  t.equal(plain.pid, undefined)
})
