// From a program's name to the command that runs it.
import { accessSync, constants, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, extname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { LaunchError } from '../lib/errors.js'
import type { Command } from './command.js'
import type { App } from './options.js'


const JAVASCRIPT = new Set(['.js', '.mjs', '.cjs'])
const TYPESCRIPT = new Set(['.ts', '.mts', '.cts'])

/**
 * With a processor or less for each rank, the collector's helper threads only take it from other ranks. It does not
 * slow the start down, as most flags of V8 do: what Node has compiled beforehand is good only for the flags it had.
 */
const CROWDED = '--single-threaded-gc'

export interface Circumstances {
  /** Under Node's inspector. */
  inspect: boolean
  /** At least as many ranks on its host as processors. */
  crowded: boolean
}

/** The command of an app's ranks. Throws LaunchError. */
export function resolveProgram(app: App, { inspect, crowded }: Circumstances): Command {
  const kind = extname(app.program)
  if (!JAVASCRIPT.has(kind) && !TYPESCRIPT.has(kind)) {
    if (inspect || app.nodeArgs.length > 0) {
      const reason = `${app.program} is not run by Node: --node-arg and --inspect-rank do not apply`
      throw new LaunchError(reason, { exitCode: 2 })
    }
    return { file: findExecutable(app), args: app.args }
  }
  const script = findScript(app)
  const loader = TYPESCRIPT.has(kind) && !stripsTypes(app) ? ['--import', tsxLoader(script)] : []
  const inspector = inspect ? ['--inspect=127.0.0.1:0'] : []
  const flags = crowded ? [CROWDED] : []
  const args = [...loader, ...inspector, ...flags, ...app.nodeArgs, script, ...app.args]
  return { node: true, file: process.execPath, args }
}

/** Does this Node run TypeScript by itself? */
function stripsTypes(app: App): boolean {
  const { typescript } = process.features as { typescript?: string | false }
  return Boolean(typescript) || app.nodeArgs.some((flag) => /^--experimental-(strip|transform)-types$/.test(flag))
}

/** tsx as the program's folder, the current folder or tsmpi itself has it. */
function tsxLoader(script: string): string {
  for (const from of [script, resolve('package.json'), fileURLToPath(import.meta.url)]) {
    try {
      return pathToFileURL(createRequire(from).resolve('tsx')).href
    } catch {
      // not there: the next place
    }
  }
  throw new LaunchError(
    `${script} is TypeScript, which Node ${process.versions.node} does not run by itself: ` +
      'install tsx (`npm install --save-dev tsx`) or use Node 22.18 or later',
  )
}

/** A path is relative to where tsmpirun runs, or else to the ranks' working directory. */
function findScript(app: App): string {
  const places = [...new Set([resolve(app.program), resolve(app.wdir, app.program)])]
  const found = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile())
  if (found !== undefined) return found
  if (places.some((place) => statSync(place, { throwIfNoEntry: false })?.isDirectory())) throw isDirectory(app)
  throw new LaunchError(`program not found: ${places.join(' nor ')}`, { exitCode: 127 })
}

function findExecutable(app: App): string {
  const { program, wdir } = app
  const bare = !program.includes('/')
  const folders = bare ? (app.env['PATH'] ?? process.env['PATH'] ?? '').split(delimiter) : []
  const onPath = folders.filter(Boolean).map((folder) => join(folder, program))
  const places = [...onPath, resolve(program), resolve(wdir, program)]
  let denied: string | undefined
  for (const place of places) {
    const stat = statSync(place, { throwIfNoEntry: false })
    if (!stat?.isFile()) continue
    if (mayExecute(place)) return place
    denied ??= place
  }
  if (denied !== undefined) {
    throw new LaunchError(`${denied} is not executable: \`chmod +x ${denied}\``, { exitCode: 126 })
  }
  if (statSync(resolve(program), { throwIfNoEntry: false })?.isDirectory()) throw isDirectory(app)
  const where = bare ? `${program}, neither on the PATH nor in ${process.cwd()}` : resolve(program)
  throw new LaunchError(`program not found: ${where}`, { exitCode: 127 })
}

const isDirectory = (app: App): LaunchError =>
  new LaunchError(`${resolve(app.program)} is a directory, not a program`, { exitCode: 126 })

function mayExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
