// Which hosts a job has: --host, --hostfile, the batch systems' variables and files, or this machine.
import { join } from 'node:path'
import t from 'tap'
import { findAllocation } from '../../../launcher/hosts/allocation.js'
import { machine } from '../../../launcher/hosts/here.js'
import type { Host } from '../../../launcher/hosts/host.js'
import { parseHostOption } from '../../../launcher/hosts/hostlist.js'
import { findHosts } from '../../../launcher/hosts/resources.js'

const brief = ({ name, slots, maxSlots }: Host): string => `${name}:${slots}${maxSlots === undefined ? '' : `/${maxSlots}`}`
const FROM: Host[] = [{ name: 'a', slots: 4 }, { name: 'b.x.org', slots: 2, maxSlots: 3, user: 'joe' }, { name: 'c', slots: 1 }]

const alone: [option: string, hosts: string][] = [
  ['a:2,b,c', 'a:2 b:1 c:1'],
  ['a', 'a:1'],
  ['a,a,b,a:2', 'a:4 b:1'],
  ['n[1-2]:2,m', 'n1:2 n2:2 m:1'],
  ['[fe80::1]:2,joe@a', 'fe80::1:2 a:1'],
  ['a,a.x.org:2', 'a:3'],
  ['a.x.org.,a', 'a.x.org:2'],
  ['a.x.org,a.y.org', 'a.x.org:1 a.y.org:1'],
]
const choices: [option: string, hosts: string][] = [
  ['a', 'a:4'],
  ['c,a', 'c:1 a:4'],
  ['a:2', 'a:2'],
  ['a,a', 'a:2'],
  ['A:1', 'a:1'],
  ['b', 'b.x.org:2/3'],
  ['b:3', 'b.x.org:3/3'],
  ['a.x.org', 'a:4'],
  ['b,b.x.org', 'b.x.org:2/3'],
  ['a,A.x.org:2', 'a:3'],
  ['+n0', 'a:4'],
  ['+n2,+n0:3', 'c:1 a:3'],
  ['+n0:1,+n0:2', 'a:3'],
  ['+e', 'a:4 b.x.org:2/3 c:1'],
  ['+e:2', 'a:4 b.x.org:2/3'],
  ['+e:1,a:1', 'b.x.org:2/3 a:1'],
  ['b,+e', 'b.x.org:2/3 a:4 c:1'],
]
void t.test('--host', async (t) => {
  for (const [option, hosts] of alone) t.equal(parseHostOption(option).map(brief).join(' '), hosts, option)
  for (const [option, hosts] of choices) t.equal(parseHostOption(option, FROM).map(brief).join(' '), hosts, `${option} of three`)
  t.equal(parseHostOption('b', FROM)[0]?.user, 'joe')
})

const wrongChoices: [option: string, from: Host[] | undefined, message: RegExp][] = [
  ['a,d', FROM, /^--host a,d: character 3: d is not among the hosts to choose from: a, b\.x\.org, c$/],
  ['b.y.org', FROM, /b\.y\.org is not among/],
  ['b:4', FROM, /b\.x\.org may have 3 slots at most \(max_slots\)/],
  ['+n3', FROM, /\+n3: there are 3 hosts, from \+n0 to \+n2/],
  ['+n0', undefined, /\+n0 chooses from a hostfile or an allocation, and there is none/],
  ['+e', undefined, /\+e chooses from a hostfile/],
  ['+e:4', FROM, /\+e:4: 3 hosts are left that the list does not name/],
  ['a,b,c,+e', FROM, /\+e: 0 hosts are left/],
  ['+e:0', FROM, /\+e:0: '0' is not an integer/],
  ['+x', FROM, /'\+x' is neither \+nN, \+nN:SLOTS, \+e nor \+e:N/],
  ['+e:2,a,b', FROM, /\+e:2: 1 host is left that/],
  ['+n1', FROM.slice(0, 1), /\+n1: there is 1 host, \+n0$/],
  ['b', [...FROM, { name: 'b.y.org', slots: 1 }], /character 1: which of b, b\.x\.org, b\.y\.org are one host\?/],
  ['a,::1:2', undefined, /character 3: '::1:2' can be read in two ways: write \[::1\]:2, or \[::1:2\] without/],
  ['a:2:3', undefined, /character 1: 'a:2' is not the name of a host; one number of slots may follow a name$/],
  ['n[1-65536],m[1-65536]', undefined, /character 12: more than 65536 names$/],
  ['a:2,b:x', undefined, /^--host a:2,b:x: character 7: 'x' is not an integer/],
  ['a,', undefined, /character 3: a name is missing/],
  ['n[1-2', undefined, /character 2: an opening bracket/],
  ['a slots=2', undefined, /'a slots=2' is not the name of a host/],
]
void t.test('--host refused', async (t) => {
  for (const [option, from, message] of wrongChoices) {
    t.throws(() => parseHostOption(option, from), { code: 'TSMPI_LAUNCH', exitCode: 2, message }, option)
  }
})

void t.test('allocations', async (t) => {
  const folder = t.testdir({
    pbs: 'n1\nn1\nn2\nn1\n',
    torque: 'n1.x.org\r\nn2.x.org',
    pe: 'node01.x.org 4 all.q@node01.x.org UNDEFINED\nnode02.x.org 2 all.q@node02 0,1:0,2\nnode01.x.org 1 long.q@node01 <NULL>\n',
    lsf: 'h1\nh2\nh2\n',
    broken: 'node01 four all.q UNDEFINED\n',
    short: 'a 1 q U\n\nnode02\n',
    empty: '',
  })
  const file = (name: string): string => join(folder, name)
  const cases: [env: Record<string, string>, manager: string | undefined, hosts: string][] = [
    [{}, undefined, ''],
    [{ SLURM_JOB_NODELIST: '', PBS_NODEFILE: '' }, undefined, ''],
    [{ SLURM_JOB_NODELIST: 'n[1-4]', SLURM_TASKS_PER_NODE: '2(x3),1' }, 'Slurm', 'n1:2 n2:2 n3:2 n4:1'],
    [{ SLURM_NODELIST: 'rack[1-2]n1-ib', SLURM_TASKS_PER_NODE: '8(x5)' }, 'Slurm', 'rack1n1-ib:8 rack2n1-ib:8'],
    [{ SLURM_JOB_NODELIST: 'a', SLURM_NODELIST: 'b' }, 'Slurm', 'a:1'],
    [{ PBS_NODEFILE: file('pbs') }, 'PBS', 'n1:3 n2:1'],
    [{ PBS_NODEFILE: file('torque') }, 'PBS', 'n1.x.org:1 n2.x.org:1'],
    [{ PE_HOSTFILE: file('pe') }, 'Grid Engine', 'node01.x.org:5 node02.x.org:2'],
    [{ LSB_DJOB_HOSTFILE: file('lsf'), LSB_HOSTS: 'x' }, 'LSF', 'h1:1 h2:2'],
    [{ LSB_HOSTS: 'h1 h1 h2 ' }, 'LSF', 'h1:2 h2:1'],
  ]
  for (const [env, manager, hosts] of cases) {
    const found = findAllocation(env)
    t.equal(found?.manager, manager, JSON.stringify(env))
    t.equal((found?.hosts() ?? []).map(brief).join(' '), hosts)
  }
  const wrong: [env: Record<string, string>, message: RegExp][] = [
    [{ SLURM_JOB_NODELIST: 'n[1-' }, /^node list 'n\[1-', character 2/],
    [{ SLURM_JOB_NODELIST: 'n[1-2]', SLURM_TASKS_PER_NODE: '2' }, /describes 1 nodes of 2/],
    [{ SLURM_JOB_NODELIST: '-x' }, /'-x' is not the name of a host/],
    [{ PBS_NODEFILE: file('none') }, /^PBS_NODEFILE=.*none cannot be read: ENOENT/],
    [{ PBS_NODEFILE: file('empty') }, /empty: it names no host$/],
    [{ PE_HOSTFILE: file('broken') }, /broken:1:8: 'four' is not an integer/],
    [{ PE_HOSTFILE: file('short') }, /short:3:8: '' is not an integer/],
  ]
  for (const [env, message] of wrong) t.throws(() => findAllocation(env)?.hosts(), { code: 'TSMPI_LAUNCH', message }, JSON.stringify(env))
})

void t.test('this machine', async (t) => {
  const here = machine('h1', ['127.0.0.1', '10.0.0.7', '::1', 'fe80::a:0:1'], 8)
  for (const own of ['h1', 'H1', 'localhost', 'h1.x.org', '127.0.0.1', '127.0.1.1', '10.0.0.7', '::1', '0:0::1', 'fe80:0::a:0:1%eth0']) {
    t.ok(here.is(own), own)
  }
  for (const other of ['h2', 'h1x', 'x.h1', '10.0.0.8', '::2', 'h', '10']) t.notOk(here.is(other), other)
  const qualified = machine('h1.x.org', [], 8)
  for (const own of ['h1', 'h1.x.org']) t.ok(qualified.is(own), own)
  t.notOk(qualified.is('h1.y.org'), 'two domains')
})

void t.test('where hosts come from', async (t) => {
  const file = join(t.testdir({ hosts: 'h1:2\nn1:4 max_slots=4\nlocalhost:1\n' }), 'hosts')
  const here = machine('h1', [], 8, () => 4)
  const slurm = { SLURM_JOB_NODELIST: 's[1-2]', SLURM_TASKS_PER_NODE: '3(x2)' }
  const find = (options: { hostfile?: string; host?: string; cpusPerRank?: number; bindTo?: 'core' | 'socket' }, env = {}): string =>
    findHosts({ cpusPerRank: 1, ...options }, env, here).map((host) => `${brief(host)}${host.local ? '!' : ''}`).join(' ')
  t.equal(find({}), 'h1:8!')
  t.equal(find({ bindTo: 'socket' }), 'h1:8!')
  t.equal(find({ bindTo: 'core' }), 'h1:4!', 'two hardware threads are one core')
  t.equal(find({ bindTo: 'core', cpusPerRank: 2 }), 'h1:2!')
  t.equal(find({ bindTo: 'core', cpusPerRank: 3 }), 'h1:1!')
  t.equal(find({ bindTo: 'core', cpusPerRank: 9 }), 'h1:1!')
  t.equal(find({ bindTo: 'core', cpusPerRank: 2, host: 'localhost:3,a' }), 'localhost:3! a:1', 'slots of named hosts are ranks, not cores')
  t.equal(find({}, slurm), 's1:3 s2:3')
  t.equal(find({ host: 's2' }, slurm), 's2:3')
  t.equal(find({ hostfile: file }, slurm), 'h1:3! n1:4/4', 'this machine under two names is one host')
  t.equal(find({ hostfile: file, host: 'n1:2,+n0' }), 'n1:2/4 h1:2!')
  t.equal(find({ host: 'a,127.0.0.1:2,a' }), 'a:2 127.0.0.1:2!')
  const stale = { PBS_NODEFILE: '/no/such/file' }
  t.equal(find({ host: 'a' }, stale), 'a:1', 'an allocation that cannot be read is not needed')
  t.equal(find({ hostfile: file }, stale), 'h1:3! n1:4/4')
  const way = /^PBS_NODEFILE=\/no\/such\/file cannot be read: ENOENT.*\nto run without this allocation of PBS, name the hosts by --hostfile or -H$/
  t.throws(() => find({}, stale), { code: 'TSMPI_LAUNCH', message: way })
  t.throws(() => find({ host: 'a,+n0' }, stale), { message: way })
  t.throws(() => find({ host: 'joe@h1,ann@localhost' }), { message: /^this machine is named more than once: localhost has user joe/ })
})
