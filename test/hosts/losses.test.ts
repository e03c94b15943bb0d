// What can be lost on the way where agents come to the hosts by ssh.
import t from 'tap'
import { Cluster } from './support/cluster.js'
import { onHosts, startJob } from './support/job.js'
import { losses } from './support/losses.js'
import { hostsOrSkip } from './support/skip.js'

void t.test('losses', { skip: hostsOrSkip('losses'), timeout: 600_000 }, async (t) => {
  await losses(t, await Cluster.create(3), {
    start: (cluster, args) => startJob(cluster, [...onHosts(cluster, 2), ...args]),
    connection: /^ssh .*\bh2\b/,
    gone: /h2.*\n?.*ranks? 2.*3/,
    killed: { signal: 'SIGKILL' },
    tree: true,
    ready: () => Promise.resolve(),
    rebooted: () => Promise.resolve(),
  })
})
