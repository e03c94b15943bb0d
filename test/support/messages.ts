// What agents say, one of each kind and form, as far as a job of three ranks has it: rank 1 is on host 1.
import type { FromAgent, Greeting } from '../../lib/wire/agent.js'

export const GREETING: Greeting = { version: '0.1.0', node: '20.17.0', pid: 77, processors: 2 }

export const SAID_BY_AGENTS: readonly FromAgent[] = [
  { type: 'joined', greeting: GREETING },
  { type: 'joined', greeting: { ...GREETING, client: '10.0.0.100', server: '10.0.0.7' } },
  { type: 'unreachable', reason: 'it has not answered' },
  { type: 'gone', how: 'it was killed by SIGKILL' },
  { type: 'swept' },
  { type: 'done' },
  { type: 'refused', reason: 'no such interface' },
  { type: 'notice', text: 'ranks are not bound' },
  { type: 'started', rank: 1, pid: 78 },
  { type: 'failed', rank: 1, reason: 'no such program', code: 127 },
  { type: 'hello', rank: 1, pid: 79 },
  { type: 'finalize', rank: 1, sent: { 0: 3, 2: 0 } },
  { type: 'uncaught', rank: 1, pid: 79, stack: 'Error: x\n at y', printed: true },
  { type: 'abort', rank: 1, code: 3, reason: 'why' },
  { type: 'abort', rank: 1, code: -1 },
  { type: 'lost', rank: 1, peer: 2, doing: 'recv(source 2)' },
  { type: 'doing', rank: 1, lines: ['recv(source 2, tag 3) for 1 s'] },
  { type: 'endpoint', rank: 1, endpoint: 'tcp://10.0.0.7:41234' },
  { type: 'exited', rank: 1, code: 0, signal: null, sent: { 0: 7 } },
  { type: 'exited', rank: 1, code: null, signal: 'SIGKILL' },
]
