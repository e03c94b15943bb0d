// Who may join a job over hosts: what strangers do to its ports, and where its secret can be read. The job goes on to its
// right end, and says at most one line about it. The same where agents come by ssh, which opens no port of the launcher's,
// and by srun, where they connect to one.
import { chmodSync, mkdirSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { show } from '../jobs/support.js'
import { TSMPIRUN } from '../launcher/run.js'
import { Cluster } from './support/cluster.js'
import type { Host } from './support/host.js'
import { byNode, cleanTest, startCommand, startJob } from './support/job.js'
import type { HostJob } from './support/job.js'
import { hostsOrSkip, slurmOrSkip } from './support/skip.js'
import { startSlurm, untilIdle } from './support/slurm.js'
import { wide } from './support/tools.js'

const here = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url))
const ROUNDS = here('rounds.mjs')

/** Where a job listens on a host: `address:port`. What salloc listens at is inherited. */
function listening(host: Host): string[] {
  const own = byNode(host).map(({ pid }) => pid)
  const others = new Set(host.processes().filter(({ pid }) => !own.includes(pid)).flatMap(({ pid }) => descriptors(pid)))
  const sockets = new Set(own.flatMap(descriptors).filter((socket) => !others.has(socket)))
  return ['tcp', 'tcp6'].flatMap((kind) => {
    const lines = readFileSync(`/proc/${host.pid}/net/${kind}`, 'latin1').trim().split('\n').slice(1)
    return lines.flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      if (state !== '0A' || !sockets.has(`socket:[${inode}]`)) return []
      const bytes = Buffer.from(address, 'hex').reverse()
      return [`${kind === 'tcp' ? bytes.join('.') : address}:${Number.parseInt(port, 16)}`]
    })
  })
}

/** What the descriptors of a process are open on. */
function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    return [] // gone meanwhile
  }
}

/** What every process of the hosts shows of itself: its command line and its environment. */
function shown(hosts: readonly Host[]): string {
  return hosts.flatMap((host) => [host.pid, ...host.processes().map(({ pid }) => pid)]).map((pid) => {
    const read = (name: string): string => {
      try {
        return readFileSync(`/proc/${pid}/${name}`, 'latin1')
      } catch {
        return ''
      }
    }
    return `${read('cmdline')}\0${read('environ')}`
  }).join('\0')
}

interface Way {
  cluster: Cluster
  /** Starts the job: two ranks on each of two hosts, which talk for so many seconds. `sent`: a folder for what agents are told. */
  start(seconds: number, sent?: string): HostJob
  /** How many ports the head node opens. */
  ports: number
  idle?(): Promise<void>
}

async function strangers(t: Test, { cluster, start, ports, idle }: Way): Promise<void> {
  const test = (name: string, body: (t: Test) => Promise<void>): Promise<unknown> =>
    cleanTest(t, () => cluster, name, async (t) => {
      await body(t)
      await idle?.()
    })
  const talking = async (seconds: number, sent?: string): Promise<HostJob> => {
    const job = start(seconds, sent)
    await job.printed(' talks', 4)
    return job
  }

  await test('each rank listens once, at the address of its host', async (t) => {
    const job = await talking(1)
    for (const host of cluster.all) {
      const found = listening(host)
      t.equal(found.length, host === cluster.head ? ports : 2, found.join())
      for (const port of found) t.ok(port.startsWith(`${host.address}:`), port)
    }
    const finished = await job.finished
    t.equal(finished.code, 0, show(finished))
  })

  for (const [count, kind] of [[1000, 'idle'], [100, 'garbage'], [10, 'null'], [10, 'plain'], [10, 'curve']] as const) {
    await test(`${count} connections to every port: ${kind}`, async (t) => {
      const job = await talking(count > 100 ? 8 : 4)
      const ports = cluster.all.flatMap(listening)
      const stranger = startCommand(cluster, [process.execPath, here('connections.mjs'), `${count}`, kind, ...ports])
      await stranger.printed(' connections')
      const finished = await job.finished
      t.equal(finished.code, 0, show(finished))
      t.match(finished.stdout, 'all rounds were right')
      t.ok(finished.stderr.split('\n').length <= 2, finished.stderr)
      for (const { pid, command } of cluster.head.processes()) if (command.includes('connections.mjs')) process.kill(pid, 'SIGKILL')
      const { stdout } = await stranger.finished
      t.match(stdout, `${count * ports.length} connections`)
    })
  }

  await test('the secret is in no command line and no environment', async (t) => {
    const folder = join(cluster.folder, 'heard')
    mkdirSync(folder)
    // What goes to the agents on standard input holds the secret: so it is known what to look for.
    const job = await talking(2, folder)
    const heard = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1')).join('')
    const secret = /"secret":"([0-9a-f]{64})"/.exec(heard)?.[1]
    t.ok(secret, 'it came by standard input')
    const bytes = Buffer.from(secret ?? 'no', 'hex')
    const text = shown(cluster.all)
    t.ok(text.includes(ROUNDS) && text.includes(TSMPIRUN))
    for (const form of [secret!, secret!.toUpperCase(), bytes.toString('base64').slice(0, 42), bytes.toString('base64url').slice(0, 42), bytes.toString('latin1')]) {
      t.notOk(text.includes(form))
    }
    const finished = await job.finished
    t.equal(finished.code, 0, show(finished))
    t.notOk(`${finished.stdout}${finished.stderr}`.includes(secret!))
  })
}

/** A command that keeps in `folder` what it passes on. */
function tee(cluster: Cluster, name: string, folder: string, command: string): string {
  const file = cluster.file(name, `#!/bin/sh\ntee ${folder}/$$ | ${command} "$@"\n`)
  chmodSync(file, 0o755)
  return file
}

void t.test('strangers', { skip: hostsOrSkip('strangers'), timeout: 600_000 }, async (t) => {
  const cluster = await Cluster.create(2)
  t.teardown(() => cluster.remove())
  await strangers(t, {
    cluster,
    start(seconds, sent) {
      const rsh = sent === undefined ? cluster.rsh : tee(cluster, 'rsh', sent, `ssh -F ${cluster.sshConfig}`)
      return startJob(cluster, ['--rsh', rsh, '-H', 'h1:2,h2:2', ROUNDS, `${seconds}`])
    },
    ports: 0,
  })

  await cleanTest(t, () => cluster, 'a job on one host opens no port', async (t) => {
    const job = startJob(cluster, ['-n', '2', ROUNDS, '1'], { on: cluster.host('h1') })
    await job.printed(' talks', 2)
    t.same(cluster.all.flatMap(listening), [])
    t.equal((await job.finished).code, 0)
    const elsewhere = startJob(cluster, ['--rsh', cluster.rsh, '-H', 'h2:2', ROUNDS, '1'])
    await elsewhere.printed(' talks', 2)
    t.same(cluster.all.flatMap(listening), [])
    t.equal((await elsewhere.finished).code, 0)
  })
})

void t.test('strangers under Slurm', { skip: slurmOrSkip('strangers under Slurm'), timeout: 600_000 }, async (t) => {
  const cluster = await Cluster.create(2)
  t.teardown(() => cluster.remove())
  const slurm = await startSlurm(cluster)
  const srun = (await cluster.head.run(['sh', '-c', 'command -v srun'])).trim()
  await strangers(t, {
    cluster,
    start(seconds, sent) {
      const folder = join(cluster.folder, 'bin')
      mkdirSync(folder, { recursive: true })
      const path = sent === undefined ? wide()['PATH'] : `${dirname(tee(cluster, 'bin/srun', sent, srun))}:${wide()['PATH']}`
      const words = ['salloc', '--quiet', '-N', '2', '--ntasks-per-node', '2', process.execPath, TSMPIRUN, ROUNDS, `${seconds}`]
      return startCommand(cluster, words, { env: { ...slurm, PATH: path! } })
    },
    ports: 1,
    idle: () => untilIdle(cluster, slurm),
  })
})
