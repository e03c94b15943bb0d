#!/usr/bin/env node
// tsmpirun: starts the agent, then reads the command line and runs the job.
import { startLocalAgent } from './spawn/local.js'

/** Words of a command line that may need no agent. */
const NO_JOB = new Set(['--help', '-h', '--version', '--dry-run'])

const argv = process.argv.slice(2)
// The agent starts while the launcher loads the rest of itself: both take as long as Node takes to start.
const agentScript = new URL('./agent.js', import.meta.url)
const needsAgent = argv.length > 0 && !argv.some((word) => NO_JOB.has(word))
const early = needsAgent ? startLocalAgent(agentScript) : undefined
const { launch } = await import('./run.js')
process.exit(await launch(argv, () => early ?? startLocalAgent(agentScript)))
