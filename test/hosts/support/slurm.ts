// A real Slurm over the hosts of a cluster: slurmctld on the head node, slurmd on the others, and a munged of its own.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Cluster } from './cluster.js'
import type { Host } from './host.js'
import { has, until } from './tools.js'

/** What Slurm is told that each host has: more than there is, so that jobs of eight ranks fit on three hosts. */
const CPUS = 4

/** Why there can be no Slurm here, if so. */
export function whyNoSlurm(): string | undefined {
  const missing = ['slurmctld', 'slurmd', 'srun', 'munged'].filter((name) => !has(name))
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed (Debian: slurmctld, slurmd, slurm-client, munge)`
}

/** Starts Slurm; the variables that its commands need. It ends with the cluster's hosts. */
export async function startSlurm(cluster: Cluster): Promise<Record<string, string>> {
  const folder = join(cluster.folder, 'slurm')
  mkdirSync(folder, { recursive: true })
  const socket = await startMunge(cluster, folder)
  const env = { SLURM_CONF: join(folder, 'slurm.conf') }
  writeFileSync(env.SLURM_CONF, configuration(cluster, folder, socket))
  writeFileSync(join(folder, 'cgroup.conf'), 'CgroupAutomount=no\nCgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\n')
  await cluster.head.run(['slurmctld'], { env })
  await Promise.all(cluster.hosts.map((host) => startNode(host, env)))
  await untilIdle(cluster, env, folder)
  return env
}

/** Resolves once every host takes jobs, as at the start and after a job that was cancelled. */
export async function untilIdle(cluster: Cluster, env: Record<string, string>, folder = join(cluster.folder, 'slurm')): Promise<void> {
  let states = ''
  const idle = async (): Promise<boolean> => {
    states = await cluster.head.run(['sinfo', '-h', '-N', '-o', '%N %T %E'], { env }).catch(String)
    return cluster.hosts.every(({ name }) => states.includes(`${name} idle `))
  }
  await until('Slurm', idle).catch((error: Error) => {
    const log = readFileSync(join(folder, 'ctld.log'), 'utf8').split('\n').slice(-20).join('\n')
    throw new Error(`${error.message}: ${states}\n${log}`)
  })
}

/** One munged serves all hosts: they reach its socket through the file system. */
async function startMunge(cluster: Cluster, folder: string): Promise<string> {
  const at = (name: string): string => join(folder, `munge.${name}`)
  writeFileSync(at('key'), randomBytes(128), { mode: 0o400 })
  const files = ['key', 'pid', 'log', 'seed', 'socket'].map((name) => `--${name}-file=${at(name)}`)
  const options = files.map((word) => word.replace('--socket-file', '--socket'))
  // --force: it would have the socket's folder open to all users, whom there are none of here.
  await cluster.service.run(['munged', '--force', ...options])
  return at('socket')
}

function configuration(cluster: Cluster, folder: string, socket: string): string {
  const lines = [
    'ClusterName=tests',
    `SlurmctldHost=${cluster.head.name}(${cluster.head.address})`,
    'SlurmUser=root',
    'AuthType=auth/munge',
    `AuthInfo=socket=${socket}`,
    'MpiDefault=none',
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'JobAcctGatherType=jobacct_gather/none',
    'ReturnToService=2',
    'SlurmdParameters=config_overrides',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU',
    'SchedulerType=sched/builtin',
    'KillWait=2',
    `SlurmctldPidFile=${folder}/ctld.pid`,
    `SlurmdPidFile=${folder}/%n.pid`,
    `SlurmdSpoolDir=${folder}/spool-%n`,
    `StateSaveLocation=${folder}/state`,
    `SlurmctldLogFile=${folder}/ctld.log`,
    `SlurmdLogFile=${folder}/%n.log`,
    ...cluster.hosts.map(({ name, address }) => `NodeName=${name} NodeAddr=${address} CPUs=${CPUS} State=UNKNOWN`),
    `PartitionName=all Nodes=${cluster.hosts.map(({ name }) => name).join(',')} Default=YES MaxTime=INFINITE State=UP`,
  ]
  mkdirSync(join(folder, 'state'))
  for (const { name } of cluster.hosts) mkdirSync(join(folder, `spool-${name}`))
  return `${lines.join('\n')}\n`
}

/** slurmd of Debian 12 does not start without control groups of version 1, though nothing here uses them. */
export async function startNode(host: Host, env: Record<string, string>): Promise<void> {
  const groups = `mount -t tmpfs tmpfs /sys/fs/cgroup 2>/dev/null || { mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /sys/fs/cgroup; }
    for c in freezer memory cpuset cpuacct devices; do mkdir -p /sys/fs/cgroup/$c; mount -t cgroup -o $c cgroup /sys/fs/cgroup/$c || true; done`
  await host.run(['sh', '-c', `${groups}; exec slurmd -N ${host.name}`], { env })
}
