// Memory of each rank, after a barrier and after every collective, beside as many processes of bare Node.
import { file, OURS, tsmpirun } from '../contenders.js'
import type { Measured } from '../results.js'
import { Session } from '../session.js'
import type { Outcome } from '../turns.js'
import { runToEnd } from './programs.js'
import { BARE } from './startup.js'

/** Milliseconds that a job of very many ranks may take. */
const LIMIT = 120_000

type Resident = readonly [rss: number, pss: number]

export async function measureMemory(ranks: number): Promise<Outcome> {
  try {
    const bare = await bareNodes(ranks)
    const { output } = await runToEnd(tsmpirun(ranks, file('ours/memory.mjs')), LIMIT)
    const stages = output.trim().split('\n').map((line) => JSON.parse(line) as Resident[])
    const measured: Measured[] = stages.flatMap((stage, i) =>
      ([0, 1] as const).map((which) => ({
        family: 'memory',
        ranks,
        bytes: 2 * i + which,
        values: { [OURS]: stage.map((rank) => rank[which]), [BARE]: bare.map((one) => one[which]) },
      })),
    )
    return { measured, failures: [] }
  } catch (error) {
    return { measured: [], failures: [`memory, ${ranks} ranks, ${OURS}: ${(error as Error).message}`] }
  }
}

async function bareNodes(count: number): Promise<Resident[]> {
  const sessions: Session[] = []
  try {
    for (let i = 0; i < count; i++) sessions.push(await Session.open({ file: process.execPath, args: [file('ours/bare.mjs')] }))
    return await Promise.all(sessions.map(async (session) => (await session.ask('report')) as unknown as Resident))
  } finally {
    await Promise.all(sessions.map((session) => session.close()))
  }
}
