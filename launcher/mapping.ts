// Which rank runs what, and where.
import { statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { ENV } from '../lib/env.js'
import { LaunchError } from '../lib/errors.js'
import type { LaunchSpec, RankSpec } from '../lib/wire/agent.js'
import type { App, Options } from './options.js'
import { resolveProgram } from './program.js'

/** The whole job, before anything is started. */
export type Plan = LaunchSpec

/** Maps ranks to programs in the order of the command line. Throws LaunchError where a program cannot be run. */
export function planJob(options: Options): Plan {
  const size = options.apps.reduce((sum, { np }) => sum + np, 0)
  const host = hostname()
  const job = randomBytes(8).toString('hex')
  const ranks: RankSpec[] = []
  options.apps.forEach((app, index) => {
    checkFolder(app)
    for (let n = 0; n < app.np; n++) ranks.push(planRank(options, app, index, ranks.length, size))
  })
  return {
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
      [ENV.TTY]: process.stderr.isTTY ? '1' : '',
    },
    ranks,
  }
}

function planRank(options: Options, app: App, index: number, rank: number, size: number): RankSpec {
  const command = resolveProgram(app, options.inspectRank === rank)
  return {
    rank,
    localRank: rank,
    ...command,
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

/** A table of the ranks; with `commands`, each rank's command line too. */
export function describePlan(plan: Plan, commands: boolean): string {
  const rows = plan.ranks.map(({ rank, localRank, cwd, file, args }) => [
    String(rank),
    plan.hosts[rank] as string,
    String(localRank),
    cwd,
    commands ? [file, ...args].map(quote).join(' ') : '',
  ])
  const head = ['Rank', 'Host', 'Local rank', 'Working directory', commands ? 'Command' : '']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] as string).length)))
  const line = (row: string[]): string => row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ').trimEnd()
  return `${[head, ...rows].map(line).join('\n')}\n`
}

/** A word as a shell would need it. */
const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
