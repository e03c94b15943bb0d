// What can be lost on the way inside a Slurm allocation, where one step of srun starts all agents.
import t from 'tap'
import { TSMPIRUN } from '../launcher/run.js'
import { Cluster } from './support/cluster.js'
import { startCommand } from './support/job.js'
import { losses } from './support/losses.js'
import { slurmOrSkip } from './support/skip.js'
import { startNode, startSlurm, untilIdle } from './support/slurm.js'

void t.test('losses under Slurm', { skip: slurmOrSkip('losses under Slurm'), timeout: 600_000 }, async (t) => {
  const cluster = await Cluster.create(3)
  const env = await startSlurm(cluster)
  const allocation = ['salloc', '--quiet', '-N', '3', '--ntasks-per-node', '2', process.execPath, TSMPIRUN]
  await losses(t, cluster, {
    start: (cluster, args) => startCommand(cluster, [...allocation, ...args], { env }),
    connection: /^srun /,
    gone: /^tsmpirun: host h\d is lost: srun was killed by SIGKILL, and with it its step on h\[1-3\]\n/m,
    // A command that was killed is no failure to salloc.
    killed: { code: 0 },
    tree: false,
    ready: (cluster) => untilIdle(cluster, env),
    rebooted: (host) => startNode(host, env),
  })
})
