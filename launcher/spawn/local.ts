// Starts the agent of this host: a process in a session of its own, so that a terminal's Ctrl-C does not reach it.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export function startLocalAgent(script: URL): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(script)], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
}
