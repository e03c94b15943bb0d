// Which rank runs what, and where.
import { statSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import { randomBytes } from 'node:crypto'
import { ENV } from '../lib/env.js'
import { LaunchError } from '../lib/errors.js'
import type { LaunchSpec, RankSpec } from '../lib/wire/agent.js'
import type { App, Options } from './options.js'
import { resolveProgram } from './program.js'
import { readSwitchPoints } from './switchpoints.js'

/** The whole job, before anything is started. */
export interface Plan extends LaunchSpec {
  /** The program of each rank, as the user wrote it. */
  programs: string[]
}

/** Maps ranks to programs in the order of the command line. Throws LaunchError where a program cannot be run. */
export function planJob(options: Options): Plan {
  const size = options.apps.reduce((sum, { np }) => sum + np, 0)
  const host = hostname()
  const crowded = size >= availableParallelism()
  const job = randomBytes(8).toString('hex')
  const ranks: RankSpec[] = []
  const programs: string[] = []
  options.apps.forEach((app, index) => {
    checkFolder(app)
    const command = resolveProgram(app, { inspect: false, crowded })
    for (let n = 0; n < app.np; n++) {
      const rank = ranks.length
      const own = options.inspectRank === rank ? resolveProgram(app, { inspect: true, crowded }) : command
      ranks.push({ ...planRank(options, app, index, rank, size), ...own })
      programs.push([app.program, ...app.args].map(quote).join(' '))
    }
  })
  return {
    programs,
    job,
    secret: randomBytes(32).toString('hex'),
    size,
    hosts: ranks.map(() => host),
    transport: options.transport,
    env: {
      [ENV.SIZE]: String(size),
      [ENV.LOCAL_SIZE]: String(size),
      [ENV.JOB]: job,
      [ENV.TRANSPORT]: options.transport,
      [ENV.EAGER_LIMIT]: String(options.eagerLimit),
      [ENV.TTY]: isatty(2) ? '1' : '',
      ...readSwitchPoints(),
    },
    ranks,
  }
}

type Placed = Omit<RankSpec, 'file' | 'args'>

function planRank(options: Options, app: App, index: number, rank: number, size: number): Placed {
  return {
    rank,
    localRank: rank,
    cwd: app.wdir,
    env: { ...app.env, [ENV.RANK]: String(rank), [ENV.LOCAL_RANK]: String(rank), [ENV.APP]: String(index) },
    stdin: options.stdin === 'all' || (options.stdin === '0' && rank === 0),
    ...(options.outputDir !== undefined && { output: outputFiles(options.outputDir, rank, size) }),
  }
}

/** `rank.07.out`: as many digits as the largest rank has, so that names sort. */
function outputFiles(folder: string, rank: number, size: number): { stdout: string; stderr: string } {
  const name = join(folder, `rank.${String(rank).padStart(String(size - 1).length, '0')}`)
  return { stdout: `${name}.out`, stderr: `${name}.err` }
}

function checkFolder(app: App): void {
  if (!statSync(app.wdir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new LaunchError(`--wdir ${app.wdir}: there is no such directory`)
  }
}

/** A table of the ranks; with `commands`, what exactly is executed for each. */
export function describePlan(plan: Plan, commands: boolean): string {
  const rows = plan.ranks.map(({ rank, localRank, cwd, file, args }) => [
    String(rank),
    plan.hosts[rank],
    String(localRank),
    cwd,
    commands ? [file, ...args].map(quote).join(' ') : (plan.programs[rank]),
  ])
  const table = [['Rank', 'Host', 'Local rank', 'Directory', commands ? 'Command' : 'Program'], ...rows]
  const widths = table.reduce((most, row) => row.map((cell, column) => Math.max(cell.length, most[column] ?? 0)), [0])
  const line = (row: string[]): string => row.map((cell, column) => cell.padEnd(widths[column])).join('  ')
  return table.map((row) => `${line(row).trimEnd()}\n`).join('')
}

/** A word as a shell would need it. */
const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
