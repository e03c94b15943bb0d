// From the command line to the exit code, whatever there is to run.
import type { ChildProcess } from 'node:child_process'
import { LaunchError } from '../lib/errors.js'
import { runJob } from './job.js'
import { describePlan } from './display-map.js'
import { parseOptions } from './options.js'
import { planJob } from './plan.js'
import { version } from './version.js'

/** Resolves to the exit code of tsmpirun. `agent` is asked for where there is a job to run. */
export async function launch(argv: string[], agent: () => ChildProcess): Promise<number> {
  try {
    const options = await parseOptions(argv, version())
    if (typeof options === 'string') return await print(`${options}\n`)
    const plan = planJob(options)
    if (options.displayMap || options.dryRun) await print(describePlan(plan, options.dryRun))
    if (options.dryRun) return 0
    return await runJob(plan, options, agent())
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error
    process.stderr.write(`tsmpirun: ${error.message}\n`)
    return error.exitCode
  }
}

/** Resolves, to exit code 0, once the text has left: at exit Node loses what it has not written to a pipe. */
const print = (text: string): Promise<number> => new Promise((resolve) => process.stdout.write(text, () => resolve(0)))
