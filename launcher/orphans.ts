// Ends what an agent that was killed has left behind on this host.
import { readFileSync, readdirSync } from 'node:fs'
import { ENV } from '../lib/env.js'
import type { Leftover } from '../lib/wire/agent.js'

/** Kills the agent, the process groups of the ranks, and whatever still carries the job's name in its environment. */
export function reapOrphans({ job, agent, groups }: Leftover): void {
  // Its number may have been given to another process meanwhile.
  if (agent !== undefined && isAgent(agent)) kill(agent)
  for (const group of groups) kill(-group)
  // A rank may have been started after the agent's last word.
  for (const pid of processesOf(job)) kill(pid)
}

function isAgent(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').some((word) => word.endsWith('/agent.js'))
  } catch {
    return false
  }
}

/** Linux only; elsewhere the groups must do. */
function processesOf(job: string): number[] {
  const mark = `${ENV.JOB}=${job}`
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(mark)).map(Number).filter((pid) => pid !== process.pid)
  } catch {
    return []
  }
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch {
    return []
  }
}

function kill(target: number): void {
  try {
    process.kill(target, 'SIGKILL')
  } catch {
    // gone already
  }
}
