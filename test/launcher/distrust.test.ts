// What the launcher believes of what comes in the name of an agent: what does not fit loses that agent's host, once, and
// neither another host nor the launcher.
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import type { ChildProcess } from 'node:child_process'
import t from 'tap'
import type { Test } from 'tap'
import { Agents } from '../../launcher/agents.js'
import { parseOptions } from '../../launcher/options.js'
import type { Options } from '../../launcher/options.js'
import { planJob } from '../../launcher/plan.js'
import type { Plan } from '../../launcher/plan.js'
import { CONTROL, CREDIT, STDIN, STDOUT, beatFrame, controlFrame, creditFrame, frame } from '../../lib/wire/agent.js'
import type { FromAgent, OfRanks } from '../../lib/wire/agent.js'
import { CASES, WRONG, damage, generator } from '../support/damage.js'
import { GREETING, SAID_BY_AGENTS } from '../support/messages.js'
import { fixture, nothingLeft, runJob, startJob, within } from './run.js'

const NO_BATCH = { SLURM_JOB_NODELIST: '', SLURM_NODELIST: '', PBS_NODEFILE: '', PE_HOSTFILE: '', LSB_DJOB_HOSTFILE: '', LSB_HOSTS: '' }
const options = (await parseOptions(['--rsh', 'x', '-H', 'localhost,a,b', '--heartbeat', '1000', 'true'], '0')) as Options
const plan: Plan = planJob(options, {})

interface Told {
  heard: OfRanks[]
  output: string[]
  lost: [host: number, ranks: readonly number[], message: string][]
  failed: string[]
  over: number
  rootLost: string[]
}

/** The agents of a job on this host and two others, with a rank each, as the launcher has them; the tests speak for them. */
function job(from = plan): { told: Told; say(host: number, ...messages: FromAgent[]): void; bytes(...pieces: Buffer[]): void; end(): void } {
  const child = Object.assign(new EventEmitter(), { stdin: new PassThrough().resume(), stdout: new EventEmitter(), pid: undefined, exitCode: 0 })
  const told: Told = { heard: [], output: [], lost: [], failed: [], over: 0, rootLost: [] }
  const agents = new Agents(from, child as unknown as ChildProcess, {
    launched: () => {},
    message: (message) => told.heard.push(message),
    output: (_rank, _type, chunk) => told.output.push(chunk.toString()),
    consumed: () => {},
    failed: (reason) => told.failed.push(reason),
    lost: (...loss) => told.lost.push(loss),
    over: () => told.over++,
    rootLost: (how) => told.rootLost.push(how),
  })
  agents.start()
  const bytes = (...pieces: Buffer[]): void => void child.stdout.emit('data', Buffer.concat(pieces))
  const say = (host: number, ...messages: FromAgent[]): void => bytes(...messages.map((message) => controlFrame(host, message)))
  return { told, say, bytes, end: () => void child.emit('close') }
}

function joined(): ReturnType<typeof job> {
  const one = job()
  for (const host of [1, 2]) one.say(host, { type: 'joined', greeting: GREETING })
  return one
}

const control = (host: number, payload: string): Buffer => Buffer.concat(frame(CONTROL, host, 0, Buffer.from(payload)))
const wrong: [what: string, bytes: Buffer, how: RegExp][] = [
  ['what is no JSON', control(1, '{"type":'), /^host a is lost: its agent sent what is no message of an agent: \{"type":; rank 1 ran there$/],
  ['what a terminal would obey', control(1, '\x1b[2J'.repeat(99)), /agent: (\[2J)+\[?; rank 1 ran there$/],
  ['another kind of message', control(1, '{"type":"tree"}'), /no message of an agent: \{"type":"tree"\};/],
  ['a message without its fields', control(1, '{"type":"exited","rank":1}'), /no message of an agent/],
  ['a rank of another host', controlFrame(1, { type: 'hello', rank: 2, pid: 9 }), /its agent spoke of rank 2, which does not run there;/],
  ['a rank that the job does not have', controlFrame(1, { type: 'hello', rank: 2 ** 40, pid: 9 }), /spoke of rank 1099511627776, which/],
  ['output of a rank of another host', Buffer.concat(frame(STDOUT, 1, 0, Buffer.from('x'))), /its agent spoke of rank 0, which/],
  ['credit of a rank that the job does not have', creditFrame(1, 0xffffffff, 1), /its agent spoke of rank 4294967295, which/],
  ['standard input', Buffer.concat(frame(STDIN, 1, 1, Buffer.from('x'))), /a frame of type 4, which only it is sent;/],
  ['a second greeting', controlFrame(1, { type: 'joined', greeting: { ...GREETING, pid: 5 } }), /its agent said twice who it is;/],
]

/** Rank 2 is heard, and nobody but host 1 has been lost. */
function othersGoOn(t: Test, { told, say }: ReturnType<typeof job>): void {
  say(2, { type: 'hello', rank: 2, pid: 9 })
  t.same(told.heard.at(-1), { type: 'hello', rank: 2, pid: 9 }, 'the other host is heard')
  t.same([told.failed, told.rootLost, told.over], [[], [], 0])
}

for (const [what, bytes, how] of wrong) {
  void t.test(`an agent that sends ${what}`, async (t) => {
    const one = joined()
    one.bytes(bytes, bytes)
    t.match(one.told.lost, [[1, [1], how]])
    t.equal(one.told.lost.length, 1, 'once')
    one.say(1, { type: 'hello', rank: 1, pid: 7 }, { type: 'done' }, { type: 'gone', how: 'it was killed' })
    one.bytes(...frame(STDOUT, 1, 1, Buffer.from('late')))
    t.same([one.told.heard, one.told.output, one.told.lost.length], [[], [], 1], 'no more is heard of it')
    othersGoOn(t, one)
    one.end()
  })
}

void t.test('before any rank is to be started', async (t) => {
  for (const bytes of [controlFrame(1, { type: 'done' }), controlFrame(1, { type: 'hello', rank: 1, pid: 7 }), creditFrame(1, 1, 1)]) {
    const { told, bytes: send, end } = job()
    send(bytes)
    t.match(told.failed, [/^host a is lost: its agent (spoke of rank 1|was done) before .*; rank 1 ran there$/])
    t.same([told.lost, told.over, told.rootLost], [[], 0, []])
    end()
  }
})

void t.test('the agent here', async (t) => {
  for (const bytes of [control(0, 'x'), control(7, '{"type":"done"}'), creditFrame(0, 1, 1)]) {
    const { told, bytes: send } = joined()
    send(bytes)
    t.match(told.rootLost, [/no message of an agent|host 7, which the job does not have|rank 1, which does not run there/])
    t.same([told.failed, told.lost], [[], []])
  }
})

void t.test('the agent here may take long to start, but may not be silent afterwards', async (t) => {
  const { told, bytes } = job({ ...plan, tree: { ...plan.tree, heartbeat: 0.1 } })
  await new Promise((resolve) => setTimeout(resolve, 400))
  t.same(told.rootLost, [])
  bytes(beatFrame())
  t.ok(await within(20_000, () => told.rootLost.length > 0))
  t.match(told.rootLost, [/^nothing was heard of it for 0.08 s$/])
  const { start } = plan.tree
  const mute = job({ ...plan, tree: { ...plan.tree, heartbeat: 0.1, start: { ...start, timeout: 0.2 } } })
  t.ok(await within(20_000, () => mute.told.rootLost.length > 0))
  t.match(mute.told.rootLost, [/^it has not answered within 0.3\d* s$/])
})

void t.test('damaged messages', async (t) => {
  const next = generator(31)
  const said = SAID_BY_AGENTS.map((message) => Buffer.from(JSON.stringify(message)))
  const before = SAID_BY_AGENTS.filter(({ type }) => !['unreachable', 'gone', 'done', 'refused'].includes(type))
  const count = Math.ceil(CASES * 0.02)
  let lost = 0
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0 // most cases throw, and nobody looks
  for (let i = 0; i < count; i++) {
    const one = joined()
    const message = before[next(before.length)]!
    const fields = Object.keys(message)
    const changed = { ...message, [fields[next(fields.length)]!]: WRONG[next(WRONG.length)] }
    const any = said[next(said.length)]!
    const payload = next(3) === 0 ? Buffer.from(JSON.stringify(changed)) : damage(next, any, said[next(said.length)]!)
    const type = next(8) === 0 ? [STDIN, STDOUT, CREDIT][next(3)]! : CONTROL
    one.bytes(...frame(type, 1, type === CONTROL ? 0 : next(4), type === CREDIT ? Buffer.alloc(4, next(256)) : payload))
    one.say(2, { type: 'hello', rank: 2, pid: 9 })
    const { told } = one
    if (told.heard.at(-1)?.type !== 'hello' || told.rootLost.length > 0) t.fail(`case ${i}: the others are not heard: ${payload.toString()}`)
    if (told.lost.length > 1 || told.lost.some(([host]) => host !== 1)) t.fail(`case ${i}: ${told.lost.join()}`)
    lost += told.lost.length
    one.end()
  }
  Error.stackTraceLimit = stackTraceLimit
  t.ok(lost > 0 && lost < count, `${lost} of ${count} have lost their host`)
})

const BAD = ['json', 'kind', 'rank', 'frame'] as const
for (const bad of BAD) {
  void t.test(`a real job, one of whose agents speaks wrongly: ${bad}`, async (t) => {
    const before = `if [ "$RSH_HOST" = b ]; then exec ${process.execPath} ${fixture('false-agent.mjs')} ${bad}; fi`
    const words = ['--rsh', fixture('rsh.sh'), '--heartbeat', '20', '-H', 'a,b,localhost', fixture('spin.mjs')]
    const running = startJob(words, { timeout: 60_000, env: { ...NO_BATCH, RSH_BEFORE: before } })
    const { code, stderr } = await running.finished
    t.equal(code, 1)
    t.match(stderr, /^tsmpirun: host b is lost: .*(broken frame between|its agent (sent what is no message|spoke of rank)).*; rank 1 ran there\n$/)
    t.ok(await nothingLeft(running), 'nothing is left')
  })
}

void t.test('the same agent, as it should be', async (t) => {
  const before = `if [ "$RSH_HOST" = b ]; then exec ${process.execPath} ${fixture('false-agent.mjs')} good; fi`
  const words = ['--rsh', fixture('rsh.sh'), '-H', 'a,b,localhost', 'echo', 'x']
  t.match(await runJob(words, { timeout: 60_000, env: { ...NO_BATCH, RSH_BEFORE: before } }), { code: 0, stdout: 'x\nx\n', stderr: '' })
})
