// Starts the agent of this host: a process in a session of its own, so that a terminal's Ctrl-C does not reach it.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Node reads all the certificates of this variable before it starts: most of an agent's start, and it opens no TLS. */
const EXTRA_CERTIFICATES = 'NODE_EXTRA_CA_CERTS'

/** What the agent is started without and the ranks are to have. */
export function keptFromAgent(): Record<string, string> {
  const kept = process.env[EXTRA_CERTIFICATES]
  return kept === undefined ? {} : { [EXTRA_CERTIFICATES]: kept }
}

export function startLocalAgent(script: URL): ChildProcess {
  const { [EXTRA_CERTIFICATES]: _, ...env } = process.env
  return spawn(process.execPath, [fileURLToPath(script)], { stdio: ['pipe', 'pipe', 'inherit'], detached: true, env })
}
