// Times the algorithms: one job for each number of ranks, in which all algorithms of a case take turns, round by round.
//
// The time there is is dealt out in units: one for an algorithm in a case, several to warm it up first. What a case
// overdraws, the later ones go short of; once there is nothing left, turns are single operations.
import { fileURLToPath } from 'node:url'
import { disturbances } from '../calm.js'
import { median } from '../report/statistics.js'
import { Session } from '../session.js'
import type { Timing } from './decide.js'
import { casesOf } from './cases.js'
import type { Case } from './cases.js'
import { algorithmNames } from './library.js'
import type { CollectiveName } from './library.js'

export interface Settings {
  readonly collectives: readonly CollectiveName[]
  readonly ranks: readonly number[]
  readonly step: number
  readonly sizes?: readonly number[]
  readonly rounds: number
  /** For everything. */
  readonly seconds: number
}

export interface Measurement {
  readonly collective: CollectiveName
  readonly ranks: number
  readonly timings: readonly Timing[]
}

export interface Outcome {
  readonly measurements: readonly Measurement[]
  /** What went wrong, in words. */
  readonly failures: readonly string[]
  /** What makes the figures doubtful. */
  readonly notes: readonly string[]
  /** Collectives of which an algorithm failed: what was measured of them is half of the truth. */
  readonly broken: ReadonlySet<CollectiveName>
}

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The forced algorithms and tables of a user must not change what is between the timed calls. */
const CLEAN = { TSMPI_ALGORITHM: undefined, TSMPI_SWITCH_POINTS: undefined }

const start = (ranks: number): Promise<Session> =>
  Session.open({
    file: process.execPath,
    args: [file('../../dist/launcher/main.js'), '-n', String(ranks), file('../ours/tune.mjs')],
    env: CLEAN,
  })

/** Units that an algorithm warms up for, before its first case. */
const WARM_UP = 4
/** Of a unit, what warms up the case, and what is measured; the rest is for starting, barriers and answers. */
const CASE_WARM_UP = 0.25
const MEASURED = 0.55

/** Deals out the time that is left. */
export class Budget {
  readonly #end: number
  readonly #now: () => number
  #units: number

  constructor(seconds: number, units: number, now: () => number = () => performance.now()) {
    this.#now = now
    this.#end = now() + 1000 * seconds
    this.#units = units
  }

  /** Milliseconds of a unit. */
  get unit(): number {
    return Math.max(0, this.#end - this.#now()) / Math.max(1, this.#units)
  }

  spend(units: number): void {
    this.#units -= units
  }
}

const unitsOf = (collective: CollectiveName, cases: number): number => algorithmNames(collective).length * (cases + WARM_UP)

export async function measure(settings: Settings, progress: (what: string) => void): Promise<Outcome> {
  const measurements: Measurement[] = []
  const failures: string[] = []
  const notes: string[] = []
  const broken = new Set<CollectiveName>()
  const jobs = settings.ranks.map((ranks) => ({
    ranks,
    work: settings.collectives.map((collective) => ({ collective, cases: casesOf(collective, ranks, settings.step, settings.sizes) })),
  }))
  const units = jobs.flatMap(({ work }) => work).reduce((sum, { collective, cases }) => sum + unitsOf(collective, cases.length), 0)
  const budget = new Budget(settings.seconds, units)
  for (const { ranks, work } of jobs) {
    progress(`${ranks} ranks: start`)
    notes.push(...await disturbances(`${ranks} ranks`))
    const table = new Table(ranks, settings.rounds, budget, (collective, what) => {
      broken.add(collective)
      failures.push(what)
    })
    try {
      for (const { collective, cases } of work) {
        measurements.push({ collective, ranks, timings: await table.measure(collective, cases, progress) })
      }
    } catch (error) {
      failures.push(`${ranks} ranks: ${(error as Error).message}`)
    } finally {
      await table.close()
    }
  }
  return { measurements, failures, notes, broken }
}

/** A job, and what its ranks are asked. */
class Table {
  readonly #ranks: number
  readonly #rounds: number
  readonly #budget: Budget
  readonly #fail: (collective: CollectiveName, what: string) => void
  #session: Session | undefined

  constructor(ranks: number, rounds: number, budget: Budget, fail: (collective: CollectiveName, what: string) => void) {
    this.#ranks = ranks
    this.#rounds = rounds
    this.#budget = budget
    this.#fail = fail
  }

  async close(): Promise<void> {
    await this.#session?.close()
  }

  async measure(collective: CollectiveName, cases: readonly Case[], progress: (what: string) => void): Promise<Timing[]> {
    const names = new Set(algorithmNames(collective))
    const middle = cases[cases.length >> 1]
    for (const name of names) {
      progress(`${collective}, ${this.#ranks} ranks: warm-up of ${name}`)
      if (middle !== undefined) await this.#try(names, name, middle, () => this.#calibrate(middle, name, WARM_UP * this.#budget.unit))
      this.#budget.spend(WARM_UP)
    }
    const timings: Timing[] = []
    for (const one of cases) {
      progress(`${collective}, ${this.#ranks} ranks: ${one.bytes} B`)
      timings.push({ bytes: one.bytes, times: await this.#measureCase(one, names) })
      this.#budget.spend(algorithmNames(collective).length)
    }
    return timings
  }

  async #measureCase(one: Case, names: Set<string>): Promise<Record<string, number>> {
    const unit = this.#budget.unit
    const counts = new Map<string, number>()
    const times = new Map<string, number[]>()
    for (const name of names) {
      const operation = await this.#try(names, name, one, () => this.#calibrate(one, name, CASE_WARM_UP * unit))
      if (operation !== undefined) counts.set(name, Math.max(1, Math.round((MEASURED * unit * 1000) / this.#rounds / operation)))
    }
    for (let round = 0; round < this.#rounds; round++) {
      for (const [name, count] of counts) {
        if (!names.has(name)) continue
        const answer = await this.#try(names, name, one, () => this.#turn(one, name, count, Math.ceil(count / 10)))
        if (answer !== undefined) times.set(name, [...(times.get(name) ?? []), answer[0]])
      }
    }
    return Object.fromEntries([...times].filter(([name]) => names.has(name)).map(([name, list]) => [name, median(list)]))
  }

  /** An algorithm that fails is left out from here on, and the job starts anew without it. */
  async #try<T>(names: Set<string>, name: string, { collective }: Case, act: () => Promise<T>): Promise<T | undefined> {
    this.#session ??= await start(this.#ranks)
    try {
      return await act()
    } catch (error) {
      this.#fail(collective, `${collective} ${name}, ${this.#ranks} ranks: ${(error as Error).message}`)
      names.delete(name)
      await this.#session.close(true)
      this.#session = undefined
      return undefined
    }
  }

  /** Microseconds of an operation and of the turn; nothing where the algorithm may not run the call. */
  async #turn({ collective, bytes }: Case, name: string, count: number, skip: number): Promise<[number, number] | undefined> {
    const [time, elapsed] = await this.#session!.ask(`${collective} ${name} ${bytes} ${count} ${skip}`)
    return time < 0 ? undefined : [time, elapsed]
  }

  /** Runs for some milliseconds; what an operation and the barrier after it then take, in microseconds. */
  async #calibrate(one: Case, name: string, milliseconds: number): Promise<number | undefined> {
    for (let count = 1, before = 0; ; count *= 2) {
      const answer = await this.#turn(one, name, count, 0)
      if (answer === undefined) return undefined
      const [, elapsed] = answer
      before += elapsed
      // Each turn runs the operation once more, to see whether it is refused.
      if (before >= 1000 * milliseconds) return elapsed / (count + 1)
    }
  }
}
