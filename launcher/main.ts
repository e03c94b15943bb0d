#!/usr/bin/env node
// tsmpirun: reads the command line, starts the agent and runs the job.
import { readFileSync } from 'node:fs'
import { LaunchError } from '../lib/errors.js'
import { startLocalAgent } from './spawn/local.js'

/** Words of a command line that may need no agent. */
const NO_JOB = new Set(['--help', '-h', '--version', '--dry-run'])

async function main(argv: string[]): Promise<number> {
  // The agent starts while the options are being read: both take as long as Node takes to start.
  const early = argv.length === 0 || argv.some((word) => NO_JOB.has(word)) ? undefined : startLocalAgent()
  try {
    const { parseOptions } = await import('./options.js')
    const options = await parseOptions(argv, version())
    if (typeof options === 'string') return await print(`${options}\n`)
    const { describePlan, planJob } = await import('./mapping.js')
    const plan = planJob(options)
    if (options.displayMap || options.dryRun) await print(describePlan(plan, options.dryRun))
    if (options.dryRun) return 0
    const { runJob } = await import('./job.js')
    return await runJob(plan, options, early ?? startLocalAgent())
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error
    process.stderr.write(`tsmpirun: ${error.message}\n`)
    return error.exitCode
  }
}

/** Resolves, to exit code 0, once the text has left: at exit Node loses what it has not written to a pipe. */
const print = (text: string): Promise<number> => new Promise((resolve) => process.stdout.write(text, () => resolve(0)))

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

process.exit(await main(process.argv.slice(2)))
