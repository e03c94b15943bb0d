// Options of tsmpirun that mean something on other hosts: what becomes of them there.
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { bindRanks } from '../../launcher/binding.js'
import { formatCpuList, readTopology } from '../../launcher/topology.js'
import { program, show } from '../jobs/support.js'
import { Cluster } from './support/cluster.js'
import { agentOf, cleanTest, onHosts, runJob, startJob } from './support/job.js'
import { hostsOrSkip } from './support/skip.js'

const ROUNDS = fileURLToPath(new URL('programs/rounds.mjs', import.meta.url))

void t.test('options over hosts', { skip: hostsOrSkip('options over hosts'), timeout: 300_000 }, async (t) => {
  const cluster = await Cluster.create(2)
  t.teardown(() => cluster.remove())
  const test = (name: string, body: (t: Test) => Promise<void>): Promise<unknown> => cleanTest(t, () => cluster, name, body)

  await test('--bind-to: each host binds its own ranks, from its first core on', async (t) => {
    const words = `console.log(process.env.TSMPI_RANK, /Cpus_allowed_list:\\s*(.*)/.exec(require('fs').readFileSync('/proc/self/status', 'utf8'))[1])`
    for (const to of ['core', 'socket'] as const) {
      const job = await runJob(cluster, [...onHosts(cluster, 2), '--bind-to', to, process.execPath, '-e', words])
      t.equal(job.code, 0, show(job))
      const local = bindRanks(readTopology(), { to, cpusPerRank: 1 }, 2).map(formatCpuList)
      t.same(job.stdout.trim().split('\n').sort(), [0, 1, 2, 3].map((rank) => `${rank} ${local[rank % 2]}`))
    }
  })

  await test('--prefix: agents of a package at another path', async (t) => {
    const prefix = join(cluster.folder, 'package')
    mkdirSync(prefix)
    for (const name of readdirSync(process.cwd())) symlinkSync(join(process.cwd(), name), join(prefix, name))
    const job = startJob(cluster, [...onHosts(cluster, 2), '--prefix', prefix, ROUNDS, '1'])
    await job.printed(' talks', 4)
    for (const host of cluster.hosts) t.match(agentOf(host)?.command, `${prefix}/dist/launcher/agent.js`)
    const finished = await job.finished
    t.equal(finished.code, 0, show(finished))
    t.match(finished.stdout, 'all rounds were right')
  })

  await test('--output-dir: what each rank prints is in files on its host, and nowhere else', async (t) => {
    const folder = join(cluster.folder, 'out')
    for (const host of cluster.all) await host.mount(folder, '1m')
    const words = `for (let i = 0; i < 1000; i++) console.log(process.env.TSMPI_RANK, i); console.error('error', process.env.TSMPI_RANK)`
    const job = await runJob(cluster, [...onHosts(cluster, 2), '--output-dir', folder, process.execPath, '-e', words])
    t.match(job, { code: 0, stdout: '', stderr: '' }, show(job))
    for (const [host, ranks] of [[cluster.host('h1'), [0, 1]], [cluster.host('h2'), [2, 3]], [cluster.head, []]] as const) {
      const listed = (await host.run(['sh', '-c', `cd ${folder}; find . -type f | sort`])).trim().split('\n').filter(Boolean)
      t.same(listed, ranks.flatMap((rank) => [`./rank.${rank}.err`, `./rank.${rank}.out`]))
      for (const rank of ranks) {
        t.equal(await host.run(['cat', `${folder}/rank.${rank}.out`]), Array.from({ length: 1000 }, (_, i) => `${rank} ${i}\n`).join(''))
        t.equal(await host.run(['cat', `${folder}/rank.${rank}.err`]), `error ${rank}\n`)
      }
    }
    for (const host of cluster.all) await host.run(['umount', folder])
  })

  await test('the nodes of a PBS job, by ssh', async (t) => {
    const nodes = cluster.file('nodes', 'h1\nh1\nh1\nh2\nh2\n')
    const job = await runJob(cluster, [program('hosts.mjs')], { env: { PBS_NODEFILE: nodes, PBS_JOBID: '7.h0', TSMPI_RSH: cluster.rsh } })
    t.equal(job.code, 0, show(job))
    const said = job.stdout.trim().split('\n').map((line) => JSON.parse(line) as { rank: number; hosts: string[]; processor: string })
    t.equal(said.length, 5)
    for (const { rank, hosts, processor } of said) {
      t.same(hosts, ['h1', 'h1', 'h1', 'h2', 'h2'])
      t.equal(processor, hosts[rank])
    }
  })
})
