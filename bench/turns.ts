// Measures one family at one number of ranks: the contenders take turns, case by case and round by round.
// All obey the same rule: the first thousand operations are timed apart; then a warm-up, long at the smallest and short
// at other sizes; for each case another, until operations take as long as before; then as many rounds as
// asked, in each of which a tenth of the operations is not timed.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { disturbances } from './calm.js'
import { withFolder } from './contenders.js'
import type { Contender } from './contenders.js'
import { caseName, SAMPLES } from './families.js'
import type { Family } from './families.js'
import type { Cold, Measured } from './results.js'
import { Session } from './session.js'

export interface Settings {
  readonly rounds: number
  /** Milliseconds of a turn. */
  readonly turn: number
  /** Milliseconds of warm-up at a few sizes; each case then warms up for a fifth of it. */
  readonly warmUp: number
  /** Operations of the case that is timed cold, before any other; it takes `warmUpLimit` milliseconds at most. */
  readonly warmUpOperations: number
  readonly warmUpLimit: number
  /** A barrier between operations of collectives, as OSU has it. */
  readonly spaced: boolean
}

export interface Outcome {
  readonly measured: Measured[]
  readonly cold?: Cold
  /** What kept a contender from taking part. */
  readonly failures: string[]
  /** What makes the figures doubtful. */
  readonly notes?: string[]
}

const COLD_OPERATIONS = 1000
/** A case has settled when so many turns in a row are no faster than this part of the best. */
const STEADY = 0.9
const STEADY_TURNS = 6
const SETTLING_TURNS = 100
export async function measureInTurns(
  family: Family,
  ranks: number,
  cases: readonly number[],
  contenders: readonly Contender[],
  settings: Settings,
  progress: (what: string) => void,
): Promise<Outcome> {
  return await withFolder(async (folder) => {
    const table = new Table(family, ranks, settings)
    try {
      for (const contender of contenders) {
        progress(`${contender.name} starts`)
        await table.seat(contender, mkdtempSync(join(folder, 'contender-')))
      }
      progress('warm-up')
      const first = family.kind === 'kernel' ? undefined : await table.warmUp(cases)
      const cold = family.kind === 'wire' ? undefined : first
      const notes = await disturbances(`${family.name}, ${ranks} ranks`)
      const measured: Measured[] = []
      for (const bytes of cases) {
        progress(caseName(family, bytes))
        measured.push({ family: family.name, ranks, bytes, values: await table.play(bytes) })
      }
      return { measured, failures: table.failures, notes, ...(cold === undefined ? {} : { cold }) }
    } finally {
      await table.clear()
    }
  })
}

/** The contenders that are in the game; who fails leaves it. */
class Table {
  readonly failures: string[] = []
  readonly #family: Family
  readonly #ranks: number
  readonly #settings: Settings
  #players: Player[] = []

  constructor(family: Family, ranks: number, settings: Settings) {
    this.#family = family
    this.#ranks = ranks
    this.#settings = settings
  }

  async seat(contender: Contender, folder: string): Promise<void> {
    try {
      const session = await Session.open(contender.command(this.#family, this.#ranks, folder))
      this.#players.push(new Player(contender, session, this.#family, this.#settings))
    } catch (error) {
      this.#fail(contender.name, error)
    }
  }

  async each(act: (player: Player) => Promise<void>, bytes = 0): Promise<void> {
    for (const player of this.#players.filter((player) => player.takes(bytes))) {
      try {
        await act(player)
      } catch (error) {
        this.#fail(player.name, error)
        this.#players = this.#players.filter((other) => other !== player)
        await player.session.close(true)
      }
    }
  }

  async warmUp(cases: readonly number[]): Promise<Cold> {
    const values: Record<string, number> = {}
    await this.each(async (player) => {
      values[player.name] = await player.warmUp(cases)
    })
    // While others warmed up, engines threw code away that seemed unused.
    await this.each(async (player) => void (await player.calibrate(this.#family.cold, this.#settings.warmUp)))
    return { family: this.#family.name, ranks: this.#ranks, bytes: this.#family.cold, values }
  }

  async play(bytes: number): Promise<Record<string, number[]>> {
    const values: Record<string, number[]> = {}
    const counts = new Map<string, number>()
    await this.each(async (player) => {
      counts.set(player.name, await player.settle(bytes))
      values[player.name] = []
    }, bytes)
    for (let round = 0; round < this.#settings.rounds; round++) {
      await this.each(async (player) => {
        values[player.name].push(await player.turn(bytes, counts.get(player.name) as number))
      }, bytes)
    }
    return values
  }

  async clear(): Promise<void> {
    await Promise.all(this.#players.map(({ session }) => session.close()))
  }

  #fail(name: string, error: unknown): void {
    this.failures.push(`${this.#family.name}, ${this.#ranks} ranks, ${name}: ${(error as Error).message}`)
  }
}

class Player {
  readonly name: string
  readonly session: Session
  readonly #largest: number | undefined
  readonly #family: Family
  readonly #settings: Settings

  constructor({ name, largest }: Contender, session: Session, family: Family, settings: Settings) {
    this.name = name
    this.session = session
    this.#largest = largest
    this.#family = family
    this.#settings = settings
  }

  /** Of contenders that are far behind, powers of four are enough. */
  takes(bytes: number): boolean {
    if (this.#largest === undefined || this.#family.cases !== undefined) return true
    return bytes <= this.#largest && (bytes === 0 || Math.log2(bytes) % 2 === 0 || bytes === this.#family.cold)
  }

  /** Microseconds of an operation. */
  async turn(bytes: number, count: number): Promise<number> {
    return (await this.#ask(bytes, count, Math.max(1, Math.floor(count / 10))))[0]
  }

  /** Returns the microseconds of an operation when nothing had run before. */
  async warmUp(cases: readonly number[]): Promise<number> {
    const { warmUp, warmUpOperations, warmUpLimit } = this.#settings
    const { cold } = this.#family
    const [time, first] = await this.#ask(cold, COLD_OPERATIONS, 0)
    let elapsed = first
    for (let done = COLD_OPERATIONS; done < warmUpOperations && elapsed < 1000 * warmUpLimit; done += COLD_OPERATIONS) {
      elapsed += (await this.#ask(cold, COLD_OPERATIONS, 0))[1]
    }
    const playable = cases.filter((bytes) => this.takes(bytes))
    for (const bytes of new Set([playable.at(-1) ?? cold, playable[playable.length >> 1] ?? cold, cold])) {
      await this.calibrate(bytes, warmUp)
    }
    return time
  }

  /** How many operations fill a turn, after about this many milliseconds of them. */
  async calibrate(bytes: number, milliseconds = this.#settings.warmUp / 5): Promise<number> {
    for (let count = 1, before = 0; ; count *= 2) {
      const [, elapsed] = await this.#ask(bytes, count, 0)
      before += elapsed
      if (before >= 1000 * milliseconds) return Math.max(1, Math.round((count * 1000 * this.#settings.turn) / elapsed))
    }
  }

  /**
   * How many operations fill a turn once they take as long as before: a case may be the first that goes a certain way,
   * and an engine compiles what is new.
   */
  async settle(bytes: number): Promise<number> {
    let count = await this.calibrate(bytes)
    for (let turns = 0, steady = 0, best = Infinity; turns < SETTLING_TURNS && steady < STEADY_TURNS; turns++) {
      const [time, elapsed] = await this.#ask(bytes, count, 0)
      steady = time > STEADY * best ? steady + 1 : 0
      best = Math.min(best, time)
      count = Math.max(1, Math.round((count * 1000 * this.#settings.turn) / elapsed))
    }
    return count
  }

  /** Microseconds of an operation, and of the whole. */
  async #ask(bytes: number, count: number, skip: number): Promise<[time: number, elapsed: number]> {
    // The kernels' one case is so many samples.
    const amount = this.#family.kind === 'kernel' ? SAMPLES : bytes
    const [time, elapsed] = await this.session.ask(
      `${this.#family.name} ${amount} ${count} ${skip} ${Number(this.#settings.spaced)}`,
    )
    return [time, elapsed]
  }
}
