// Which processors ranks are bound to: topologies of made-up machines, the sets, and real processes.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { bindRanks, coresOf, describeOverlap } from '../../launcher/binding.js'
import { formatCpuList, parseCpuList, readTopology } from '../../launcher/topology.js'
import { nativeMemory } from '../../native/load.js'
import { runJob } from './run.js'

interface Machine {
  online: string
  allowed: string
  /** Of each processor: socket, hardware threads of its core, NUMA node if it has one. */
  cpus: [socket: string, siblings: string, node?: number][]
}

/** What Linux would say of the machine, as files in `folder`. */
function write(folder: string, { online, allowed, cpus }: Machine): { sys: string; status: string } {
  const put = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), `${text}\n`)
  }
  put('status', `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${allowed}\nMems_allowed_list:\t0`)
  put('cpu/online', online)
  cpus.forEach(([socket, siblings, node], cpu) => {
    put(`cpu/cpu${cpu}/topology/physical_package_id`, socket)
    put(`cpu/cpu${cpu}/topology/thread_siblings_list`, siblings)
    if (node !== undefined) put(`cpu/cpu${cpu}/node${node}/cpulist`, '')
  })
  return { sys: join(folder, 'cpu'), status: join(folder, 'status') }
}

/** Two sockets, two NUMA nodes in each, two cores in each, two threads in each; numbered as Intel's often are. */
const LARGE: Machine = {
  online: '0-15',
  allowed: '0-15',
  cpus: Array.from({ length: 16 }, (_, cpu) => {
    const core = cpu % 8
    return [String(Math.floor(core / 4)), `${core},${core + 8}`, Math.floor(core / 2)]
  }),
}
/** The same with some processors taken away by the batch system, and one that is off. */
const PART: Machine = { ...LARGE, online: '0-8,10-15', allowed: '1-2,6,9-10' }
/** A virtual machine that tells little. */
const VIRTUAL: Machine = { online: '0-3', allowed: '0-3', cpus: ['0', '1', '2', '3'].map((cpu) => ['-1', cpu]) }

const cases: [what: string, machine: Machine, to: 'core' | 'socket' | 'numa', cpusPerRank: number, ranks: number, sets: string][] = [
  ['cores', LARGE, 'core', 1, 4, '0,8 1,9 2,10 3,11'],
  ['cores, and again', LARGE, 'core', 1, 10, '0,8 1,9 2,10 3,11 4,12 5,13 6,14 7,15 0,8 1,9'],
  ['two cores each', LARGE, 'core', 2, 3, '0-1,8-9 2-3,10-11 4-5,12-13'],
  ['three cores each', LARGE, 'core', 3, 3, '0-2,8-10 3-5,11-13 0,6-8,14-15'],
  ['more cores than there are', LARGE, 'core', 99, 1, '0-15'],
  ['sockets', LARGE, 'socket', 1, 4, '0-3,8-11 0-3,8-11 4-7,12-15 4-7,12-15'],
  ['sockets for few', LARGE, 'socket', 1, 2, '0-3,8-11 4-7,12-15'],
  ['sockets for one', LARGE, 'socket', 1, 1, '0-3,8-11'],
  ['sockets for three', LARGE, 'socket', 1, 3, '0-3,8-11 0-3,8-11 4-7,12-15'],
  ['NUMA nodes', LARGE, 'numa', 1, 4, '0-1,8-9 2-3,10-11 4-5,12-13 6-7,14-15'],
  ['what is allowed and on: cores', PART, 'core', 1, 3, '1 2,10 6'],
  ['what is allowed and on: sockets', PART, 'socket', 1, 2, '1-2,10 6'],
  ['a machine that tells little: cores', VIRTUAL, 'core', 1, 2, '0 1'],
  ['a machine that tells little: sockets', VIRTUAL, 'socket', 1, 2, '0-3 0-3'],
  ['a machine that tells little: NUMA nodes', VIRTUAL, 'numa', 1, 2, '0-3 0-3'],
]
void t.test('sets', async (t) => {
  const folder = t.testdir()
  cases.forEach(([what, machine, to, cpusPerRank, ranks, sets], index) => {
    const { sys, status } = write(join(folder, String(index)), machine)
    const bound = bindRanks(readTopology(sys, status), { to, cpusPerRank }, ranks)
    t.equal(bound.map(formatCpuList).join(' '), sets, what)
  })
  t.same(readTopology(join(folder, 'none')), [], 'no such files')
  t.same(bindRanks([], { to: 'core', cpusPerRank: 1 }, 2), [])
})

void t.test('ranks that do not have their cores for themselves', async (t) => {
  const folder = t.testdir()
  const topology = (machine: Machine, name: string) => {
    const { sys, status } = write(join(folder, name), machine)
    return readTopology(sys, status)
  }
  const large = topology(LARGE, 'large')
  const said = (to: 'core' | 'socket', cpusPerRank: number, ranks: number): string | undefined => describeOverlap(large, { to, cpusPerRank }, ranks)
  for (const [cpusPerRank, ranks] of [[1, 8], [2, 4], [8, 1]] as const) t.equal(said('core', cpusPerRank, ranks), undefined)
  t.equal(said('core', 1, 9), 'warning: --bind-to core: 9 ranks with 1 core each do not fit on the 8 cores of a host: some cores run several ranks')
  t.equal(said('core', 3, 3), 'warning: --bind-to core: 3 ranks with 3 cores each do not fit on the 8 cores of a host: some cores run several ranks')
  t.equal(said('core', 99, 1), 'warning: --bind-to core: 1 rank with 99 cores does not fit on the 8 cores of a host: it has them all')
  t.equal(said('socket', 1, 99), undefined)
  t.equal(describeOverlap([], { to: 'core', cpusPerRank: 1 }, 2), undefined, 'no topology')
  t.match(describeOverlap(topology(PART, 'part'), { to: 'core', cpusPerRank: 2 }, 2), /do not fit on the 3 cores/)
})

void t.test('lists of processors', async (t) => {
  t.same(parseCpuList('0-2,5\n'), [0, 1, 2, 5])
  t.same(parseCpuList(''), [])
  t.equal(formatCpuList([5, 1, 2, 0, 2]), '0-2,5')
  t.equal(formatCpuList([]), '')
})

const memory = nativeMemory()
const topology = readTopology()
void t.test('real ranks', { skip: memory === undefined || topology.length === 0 ? 'no addon or no topology' : false }, async (t) => {
  // The shell's own children are bound, too.
  const print = ['sh', '-c', 'echo $TSMPI_RANK $(grep Cpus_allowed_list /proc/self/status)']
  for (const to of ['core', 'socket', 'numa'] as const) {
    const { code, stdout, stderr } = await runJob(['-n', '3', '--bind-to', to, ...print])
    const overlap = describeOverlap(topology, { to, cpusPerRank: 1 }, 3)
    t.match({ code, stderr }, { code: 0, stderr: overlap === undefined ? '' : `tsmpirun: ${overlap}\n` })
    const sets = bindRanks(topology, { to, cpusPerRank: 1 }, 3)
    t.same(stdout.trim().split('\n').sort(), sets.map((cpus, rank) => `${rank} Cpus_allowed_list: ${formatCpuList(cpus)}`), to)
  }
  const free = await runJob(['-n', '2', ...print])
  const all = formatCpuList(topology.map(({ cpu }) => cpu))
  t.same(free.stdout.trim().split('\n').sort(), [`0 Cpus_allowed_list: ${all}`, `1 Cpus_allowed_list: ${all}`])
  const map = await runJob(['-n', '2', '--bind-to', 'socket', '--dry-run', 'echo'])
  t.match(map.stdout, /Local rank +Processors +Directory/)
  const cores = coresOf(topology).length
  const wide = ['-H', 'localhost:2', '--cpus-per-rank', String(cores)]
  const overlap = describeOverlap(topology, { to: 'core', cpusPerRank: cores }, 2)
  t.match(await runJob([...wide, 'true']), { code: 0, stderr: `tsmpirun: ${overlap}\n` }, 'once, for two ranks')
  t.ok((await runJob([...wide, '--dry-run', 'true'])).stdout.endsWith(`\n\n${overlap}\n`))
  t.match(await runJob(['--bind-to', 'core', 'true']), { code: 0, stderr: '' }, 'by default as many as there are cores')
})

void t.test('a rank that uses tsmpi knows that others are on other processors', { skip: memory === undefined }, async (t) => {
  const program = join(t.testdir({ 'x.mjs': `
    import { readFileSync } from 'node:fs'
    import { COMM_WORLD as world, SUM } from 'tsmpi'
    const sum = await world.allreduce(world.rank + 1, SUM)
    const cpus = /Cpus_allowed_list:\\s*(\\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]
    console.log(world.rank, sum, cpus, process.env.TSMPI_PROCESSORS)` }), 'x.mjs')
  const { code, stdout, stderr } = await runJob(['-n', '2', '--bind-to', 'core', program])
  const overlap = describeOverlap(topology, { to: 'core', cpusPerRank: 1 }, 2)
  t.match({ code, stderr }, { code: 0, stderr: overlap === undefined ? '' : `tsmpirun: ${overlap}\n` })
  const sets = bindRanks(topology, { to: 'core', cpusPerRank: 1 }, 2).map(formatCpuList)
  t.same(stdout.trim().split('\n').sort(), [0, 1].map((rank) => `${rank} 3 ${sets[rank]} ${topology.length}`))
})

void t.test('without the addon ranks run unbound, which is said', async (t) => {
  const { code, stdout, stderr } = await runJob(['-n', '1', '--bind-to', 'core', 'echo', 'x'], { env: { TSMPI_NO_ADDON: '1' } })
  t.match({ code, stdout }, { code: 0, stdout: 'x\n' })
  t.equal(stderr, 'tsmpirun: --bind-to core: ranks are not bound; the native addon is not there: TSMPI_NO_ADDON is set\n')
})

void t.test('processors that do not exist', { skip: memory === undefined }, async (t) => {
  t.throws(() => memory?.setAffinity([8000]), { message: /^sched_setaffinity: / })
  t.throws(() => memory?.setAffinity([]), { message: /^sched_setaffinity: / })
  const before = memory?.setAffinity(topology.slice(0, 1).map(({ cpu }) => cpu))
  t.same(memory?.setAffinity(before ?? []), topology.slice(0, 1).map(({ cpu }) => cpu))
  t.same(before, topology.map(({ cpu }) => cpu).sort((a, b) => a - b))
})
