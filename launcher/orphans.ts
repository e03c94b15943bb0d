// Ends what an agent that was killed has left behind on this host.
import { readFileSync, readdirSync } from 'node:fs'
import { ENV } from '../lib/env.js'

/** Kills the process groups of the ranks, and whatever still carries the job's name in its environment. */
export function reapOrphans(job: string, ranks: { pid?: number }[]): void {
  for (const { pid } of ranks) if (pid !== undefined) kill(-pid)
  // A rank may have been started after the agent's last word.
  for (const pid of processesOf(job)) kill(pid)
}

/** Linux only; elsewhere the groups must do. */
function processesOf(job: string): number[] {
  const mark = `${ENV.JOB}=${job}`
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(mark)).map(Number)
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
