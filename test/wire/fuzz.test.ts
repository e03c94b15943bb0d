// Damaged input at every parser of the control path: it is understood or refused in words, and costs bounded memory.
// Those of the data path are in test/transport/zmq-join.test.ts and test/data/codec-fuzz.test.ts.
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import type { ChildProcess } from 'node:child_process'
import t from 'tap'
import type { Test } from 'tap'
import { parseHostfile } from '../../launcher/hosts/hostfile.js'
import { parseHostOption } from '../../launcher/hosts/hostlist.js'
import { expandNodeList, expandTasks } from '../../launcher/hosts/nodelist.js'
import { ProcessLink, parseFromAgent } from '../../launcher/link.js'
import { SrunWords } from '../../launcher/spawn/srun-words.js'
import { LINES, parseLine } from '../../lib/bootstrap/pmi1.js'
import { StateError, TransportError, LaunchError } from '../../lib/errors.js'
import { FrameReader, STDOUT, beatFrame, controlFrame, creditFrame, encodeGreeting, frame } from '../../lib/wire/agent.js'
import { isFromRank } from '../../lib/wire/check.js'
import { ControlReader, encodeControl } from '../../lib/wire/control.js'
import type { FromRank } from '../../lib/wire/control.js'
import { decodeHosts } from '../../lib/wire/hosts.js'
import { CASES, WRONG, damage, generator, pieces } from '../support/damage.js'
import type { Next } from '../support/damage.js'
import { SAID_BY_AGENTS } from '../support/messages.js'

Error.stackTraceLimit = 0 // most cases throw, and nobody looks

/** Runs the cases; `one` says whether the input was understood. Each outcome must come about. */
function cases(t: Test, seed: number, share: number, one: (next: Next) => boolean): void {
  const next = generator(seed)
  const count = Math.ceil(CASES * share)
  let understood = 0
  for (let i = 0; i < count; i++) if (one(next)) understood++
  t.ok(understood > 0 && understood < count, `${understood} of ${count} were understood`)
}

/** Whether `call` succeeds; anything that it throws but these errors fails the test. */
function accepts(call: () => unknown, ...refusals: (new (...args: never[]) => Error)[]): boolean {
  try {
    call()
    return true
  } catch (error) {
    if (refusals.some((kind) => error instanceof kind)) return false
    throw error
  }
}

const streams = [
  Buffer.concat([controlFrame(1, { type: 'started', rank: 3, pid: 77 }), ...frame(STDOUT, 2, 7, Buffer.from('hello\n')), beatFrame(), creditFrame(1, 2, 3)]),
  Buffer.concat([controlFrame(0, { type: 'exited', rank: 1, code: null, signal: 'SIGKILL', sent: { 0: 7 } }), controlFrame(0, { type: 'done' })]),
  Buffer.concat([...frame(STDOUT, 0, 0, Buffer.alloc(300, 'x')), controlFrame(3, { type: 'doing', rank: 3, lines: ['recv(source 2)'] })]),
]

void t.test('frames between launcher and agents', async (t) => {
  cases(t, 1, 0.25, (next) => {
    const bytes = damage(next, streams[next(3)]!, streams[next(3)]!)
    const reader = new FrameReader()
    let taken = 0
    return accepts(() => {
      for (const piece of pieces(next, bytes)) for (const { payload } of reader.push(piece)) taken += payload.length
      if (taken > bytes.length) throw new Error('frames out of nothing')
    }, TransportError)
  })
})

void t.test("what comes from an agent's standard output", async (t) => {
  const greeting = Buffer.concat([Buffer.from('Welcome to node1!\n'), encodeGreeting({ version: '1', node: '20', pid: 7, processors: 2 })])
  cases(t, 2, 0.05, (next) => {
    const child = Object.assign(new EventEmitter(), { stdin: new PassThrough(), stdout: new EventEmitter(), pid: undefined })
    let [greetings, frames, lost] = [0, 0, 0]
    const link = new ProcessLink(child as unknown as ChildProcess, {
      greeting: () => greetings++,
      frame: () => frames++,
      lost: () => lost++,
    })
    const bytes = damage(next, Buffer.concat([greeting, streams[next(3)]!]), streams[next(3)]!)
    for (const piece of pieces(next, bytes)) child.stdout.emit('data', piece)
    if (next(2) === 0) child.emit('close')
    if (greetings > 1 || lost > 1 || (frames > 0 && greetings === 0)) throw new Error('told what did not happen')
    if (link.words.join('').length > 9000) throw new Error('too many words')
    return frames > 0
  })
})

void t.test('what srun says', async (t) => {
  const lines = ['srun: error: n[1-3]: tasks 0-1,4: Exited with exit code 1', ' 3: words', 'srun: error: n2: task 1: Killed'].map((line) => Buffer.from(line))
  cases(t, 4, 0.05, (next) => {
    const words = new SrunWords()
    const ended = [0, 1, 2].flatMap(() => words.hear(damage(next, lines[next(3)]!, lines[next(3)]!).toString('latin1')))
    return ended.length + words.about('n1').length > 3
  })
})

const said: FromRank[] = [
  { type: 'hello', pid: 77 },
  { type: 'finalize', sent: { 0: 3, 12: 4 } },
  { type: 'leaving', sent: {} },
  { type: 'uncaught', pid: 77, stack: 'Error: x\n at y', printed: true },
  { type: 'abort', code: 3, reason: 'why' },
  { type: 'doing', lines: ['recv(source 2, tag 3) for 1 s'] },
  { type: 'endpoint', endpoint: 'tcp://10.0.0.7:41234' },
  { type: 'where', rank: 2 },
  { type: 'lost', rank: 2, doing: 'recv' },
]

void t.test('what ranks say', async (t) => {
  t.ok(said.every(isFromRank))
  cases(t, 3, 0.25, (next) => {
    const message = said[next(said.length)]!
    const fields = Object.keys(message)
    const wrong = next(3) === 0 ? { ...message, [fields[next(fields.length)]!]: WRONG[next(WRONG.length)] } : message
    const line = Buffer.from(encodeControl(wrong as FromRank))
    const bytes = next(2) === 0 ? line : damage(next, line, Buffer.from(encodeControl(said[next(said.length)]!)))
    const reader = new ControlReader<FromRank>()
    let heard = 0
    for (const piece of pieces(next, bytes)) {
      for (const message of reader.push(piece)) {
        if (!isFromRank(message)) continue
        heard++
        useAll(message)
      }
    }
    return heard > 0
  })
})

/** What agent and launcher do with the fields. */
function useAll(message: FromRank): void {
  if (message.type === 'doing') message.lines.map((line) => line.trim())
  else if (message.type === 'uncaught') message.stack.split('\n')
  else if (message.type === 'lost') message.doing.trim()
  else if (message.type === 'endpoint') message.endpoint.trim()
  else if (message.type === 'finalize' || message.type === 'leaving') for (const count of Object.values(message.sent)) count.toFixed()
  else if (message.type === 'abort') message.code.toFixed()
}

void t.test('what agents say', async (t) => {
  const bytes = SAID_BY_AGENTS.map((message) => Buffer.from(JSON.stringify(message)))
  cases(t, 5, 0.1, (next) => {
    const at = next(bytes.length)
    const fields = Object.keys(SAID_BY_AGENTS[at]!)
    const wrong = { ...SAID_BY_AGENTS[at], [fields[next(fields.length)]!]: WRONG[next(WRONG.length)] }
    const payload = next(3) === 0 ? Buffer.from(JSON.stringify(wrong)) : damage(next, bytes[at]!, bytes[next(bytes.length)]!)
    return accepts(() => {
      const message = parseFromAgent(payload)
      if ('rank' in message) message.rank.toFixed()
      if (message.type === 'exited') message.signal?.trim()
      else if (message.type === 'joined') message.greeting.processors.toFixed()
      else if (message.type === 'notice') message.text.trim()
      else if (message.type === 'doing') message.lines.map((line) => line.trim())
    }, TransportError)
  })
})

const texts: [what: string, samples: string[], parse: (text: string) => unknown, refusal: new (...args: never[]) => Error][] = [
  ['the hosts of all ranks', ['a,b;0x4,1x4', 'a,b,c;0-2x3', 'n1;0'], (text) => decodeHosts(text, 8), StateError],
  ['hostfiles', ['a slots=4\nb:2 # c\n', 'joe@rack[1-2]n[01-04]-ib:2\n/* x */[fe80::1]:4 max_slots=9'], (text) => parseHostfile(text, 'f'), LaunchError],
  ['lists of hosts', ['a:2,b,c', 'n[1-3]:2,+n0,+e:2'], (text) => parseHostOption(text), LaunchError],
  ['node lists', ['rack[1-2]n[0-3]-ib,login', 'n[098-102]', 'a[1,3-5],b'], (text) => expandNodeList(text), LaunchError],
  ['tasks per node', ['2(x3),1', '4'], (text) => expandTasks(text, 4), LaunchError],
]

for (const [index, [what, samples, parse, refusal]] of texts.entries()) {
  void t.test(what, async (t) => {
    const bytes = samples.map((text) => Buffer.from(text))
    cases(t, 10 + index, 0.07, (next) => {
      const text = damage(next, bytes[next(bytes.length)]!, bytes[next(bytes.length)]!).toString('latin1')
      return accepts(() => parse(text), refusal)
    })
  })
}

void t.test('lines of PMI', async (t) => {
  const line = Buffer.from('cmd=get_result rc=0 value=tcp://10.0.0.1:4000 found=TRUE\n')
  cases(t, 20, 0.1, (next) => {
    const cut = LINES.cut(damage(next, line, line).toString('latin1'))
    return cut !== undefined && parseLine(cut.body).get('cmd') === 'get_result'
  })
})
