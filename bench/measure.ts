// Measures one family at one number of ranks: the contenders take turns, case by case and round by round.
// All obey the same rule: the first thousand operations are timed apart, then a warm-up by time at a few sizes, then for
// each case one more, which finds the count of operations that fills a turn; then as many rounds as asked, in each a
// tenth of the operations to skip.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { withFolder } from './contenders.js'
import type { Contender } from './contenders.js'
import type { Family } from './families.js'
import { Session } from './session.js'

export interface Settings {
  readonly rounds: number
  /** Milliseconds of a turn. */
  readonly turn: number
  /** Milliseconds that a family warms up at each of a few sizes; each case then warms up for a fifth of it. */
  readonly warmUp: number
  /** A barrier between operations of collectives, as OSU has it. */
  readonly spaced: boolean
}

/** Microseconds an operation; for streams, a message. */
export interface Measured {
  readonly family: string
  readonly ranks: number
  /** Bytes, or the index of an object. */
  readonly bytes: number
  readonly times: Record<string, number[]>
}

/** Microseconds an operation over the first thousand, of one case. */
export interface Cold {
  readonly family: string
  readonly ranks: number
  readonly bytes: number
  readonly times: Record<string, number>
}

export interface Outcome {
  readonly measured: Measured[]
  readonly cold: Cold
  /** What kept a contender from taking part. */
  readonly failures: string[]
}

export const COLD_OPERATIONS = 1000

interface Player {
  readonly name: string
  readonly session: Session
}

export async function measureFamily(
  family: Family,
  ranks: number,
  cases: readonly number[],
  contenders: readonly Contender[],
  settings: Settings,
  progress: (what: string) => void,
): Promise<Outcome> {
  return await withFolder(async (folder) => {
    const failures: string[] = []
    let players: Player[] = []
    const without = async (player: Player, error: unknown): Promise<void> => {
      failures.push(`${family.name} with ${ranks} ranks, ${player.name}: ${(error as Error).message}`)
      players = players.filter((other) => other !== player)
      await player.session.close(true)
    }
    const eachPlayer = async (act: (player: Player) => Promise<void>): Promise<void> => {
      for (const player of players) await act(player).catch((error: unknown) => without(player, error))
    }
    for (const contender of contenders) {
      try {
        players.push({ name: contender.name, session: await Session.open(contender.command(family, ranks, mkdtempSync(join(folder, 'pipes-')))) })
      } catch (error) {
        failures.push(`${family.name} with ${ranks} ranks, ${contender.name}: ${(error as Error).message}`)
      }
    }
    try {
      const cold: Cold = { family: family.name, ranks, bytes: family.cold, times: {} }
      await eachPlayer(async (player) => {
        cold.times[player.name] = await warmUp(player, family, cases, settings)
      })
      const measured: Measured[] = []
      for (const bytes of cases) {
        const counts = new Map<Player, number>()
        const times: Record<string, number[]> = Object.fromEntries(players.map(({ name }) => [name, []]))
        await eachPlayer(async (player) => void counts.set(player, await calibrate(player, family, bytes, settings)))
        for (let round = 0; round < settings.rounds; round++) {
          progress(`${family.name}, ${ranks} ranks, ${bytes}: round ${round + 1}`)
          await eachPlayer(async (player) => {
            const [time] = await turn(player, family, bytes, counts.get(player) as number, settings)
            times[player.name].push(time)
          })
        }
        measured.push({ family: family.name, ranks, bytes, times })
      }
      return { measured, cold, failures }
    } finally {
      await Promise.all(players.map(({ session }) => session.close()))
    }
  })
}

async function turn(
  { session }: Player,
  family: Family,
  bytes: number,
  count: number,
  { spaced }: Settings,
  skip = Math.max(1, Math.floor(count / 10)),
): Promise<[time: number, elapsed: number]> {
  const [time, elapsed] = await session.ask(`${family.name} ${bytes} ${count} ${skip} ${Number(spaced)}`)
  return [time, elapsed]
}

/** Returns the microseconds of an operation when nothing had run before. */
async function warmUp(player: Player, family: Family, cases: readonly number[], settings: Settings): Promise<number> {
  const [cold] = await turn(player, family, family.cold, COLD_OPERATIONS, settings, 0)
  const middle = cases[cases.length >> 1]
  const largest = cases[cases.length - 1]
  for (const bytes of new Set([largest, middle, family.cold])) await calibrate(player, family, bytes, settings, settings.warmUp)
  return cold
}

/** How many operations fill a turn, after about this many milliseconds of them. */
async function calibrate(
  player: Player,
  family: Family,
  bytes: number,
  settings: Settings,
  milliseconds = settings.warmUp / 5,
): Promise<number> {
  for (let count = 1, before = 0; ; count *= 2) {
    const [, elapsed] = await turn(player, family, bytes, count, settings, 0)
    before += elapsed
    if (before >= 1000 * milliseconds) return Math.max(1, Math.round((count * 1000 * settings.turn) / elapsed))
  }
}
