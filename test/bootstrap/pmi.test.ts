// The wire of PMI-1 and PMI-2: tables of exchanges with a launcher, right ones and all that a launcher can say wrongly.
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { LINES, parseLine } from '../../lib/bootstrap/pmi1.js'
import { LENGTHS, parseFields } from '../../lib/bootstrap/pmi2.js'
import { TransportError } from '../../lib/errors.js'
import { plainEnvironment } from './pmi-server.js'

type Call = [name: string, ...args: string[]]

/** What is asked, and what is answered to it, byte by byte; an array in pieces; `null`: the connection is closed. */
type Step = [asked: string | RegExp, answer: string | string[] | null]

interface Case {
  title: string
  version: 1 | 2
  jobId?: string
  calls?: Call[]
  steps: Step[]
  said?: unknown[]
  error?: RegExp
}

const INIT1: Step = ['cmd=init pmi_version=1 pmi_subversion=1\n', 'cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0\n']
const MAXES: Step = ['cmd=get_maxes\n', 'cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024\n']
const NAME: Step = ['cmd=get_my_kvsname\n', 'cmd=my_kvsname kvsname=kvs_1\n']
const BEGIN1 = [INIT1, MAXES, NAME]
const framed = (body: string): string => String(body.length).padStart(6) + body
const INIT2: Step = ['cmd=init pmi_version=2 pmi_subversion=0\n', 'cmd=response_to_init rc=0 pmi_version=2 pmi_subversion=0\n']
const FULL: Step = [framed('cmd=fullinit;pmijobid=1.0;pmirank=0;threaded=FALSE;'), framed('cmd=fullinit-response;rc=0;rank=0;size=2;appnum=-1;')]
const BEGIN2 = [INIT2, FULL]
const LONGEST = 'v'.repeat(1023)

const CASES: Case[] = [
  // right ones
  { title: '1: begins', version: 1, steps: BEGIN1, said: [1, 'kvs_1', 1023] },
  {
    title: '1: puts, gets, fences, finalizes', version: 1,
    calls: [['put', 'a', 'x=1/+'], ['fence', 'them'], ['get', 'a'], ['fenceLater'], ['finalize']],
    steps: [
      ...BEGIN1,
      ['cmd=put kvsname=kvs_1 key=a value=x=1/+\n', 'cmd=put_result rc=0 msg=success\n'],
      ['cmd=barrier_in\n', 'cmd=barrier_out\n'],
      ['cmd=get kvsname=kvs_1 key=a\n', 'cmd=get_result rc=0 msg=success value=x=1/+\n'],
      ['cmd=barrier_in\n', 'cmd=barrier_out\n'],
      ['cmd=finalize\n', 'cmd=finalize_ack\n'],
    ],
    said: [1, 'kvs_1', 1023, null, null, 'x=1/+'],
  },
  {
    title: '1: answers in pieces', version: 1, calls: [['get', 'a']],
    steps: [...BEGIN1, [/^cmd=get /, ['cmd=get_res', 'ult rc=0 msg=all is well val', `ue=${LONGEST}`, '\n']]],
    said: [1, 'kvs_1', 1023, LONGEST],
  },
  { title: '1: the longest value', version: 1, calls: [['put', 'k'.repeat(63), LONGEST]], steps: [...BEGIN1, [/^cmd=put /, 'cmd=put_result rc=0\n']], said: [1, 'kvs_1', 1023, null] },
  { title: '1: offered when 2 was asked for', version: 2, jobId: '1.0', steps: [[/version=2/, 'cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=-1\n'], ...BEGIN1], said: [1, 'kvs_1', 1023] },
  { title: '2: offered when 1 was asked for', version: 1, jobId: '1.0', steps: [[/version=1/, 'cmd=response_to_init pmi_version=2 pmi_subversion=0 rc=-1\n'], ...BEGIN2], said: [2, '1.0', 1023] },
  {
    title: '2: puts, gets, fences, finalizes', version: 2, jobId: '1.0',
    calls: [['put', 'a', 'x=1/+'], ['fence', 'them'], ['get', 'a'], ['fenceLater'], ['finalize']],
    steps: [
      ...BEGIN2,
      [framed('cmd=kvs-put;key=a;value=x=1/+;'), framed('cmd=kvs-put-response;rc=0;')],
      [framed('cmd=kvs-fence;'), framed('cmd=kvs-fence-response;rc=0;')],
      [framed('cmd=kvs-get;jobid=1.0;srcid=-1;key=a;'), framed('cmd=kvs-get-response;rc=0;found=TRUE;value=x=1/+;')],
      [framed('cmd=kvs-fence;'), framed('cmd=kvs-fence-response;rc=0;')],
      [framed('cmd=finalize;'), framed('cmd=finalize-response;rc=0;')],
    ],
    said: [2, '1.0', 1023, null, null, 'x=1/+'],
  },
  {
    title: '2: answers in pieces, length first, a semicolon doubled', version: 2, jobId: '1.0', calls: [['get', 'a'], ['put', 'a', LONGEST]],
    steps: [...BEGIN2, [/kvs-get/, ['5', '0    ', 'cmd=kvs-get-response;rc=0;', 'found=TRUE;value=a;;b;;;']], [/kvs-put/, framed('cmd=kvs-put-response;rc=0;')]],
    said: [2, '1.0', 1023, 'a;b;', null],
  },
  {
    title: '2: the name of the job is asked for', version: 2, jobId: '',
    steps: [INIT2, [/pmijobid=;/, framed('cmd=fullinit-response;rc=0;rank=0;size=2;')]], said: [2, '', 1023],
  },
  // wrong ones
  { title: '1: nothing', version: 1, steps: [[INIT1[0], null]], error: /^TransportError: PMI: the launcher closed the connection; asked "cmd=init/ },
  { title: '1: closed within a line', version: 1, steps: [INIT1, [MAXES[0], ['cmd=maxes kvsn', null as never]]], error: /^TransportError: PMI: the launcher closed/ },
  { title: '1: another version', version: 1, steps: [[INIT1[0], 'cmd=response_to_init pmi_version=3 pmi_subversion=0 rc=0\n']], error: /^TransportError: .*expected pmi_version=1 or pmi_version=2/ },
  { title: '1: no version', version: 1, steps: [[INIT1[0], 'hello\n']], error: /^TransportError: PMI: asked "cmd=init.*answered "hello"; expected/ },
  { title: '1: refused', version: 1, steps: [[INIT1[0], 'cmd=response_to_init pmi_version=1 rc=-1\n']], error: /^TransportError: .*expected rc=0/ },
  { title: '1: neither', version: 1, steps: [[/=1 /, 'cmd=response_to_init pmi_version=2 rc=-1\n'], [/=2 /, 'cmd=response_to_init pmi_version=1 rc=-1\n']], error: /^StateError: PMI: the launcher takes neither version 1 nor the 2/ },
  { title: '1: another answer', version: 1, steps: [INIT1, [MAXES[0], 'cmd=barrier_out\n']], error: /^TransportError: .*expected cmd=maxes/ },
  { title: '1: no limits', version: 1, steps: [INIT1, [MAXES[0], 'cmd=maxes kvsname_max=256\n']], error: /^TransportError: .*expected vallen_max=N/ },
  { title: '1: negative limits', version: 1, steps: [INIT1, [MAXES[0], 'cmd=maxes vallen_max=-5 keylen_max=64\n']], error: /^TransportError: .*expected vallen_max=N/ },
  { title: '1: no name', version: 1, steps: [INIT1, MAXES, [NAME[0], 'cmd=my_kvsname\n']], error: /^TransportError: .*expected kvsname=/ },
  { title: '1: no such key', version: 1, calls: [['get', 'a']], steps: [...BEGIN1, [/^cmd=get /, 'cmd=get_result rc=-1 msg=key_a_not_found value=unknown\n']], error: /^TransportError: .*key=a.*expected rc=0/ },
  { title: '1: no value', version: 1, calls: [['get', 'a']], steps: [...BEGIN1, [/^cmd=get /, 'cmd=get_result rc=0 msg=success\n']], error: /^TransportError: .*expected value=/ },
  { title: '1: a barrier that fails later', version: 1, calls: [['fenceLater']], steps: [...BEGIN1, [/barrier/, 'cmd=barrier_out rc=1\n']], error: /^TransportError: .*expected rc=0/ },
  { title: '1: a barrier that never ends', version: 1, calls: [['fenceLater']], steps: [...BEGIN1, [/barrier/, null]], error: /^TransportError: PMI: the launcher closed/ },
  { title: '1: a line without end', version: 1, steps: [[INIT1[0], 'x'.repeat(70_000)]], error: /^TransportError: .*longer than 65536 bytes/ },
  { title: '1: a value too long', version: 1, calls: [['put', 'a', `${LONGEST}v`]], steps: BEGIN1, error: /^TransportError: PMI: a value of 1024 bytes: it has 1 to 1023/ },
  { title: '1: a key too long', version: 1, calls: [['put', 'k'.repeat(64), 'v']], steps: BEGIN1, error: /^TransportError: PMI: a key of 64 bytes/ },
  { title: '1: a value with a blank', version: 1, calls: [['put', 'a', 'x y']], steps: BEGIN1, error: /without blanks/ },
  { title: '1: a smaller limit', version: 1, calls: [['put', 'a', 'x'.repeat(100)]], steps: [INIT1, [MAXES[0], 'cmd=maxes keylen_max=32 vallen_max=100\n'], NAME], error: /1 to 99/ },
  { title: '1: after the end', version: 1, calls: [['finalize'], ['get', 'a']], steps: [...BEGIN1, [/finalize/, 'cmd=finalize_ack\n']], error: /^StateError: PMI: the connection to the launcher has been closed/ },
  { title: '2: another rank', version: 2, jobId: '1.0', steps: [INIT2, [FULL[0], framed('cmd=fullinit-response;rc=0;rank=1;size=2;')]], error: /^TransportError: .*expected rank=0/ },
  { title: '2: another size', version: 2, jobId: '1.0', steps: [INIT2, [FULL[0], framed('cmd=fullinit-response;rc=0;rank=0;size=3;')]], error: /^TransportError: .*expected size=2/ },
  { title: '2: no length', version: 2, jobId: '1.0', steps: [INIT2, [FULL[0], 'cmd=fullinit-response;']], error: /^TransportError: .*begins with "cmd=fu"; expected a length from 1/ },
  { title: '2: a negative length', version: 2, jobId: '1.0', steps: [INIT2, [FULL[0], '    -5cmd=x;']], error: /expected a length/ },
  { title: '2: length zero', version: 2, jobId: '1.0', steps: [INIT2, [FULL[0], '     0']], error: /expected a length/ },
  { title: '2: a length beyond all', version: 2, jobId: '1.0', steps: [INIT2, [FULL[0], '999999cmd=x;']], error: /expected a length from 1 to 65536/ },
  { title: '2: shorter than its length', version: 2, jobId: '1.0', steps: [INIT2, [FULL[0], ['   100cmd=fullinit', null as never]]], error: /the launcher closed/ },
  { title: '2: no fields', version: 2, jobId: '1.0', steps: [INIT2, [FULL[0], framed('what;is;this')]], error: /^TransportError: .*expected name=value;/ },
  { title: '2: no such key', version: 2, jobId: '1.0', calls: [['get', 'a']], steps: [...BEGIN2, [/kvs-get/, framed('cmd=kvs-get-response;rc=0;found=FALSE;')]], error: /^TransportError: .*expected found=TRUE/ },
  { title: '2: refused', version: 2, jobId: '1.0', calls: [['put', 'a', 'b']], steps: [...BEGIN2, [/kvs-put/, framed('cmd=kvs-put-response;rc=14;')]], error: /^TransportError: .*expected rc=0/ },
  { title: '2: a fence that fails later', version: 2, jobId: '1.0', calls: [['fenceLater']], steps: [...BEGIN2, [/fence/, framed('cmd=kvs-put-response;rc=0;')]], error: /expected cmd=kvs-fence-response/ },
  { title: '2: a value too long', version: 2, jobId: '1.0', calls: [['put', 'a', `${LONGEST}v`]], steps: BEGIN2, error: /a value of 1024 bytes/ },
  { title: '2: a value with a semicolon', version: 2, jobId: '1.0', calls: [['put', 'a', 'x;y']], steps: BEGIN2, error: /^TransportError: PMI: a value of 3 bytes/ },
]

/** Answers request by request; what differs from what should be asked is returned. */
function answer(socket: Socket, steps: Step[]): string[] {
  const wrong: string[] = []
  const left = [...steps]
  const write = async (pieces: (string | null)[]): Promise<void> => {
    for (const piece of pieces) {
      if (piece === null) return void socket.destroy()
      socket.write(piece, 'latin1')
      if (pieces.length > 1) await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  socket.on('error', () => {}).setEncoding('latin1').on('data', (asked: string) => {
    if (/^cmd=abort exitcode=9\n$|^ *\d+cmd=abort;isworld=TRUE;msg=in the end;$/.test(asked)) return
    const step = left.shift()
    if (step === undefined || (typeof step[0] === 'string' ? step[0] !== asked : !step[0].test(asked))) wrong.push(asked)
    if (step !== undefined) void write(Array.isArray(step[1]) ? step[1] : [step[1]])
  })
  return wrong
}

void t.test('exchanges', async (t) => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('pmi-child.ts', import.meta.url)), JSON.stringify(CASES.map(({ version, jobId, calls = [] }) => ({ version, jobId, calls })))],
    { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'inherit', ...CASES.map(() => 'pipe' as const)], timeout: 100_000 },
  )
  const wrong = CASES.map(({ steps }, i) => answer(child.stdio[3 + i] as Socket, steps))
  let printed = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (printed += text))
  await new Promise((resolve) => child.on('close', resolve))
  const results = JSON.parse(printed) as { said?: unknown[]; error?: string }[]
  CASES.forEach(({ title, said, error }, i) => {
    if (error) t.match(results[i]!.error, error, title)
    else t.same(results[i], { said }, title)
    t.same(wrong[i], [], `${title}: what was asked`)
  })
})

void t.test('lines and fields', async (t) => {
  t.same([...parseLine('cmd=get_result rc=0 msg=all is well value=a=b')], [['cmd', 'get_result'], ['rc', '0'], ['msg', 'all is well'], ['value', 'a=b']])
  t.same([...parseLine('')], [])
  t.same([...parseFields('cmd=x;value=a;;b;;;empty=;last=1')], [['cmd', 'x'], ['value', 'a;b;'], ['empty', ''], ['last', '1']])
  t.same(LINES.cut('a\nb'), { body: 'a', rest: 'b' })
  t.same(LENGTHS.cut('3     abc     1d'), { body: 'abc', rest: '     1d' })
  t.equal(LENGTHS.cut('     3ab'), undefined)
})

void t.test('whatever comes is parsed or refused', async (t) => {
  const alphabet = ' ;=\n\0cmdrc019abz\xff-'
  let seed = 1
  const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
  let refused = 0
  for (let i = 0; i < 100_000; i++) {
    const text = Array.from({ length: random(24) }, () => alphabet[random(alphabet.length)]).join('')
    try {
      parseLine(text)
      LENGTHS.cut(text)
      parseFields(text)
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      refused++
    }
  }
  t.ok(refused > 1000, `${refused} refused`)
})
