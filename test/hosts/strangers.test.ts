// Who may join a job over hosts: what strangers do to its ports, and where its secret can be read. The job goes on to its
// right end, and says at most one line about it.
import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { show } from '../jobs/support.js'
import { TSMPIRUN } from '../launcher/run.js'
import { Cluster } from './support/cluster.js'
import type { Host } from './support/host.js'
import { cleanTest, onHosts, startCommand, startJob } from './support/job.js'
import type { HostJob } from './support/job.js'
import { hostsOrSkip } from './support/skip.js'

const skip = hostsOrSkip('strangers')
const here = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url))
const ROUNDS = here('rounds.mjs')
const SSH = 22

/** Where a host listens, but for sshd: `address:port`. */
function listening(host: Host): string[] {
  return ['tcp', 'tcp6'].flatMap((kind) => {
    const lines = readFileSync(`/proc/${host.pid}/net/${kind}`, 'latin1').trim().split('\n').slice(1)
    return lines.flatMap((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      if (state !== '0A' || Number.parseInt(port, 16) === SSH) return []
      const bytes = Buffer.from(address, 'hex').reverse()
      return [`${kind === 'tcp' ? bytes.join('.') : address}:${Number.parseInt(port, 16)}`]
    })
  })
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

void t.test('strangers', { skip, timeout: 600_000 }, async (t) => {
  const cluster = await Cluster.create(2)
  t.teardown(() => cluster.remove())
  const test = (name: string, body: (t: Test) => Promise<void>): Promise<unknown> => cleanTest(t, () => cluster, name, body)
  const talking = async (seconds: number): Promise<HostJob> => {
    const job = startJob(cluster, [...onHosts(cluster, 2), ROUNDS, `${seconds}`])
    await job.printed(' talks', 4)
    return job
  }

  await test('each rank listens once, at the address of its host; the launcher does not', async (t) => {
    const job = await talking(1)
    t.same(listening(cluster.head), [])
    for (const host of cluster.hosts) {
      const ports = listening(host)
      t.equal(ports.length, 2, ports.join())
      for (const port of ports) t.ok(port.startsWith(`${host.address}:`), port)
    }
    const finished = await job.finished
    t.equal(finished.code, 0, show(finished))
  })

  for (const [count, kind] of [[1000, 'idle'], [100, 'garbage'], [10, 'null'], [10, 'plain'], [10, 'curve']] as const) {
    await test(`${count} connections to every port: ${kind}`, async (t) => {
      const job = await talking(count > 100 ? 8 : 4)
      const ports = cluster.hosts.flatMap(listening)
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
    // What goes to the agents by ssh holds the secret: so it is known what to look for.
    const rsh = cluster.file('rsh', `#!/bin/sh\ntee ${folder}/$$ | ssh -F ${cluster.sshConfig} "$@"\n`)
    await cluster.head.run(['chmod', '+x', rsh])
    const job = startJob(cluster, ['--rsh', rsh, '-H', 'h1:2,h2:2', ROUNDS, '2'])
    await job.printed(' talks', 4)
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

  await test('a job on one host opens no port', async (t) => {
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
