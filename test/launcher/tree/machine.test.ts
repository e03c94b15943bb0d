// Hosts that are one machine: which agents are told of, and which mean to be several on one.
import t from 'tap'
import { describeAliases, whereabouts } from '../../../launcher/tree/machine.js'
import { fixture, runJob } from '../run.js'

const on = (name: string, machine?: string, session?: string) => ({ name, ...(machine && { machine }), ...(session && { session }) })
const warning = (hosts: string): string => `warning: hosts ${hosts} are one machine: name it once, with the slots of all, for its ranks to share memory`

void t.test('agents', async (t) => {
  const told = (...[here, ...others]: Parameters<typeof on>[]): string | undefined => describeAliases(here && on(...here), others.map((one) => on(...one)))
  t.equal(told(['h', 'H', '0'], ['a', 'A', '1'], ['b', 'B', '2']), undefined, 'each its own machine')
  t.equal(told(['h', 'H'], ['a', 'A', '1'], ['b', 'A', '2']), warning('a and b'))
  t.equal(told(['h', 'H'], ['a', 'H', '1'], ['b', 'B', '2']), warning('h and a'), 'the launcher by another name')
  t.equal(told(['h', 'H', '0'], ['a', 'H', '0'], ['b', 'H', '0']), undefined, 'the session is that of the launcher')
  t.equal(told(['h', 'H', '0'], ['a', 'H', '0'], ['b', 'H', '1']), warning('h and b'))
  t.equal(told(['h', 'H'], ['a', 'H'], ['b', 'H']), undefined, 'no sessions')
  t.equal(told(['h'], ['a', undefined, '1'], ['b', undefined, '2']), undefined, 'systems that do not tell')
  t.equal(told(...'habcd'.split('').map((name, n) => [name, 'M', `${n}`] as [string, string, string])), warning('h, a, b and 2 more'))
  t.equal(told(['h', 'H'], ['a', 'A', '1'], ['b', 'A', '2'], ['c', 'H', '3']), `${warning('h and c')}; so it is with 1 more machine`)
  t.equal(describeAliases(undefined, [on('a', 'A', '1')]), undefined, 'the launcher without ranks')
})

void t.test('this process', { skip: process.platform !== 'linux' }, async (t) => {
  t.match(whereabouts({}), { machine: /^\S+ [\w-]+ uts:\[\d+\] pid:\[\d+\] net:\[\d+\]$/ })
  t.equal(whereabouts({ SSH_CONNECTION: 'a 1 b 22' }).session, 'a 1 b 22')
  t.same(whereabouts({ SSH_CONNECTION: '' }), whereabouts({}))
})

void t.test('real agents, all on this machine', { skip: process.platform !== 'linux' }, async (t) => {
  const job = ['--rsh', fixture('rsh.sh'), '-H', 'localhost,a,b', 'true']
  const connection = (port: string): string => `export SSH_CONNECTION="127.0.0.1 ${port} 127.0.0.1 22"`
  t.match(await runJob(job), { code: 0, stderr: '' }, 'no ssh')
  const one = { SSH_CONNECTION: '127.0.0.1 1 127.0.0.1 22', RSH_BEFORE: connection('1') }
  t.match(await runJob(job, { env: one }), { code: 0, stderr: '' }, 'all in the session of the launcher')
  const several = await runJob(job, { env: { RSH_BEFORE: connection('$$') } })
  t.match(several, { code: 0, stderr: `tsmpirun: ${warning('localhost, a and b')}\n` })
})
