// Starts a process that leads a process group of its own.
//
// Node can only make it lead a session too. Where Linux schedules by session (autogroup), the processor that a waiting
// rank yields then goes to nobody: ranks of several sessions that share a processor are several times slower.
import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'

/** `groupChildren`: of the addon; a session of its own without. */
export function spawnGroup(
  file: string, args: readonly string[], options: SpawnOptions, groupChildren?: (on: boolean) => void,
): ChildProcess {
  if (groupChildren !== undefined) {
    groupChildren(true)
    try {
      const child = spawn(file, args, options)
      if (child.pid === undefined || groupLives(child.pid)) return child
      // This Node starts processes in a way that the addon cannot reach into.
      child.kill('SIGKILL')
    } finally {
      groupChildren(false)
    }
  }
  return spawn(file, args, { ...options, detached: true })
}

/** Whether the group that process `leader` leads, or led, has a member. */
export function groupLives(leader: number): boolean {
  try {
    process.kill(-leader, 0)
    return true
  } catch {
    return false
  }
}
