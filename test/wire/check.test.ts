// Which control messages of a rank its agent believes.
import t from 'tap'
import { isFromRank } from '../../lib/wire/check.js'

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
