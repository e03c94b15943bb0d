// Is the machine calm? Figures taken beside other programs are worth little.
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds in which compilers and collectors of the contenders come to rest, and then in which nothing should run. */
const SETTLE = 100
const LOOK = 200
/** The share of the processors that others may use meanwhile. */
const CALM = 0.1

/** Whether anything uses the processors while all contenders sleep, in words. */
export async function disturbances(where: string): Promise<string[]> {
  await sleep(SETTLE)
  const before = processorTimes()
  await sleep(LOOK)
  const after = processorTimes()
  const busy = (after.busy - before.busy) / Math.max(1, after.all - before.all)
  if (busy <= CALM) return []
  return [`${where}: other programs used ${Math.round(100 * busy)} % of the processors; do not trust these figures`]
}

function processorTimes(): { busy: number; all: number } {
  const times = cpus().map(({ times }) => times)
  const idle = times.reduce((sum, time) => sum + time.idle, 0)
  const all = times.reduce((sum, time) => sum + time.user + time.nice + time.sys + time.idle + time.irq, 0)
  return { busy: all - idle, all }
}
