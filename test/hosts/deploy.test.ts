// The image's ssh: its files at their places on two hosts, one key pair for all, an ordinary user, port 2222.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { Cluster } from './support/cluster.js'
import type { Host } from './support/host.js'
import { nothingLeft } from './support/job.js'
import { hostsOrSkip } from './support/skip.js'
import { until } from './support/tools.js'

const skip = hostsOrSkip("the image's ssh")
const deploy = fileURLToPath(new URL('../../deploy/', import.meta.url))
const AS_MPI = ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', 'env', 'HOME=/home/mpi']

void t.test("the image's ssh", { skip }, async (t) => {
  const cluster = await Cluster.create(2)
  t.teardown(() => cluster.remove())
  const [one, other] = cluster.hosts as [Host, Host]
  const passwd = cluster.file('passwd', `${readFileSync('/etc/passwd', 'utf8').replace(/^.*:1000:\d+:.*\n/gm, '')}mpi:*:1000:1000::/home/mpi:/bin/sh\n`)
  // In the image the command lies in /usr/local/bin, which these hosts share with the machine.
  const client = cluster.file('image_ssh_config', readFileSync(`${deploy}ssh_config`, 'utf8').replace('/usr/local/bin/', '/home/mpi/'))
  await cluster.head.run(['chmod', '755', cluster.folder])
  // What compose.yaml asks of a worker until it is healthy.
  const { services } = parse(readFileSync(`${deploy}compose.yaml`, 'utf8'), { merge: true }) as { services: { node1: { healthcheck: { test: string[] } } } }
  const healthy = (host: Host): Promise<string> => host.run(services.node1.healthcheck.test.slice(1))
  await t.rejects(healthy(other))
  for (const host of [one, other]) {
    await host.mount('/home', '1m')
    await host.run(['sh', '-ec', `mount --bind ${passwd} /etc/passwd; mkdir -p /home/mpi/.ssh; cp ${deploy}known-hosts ${deploy}sshd_config /home/mpi/
      cp ${cluster.folder}/keys/user /home/mpi/.ssh/id_rsa; cp ${cluster.folder}/keys/user.pub /home/mpi/.ssh/id_rsa.pub
      cp ${cluster.folder}/keys/user.pub /home/mpi/.ssh/authorized_keys
      # as in a mounted secret: the files belong to root, and the user's group may read them
      chown root:1000 /home/mpi/.ssh/*; chmod 440 /home/mpi/.ssh/*
      cd /home/mpi; exec setpriv --reuid=1000 --regid=1000 --clear-groups "$(command -v sshd)" -f /home/mpi/sshd_config`])
  }
  await until('sshd listens', () => healthy(other).then(() => true, () => false))
  const ssh = (...words: string[]): Promise<string> => one.run([...AS_MPI, 'ssh', '-F', client, '-o', 'BatchMode=yes', ...words], { cwd: '/' })
  t.equal(await ssh('h2', 'hostname; id -un; pwd'), 'h2\nmpi\n/home/mpi\n')
  await t.rejects(ssh('-o', 'ExitOnForwardFailure=yes', '-R', '0:localhost:1', 'h2', 'true'), /remote port forwarding failed/)
  // Another host key is not the cluster's.
  await other.run(['sh', '-c', 'cat "$0" >/home/mpi/.ssh/authorized_keys', `${cluster.folder}/keys/h1.pub`])
  await t.rejects(ssh('h2', 'true'), /Permission denied/)
  await one.run(['sh', '-c', 'cat "$0" >/home/mpi/.ssh/id_rsa.pub', `${cluster.folder}/keys/h1.pub`])
  await t.rejects(ssh('h2', 'true'), /Host key verification failed/)
  await nothingLeft(t, cluster.all)
})
