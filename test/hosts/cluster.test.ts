// The hosts that the other tests of this folder run jobs on: that they are hosts, and that nothing of them is left.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { within } from '../launcher/run.js'
import { Cluster, NOBODY } from './support/cluster.js'
import { nothingLeft, processes, startCommand } from './support/job.js'
import { hostsOrSkip, slurmOrSkip } from './support/skip.js'
import { startSlurm, untilIdle } from './support/slurm.js'
import { pidNamespace, until } from './support/tools.js'

const skip = hostsOrSkip('hosts of namespaces')

void t.test('each host has its name, its address and its own processes', { skip }, async (t) => {
  const cluster = await Cluster.create(2)
  t.teardown(() => cluster.remove())
  const ssh = (to: string, ...words: string[]): Promise<string> => cluster.head.run(['ssh', '-F', cluster.sshConfig, to, ...words])
  t.equal((await ssh('h1', 'hostname')).trim(), 'h1')
  t.equal((await ssh(cluster.host('h2').address6, 'hostname')).trim(), 'h2')
  t.match(await ssh(cluster.host('h2').address2, 'echo $SSH_CONNECTION'), '10.78.0.100')
  t.equal(await ssh('h1', 'ls /dev/shm'), '')
  const sleeper = startCommand(cluster, ['ssh', '-F', cluster.sshConfig, 'h2', 'exec sleep 300'])
  const asleep = (): boolean => processes(cluster.hosts).some(({ command, host }) => host === 'h2' && command === 'sleep 300')
  t.ok(await within(20_000, asleep))
  for (const { pid } of processes(cluster.all)) process.kill(pid, 'SIGKILL')
  await sleeper.finished
  await nothingLeft(t, cluster.all)
})

void t.test('a cable can be cut and healed, a host powered off and on', { skip }, async (t) => {
  let cluster = await Cluster.create(2)
  t.teardown(() => cluster.remove())
  const reaches = (name: string): Promise<boolean> =>
    cluster.head.run(['ssh', '-F', cluster.sshConfig, '-o', 'ConnectTimeout=2', name, 'true']).then(() => true, () => false)
  const h1 = cluster.host('h1')
  t.ok(await reaches('h1'))
  await h1.cut()
  t.notOk(await reaches('h1'))
  t.ok(await reaches('h2'))
  await h1.heal()
  t.ok(await reaches('h1'))
  await h1.powerOff()
  t.same(h1.processes(), [])
  t.notOk(await reaches('h1'))
  t.notOk(await reaches(NOBODY.name))
  cluster = await cluster.reboot(h1)
  t.ok(await reaches('h1'))
  t.comment(await cluster.host('h2').slow(10, 100))
  t.ok(await reaches('h2'))
})

void t.test('two clusters at a time do not meet', { skip }, async (t) => {
  const [one, other] = await Promise.all([Cluster.create(1), Cluster.create(1)])
  t.teardown(() => Promise.all([one.remove(), other.remove()]))
  await one.host('h1').powerOff()
  t.equal((await other.head.run(['ssh', '-F', other.sshConfig, 'h1', 'hostname'])).trim(), 'h1')
})

void t.test('nothing is left of a run that was killed', { skip }, async (t) => {
  const program = fileURLToPath(new URL('support/hold.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await until('a cluster', () => said.includes('\n'))
  const { folder, pids } = JSON.parse(said) as { folder: string; pids: number[] }
  t.ok(pids.every((pid) => pidNamespace(pid) !== undefined))
  child.kill('SIGKILL')
  t.ok(await within(20_000, () => pids.every((pid) => pidNamespace(pid) === undefined)), 'its hosts went with it')
  t.ok(existsSync(folder))
  const next = await Cluster.create(1)
  await next.remove()
  t.notOk(existsSync(folder), 'the next run removed its folder')
  t.notOk(existsSync(next.folder))
})

void t.test('Slurm over the hosts', { skip: slurmOrSkip('Slurm over the hosts') }, async (t) => {
  const cluster = await Cluster.create(2)
  t.teardown(() => cluster.remove())
  const env = await startSlurm(cluster)
  const lines = await cluster.head.run(['srun', '--mpi=pmi2', '-n', '6', 'sh', '-c', 'hostname; test -n "$PMI_FD"'], { env })
  t.same(lines.trim().split('\n').sort(), ['h1', 'h1', 'h1', 'h1', 'h2', 'h2'])
  await untilIdle(cluster, env)
  await nothingLeft(t, cluster.all)
})
