// Which control messages of a rank its agent believes, and which of an agent the launcher.
import t from 'tap'
import { isFromAgent, isFromRank } from '../../lib/wire/check.js'
import { GREETING, SAID_BY_AGENTS } from '../support/messages.js'

const good = [
  { type: 'hello', pid: 1234 },
  { type: 'finalize', sent: {} },
  { type: 'leaving', sent: { 0: 5, 17: 0 } },
  { type: 'uncaught', pid: 1, stack: '', printed: false },
  { type: 'abort', code: -3 },
  { type: 'abort', code: 300, reason: 'why' },
  { type: 'doing', lines: ['a', ''] },
  { type: 'endpoint', endpoint: 'tcp://10.0.0.7:41234' },
  { type: 'where', rank: 3 },
  { type: 'lost', rank: 0, doing: 'recv' },
]
const bad = [
  {}, [], { type: 1 }, { type: 'toString' }, { type: '__proto__' }, { type: 'ended', rank: 1 },
  { type: 'hello', pid: 1 }, { type: 'hello', pid: '7' }, { type: 'hello' }, { type: 'finalize' }, { type: 'finalize', sent: [1] },
  { type: 'leaving', sent: { 0: -1 } }, { type: 'leaving', sent: null }, { type: 'uncaught', pid: 1, stack: 5, printed: true },
  { type: 'abort', code: 'x' }, { type: 'abort', code: 1, reason: {} }, { type: 'doing', lines: 'a' }, { type: 'doing', lines: [1] },
  { type: 'endpoint', endpoint: 'x'.repeat(257) }, { type: 'endpoint' }, { type: 'where', rank: -1 }, { type: 'where', rank: 0.5 },
  { type: 'lost', rank: 1e300, doing: '' }, { type: 'lost', rank: 1 },
]

void t.test('messages', async (t) => {
  for (const message of good) t.ok(isFromRank(message), JSON.stringify(message))
  for (const message of bad) t.notOk(isFromRank(message), JSON.stringify(message))
})

const { rank: _, ...homeless } = SAID_BY_AGENTS.find(({ type }) => type === 'started') as { type: 'started'; rank: number; pid: number }
const badOfAgents: unknown[] = [
  null, 7, 'done', [], {}, { type: 1 }, { type: 'toString' }, { type: '__proto__' }, { type: 'tree' }, { type: 'where', rank: 1 }, homeless,
  { type: 'joined' }, { type: 'joined', greeting: null }, { type: 'joined', greeting: [] }, { type: 'joined', greeting: { ...GREETING, pid: -1 } },
  { type: 'joined', greeting: { ...GREETING, processors: 0 } }, { type: 'joined', greeting: { ...GREETING, processors: 1e9 } },
  { type: 'joined', greeting: { ...GREETING, version: 1 } }, { type: 'joined', greeting: { ...GREETING, client: {} } },
  { type: 'unreachable' }, { type: 'gone', how: 5 }, { type: 'refused', reason: null }, { type: 'notice', text: ['a'] },
  { type: 'started', rank: 1, pid: 0 }, { type: 'started', rank: 1, pid: 1 }, { type: 'started', rank: 1, pid: -7 }, { type: 'started', rank: 1, pid: 2 ** 31 },
  { type: 'started', rank: -1, pid: 7 }, { type: 'started', rank: '1', pid: 7 }, { type: 'failed', rank: 1, reason: 'x', code: 0 },
  { type: 'failed', rank: 1, reason: 'x', code: 256 }, { type: 'failed', rank: 1, code: 1 }, { type: 'exited', rank: 1, code: -1, signal: null },
  { type: 'exited', rank: 1, code: 0, signal: 'KILL' }, { type: 'exited', rank: 1, code: 0, signal: 'SIGNAL THAT' }, { type: 'exited', rank: 1, signal: null },
  { type: 'exited', rank: 1, code: 0, signal: null, sent: [1] }, { type: 'exited', rank: 1, code: 0, signal: null, sent: { 1: 0.5 } },
  { type: 'lost', rank: 1, doing: 'x' }, { type: 'lost', rank: 1, peer: -1, doing: 'x' }, { type: 'endpoint', rank: 1, endpoint: 'x'.repeat(257) },
]

void t.test('messages of agents', async (t) => {
  for (const message of SAID_BY_AGENTS) t.ok(isFromAgent(message), JSON.stringify(message))
  for (const message of badOfAgents) t.notOk(isFromAgent(message), JSON.stringify(message))
  // else a program that writes to the descriptor would have its host lost
  for (const message of good) {
    const { type } = message
    if (type === 'leaving' || type === 'where') continue
    const passedOn = type === 'lost' ? { ...message, rank: 1, peer: 0 } : { ...message, rank: 1 }
    t.ok(isFromAgent(passedOn), `what an agent passes on of its ranks: ${type}`)
  }
})
