// What a blocked rank costs, and how soon it is back.
import { file, OURS, tsmpirun } from '../contenders.js'
import type { Family } from '../families.js'
import type { Measured } from '../results.js'
import type { Outcome } from '../turns.js'
import { runToEnd } from './programs.js'
import { BARE } from './startup.js'

const FORMS = ['recv', 'barrier', 'request']
/** Seconds that ranks block, and wake-ups that are timed. */
const IDLE_SECONDS = 5
const WAKE_UPS = 100

/** Per cent of a processor, of each blocked rank; or microseconds, of each wake-up. */
export async function measureWaiting(family: Family, ranks: number, quick: boolean): Promise<Outcome> {
  const amount = (family.kind === 'idle' ? IDLE_SECONDS : WAKE_UPS) / (quick ? 5 : 1)
  const measured: Measured[] = []
  const failures: string[] = []
  const measure = async (form: string, bytes: number): Promise<void> => {
    try {
      const command = tsmpirun(ranks, file('ours/waiting.mjs'), family.kind, form, String(amount))
      const values = { [OURS]: JSON.parse((await runToEnd(command)).output) as number[] }
      measured.push({ family: family.name, ranks, bytes, values: { ...values, ...(await floor(family, amount)) } })
    } catch (error) {
      failures.push(`${family.name}, ${ranks} ranks, ${OURS}: ${form}: ${(error as Error).message}`)
    }
  }
  // Idle jobs do not disturb each other; those that are woken must be alone.
  const waiting: Promise<void>[] = []
  for (const [bytes, form] of FORMS.entries()) {
    waiting.push(measure(form, bytes))
    if (family.kind === 'wake') await waiting.at(-1)
  }
  await Promise.all(waiting)
  return { measured: measured.sort((a, b) => a.bytes - b.bytes), failures }
}

/** What a wake-up costs between two processes of bare Node. */
async function floor({ kind }: Family, count: number): Promise<Record<string, number[]>> {
  if (kind !== 'wake') return {}
  const { output } = await runToEnd({ file: process.execPath, args: [file('peers/node/wake.mjs'), String(count)] })
  return { [BARE]: JSON.parse(output) as number[] }
}
