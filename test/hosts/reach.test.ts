// Hosts that cannot be had: nobody there, no answer, a wrong key, other versions, no folder, a full disk. tsmpirun names
// host and command, and says what ssh said.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { show } from '../jobs/support.js'
import { Cluster, NOBODY } from './support/cluster.js'
import { cleanTest, onHosts, runJob, startCommand, startJob } from './support/job.js'
import { hostsOrSkip } from './support/skip.js'

const skip = hostsOrSkip('hosts that cannot be had')
const here = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url))

void t.test('hosts that cannot be had', { skip, timeout: 600_000 }, async (t) => {
  const cluster = await Cluster.create(3)
  t.teardown(() => cluster.remove())
  const test = (name: string, body: (t: Test) => Promise<void>): Promise<unknown> => cleanTest(t, () => cluster, name, body)

  await test('nobody has the address', async (t) => {
    const job = await runJob(cluster, ['--rsh', cluster.rsh, '-H', `h1,${NOBODY.name},h2`, here('rounds.mjs')])
    t.equal(job.code, 1, show(job))
    t.match(job.stderr, /^tsmpirun: .*nobody/)
    t.match(job.stderr, cluster.sshConfig, 'the command')
    t.match(job.stderr, /No route to host|timed out/, "ssh's own words, or that time is up")
  })

  await test('a name that nobody knows', async (t) => {
    const job = await runJob(cluster, ['--rsh', cluster.rsh, '-H', 'h1,h9', here('rounds.mjs')])
    t.equal(job.code, 1, show(job))
    t.match(job.stderr, /h9/)
    t.match(job.stderr, /Could not resolve hostname/)
  })

  await test('an ssh server that does not answer', async (t) => {
    const silent = startCommand(cluster, [process.execPath, here('forever.mjs'), '2022'], { on: cluster.host('h1') })
    await silent.printed('listens')
    const hostfile = cluster.file('hosts.txt', 'h1 port=2022\nh2\n')
    const job = await runJob(cluster, ['--rsh', cluster.rsh, '--launch-timeout', '2', '--hostfile', hostfile, here('rounds.mjs')])
    t.equal(job.code, 1, show(job))
    t.match(job.stderr, /h1/)
    t.match(job.stderr, /timed out|did not|within/)
    process.kill(await silent.pid(), 'SIGKILL')
    await silent.finished
  })

  await test('a host with another key than is known of it', async (t) => {
    const read = (name: string): string => readFileSync(join(cluster.folder, name), 'utf8')
    const others = read('known_hosts').split('\n').filter((line) => line !== '' && !line.startsWith('h2,'))
    const known = cluster.file('wrong_hosts', `${[...others, `h2 ${read('keys/h1.pub')}`].join('\n')}\n`)
    const job = await runJob(cluster, ['--rsh', `${cluster.rsh} -o UserKnownHostsFile=${known}`, '-H', 'h1,h2', here('rounds.mjs')])
    t.equal(job.code, 1, show(job))
    t.match(job.stderr, /h2/)
    t.match(job.stderr, /Host key verification failed/)
  })

  await test('a key that does not log in', async (t) => {
    const options = `-i ${cluster.folder}/keys/h1 -o IdentitiesOnly=yes -o UserKnownHostsFile=${cluster.folder}/known_hosts`
    const job = await runJob(cluster, ['--rsh', `ssh -F /dev/null ${options}`, '-H', 'h1,h2', here('rounds.mjs')])
    t.equal(job.code, 1, show(job))
    t.match(job.stderr, /Permission denied/)
  })

  await test('a command that is not there', async (t) => {
    const job = await runJob(cluster, ['--rsh', '/nowhere/ssh', '-H', 'h1,h2', here('rounds.mjs')])
    t.equal(job.code, 1, show(job))
    t.match(job.stderr, '/nowhere/ssh')
  })

  await test('a working directory that one host does not have', async (t) => {
    const folder = join(cluster.folder, 'work')
    mkdirSync(join(folder, 'deep'), { recursive: true })
    await cluster.host('h2').mount(folder, '64k')
    const job = await runJob(cluster, [...onHosts(cluster, 1), '--wdir', join(folder, 'deep'), here('rounds.mjs')])
    t.not(job.code, 0, show(job))
    t.match(job.stderr, /h2/)
    t.match(job.stderr, join(folder, 'deep'))
  })

  await test('a login that prints, and a host behind another', async (t) => {
    const noisy = `ForceCommand=echo Welcome to h1; echo $$ >&2; exec sh -c "$SSH_ORIGINAL_COMMAND"`
    const sshd = ['sh', '-c', '"$(command -v sshd)" -f "$0" -h "$1" -p 2023 -o "$2"', `${cluster.folder}/sshd_config`, `${cluster.folder}/keys/h1`, noisy]
    await cluster.host('h1').run(sshd)
    const config = `Match host h1\n  Port 2023\nHost h2\n  ProxyJump h3\n${readFileSync(cluster.sshConfig, 'utf8')}`
    // h0 and h2 do not reach each other: only by way of h3.
    for (const host of [cluster.head, cluster.host('h2')]) await host.isolate(true)
    const known = readFileSync(join(cluster.folder, 'known_hosts'), 'utf8').replace(/^h1,/m, 'h1,[h1]:2023,')
    const file = cluster.file('jump_config', config.replace(join(cluster.folder, 'known_hosts'), cluster.file('jump_hosts', known)))
    const job = await runJob(cluster, ['--rsh', `ssh -F ${file}`, '-H', 'h1:2,h2:2', here('rounds.mjs'), '0'])
    t.equal(job.code, 0, show(job))
    t.equal(job.stderr, '')
    t.notMatch(job.stdout, /Welcome/)
    for (const host of [cluster.head, cluster.host('h2')]) await host.isolate(false)
  })

  await test('hosts that do not reach each other: both are named, with their addresses', async (t) => {
    const both = cluster.hosts.slice(0, 2)
    const rank = String.raw`rank [01] on h[12] \(10\.77\.0\.[12]:\d+\)`
    for (const host of both) await host.isolate(true)
    for (const host of both) await host.run(['ip', 'neigh', 'flush', 'all'])
    for (const why of ['EHOSTUNREACH', 'no connection within 5 s']) {
      // who has the other's card on record asks nobody for it, and hears nothing
      if (why !== 'EHOSTUNREACH') for (const host of both) await host.remember(both)
      const job = await runJob(cluster, [...onHosts(cluster, 1, both), here('rounds.mjs')])
      t.ok(job.code !== 0, show(job))
      t.match(job.stderr, new RegExp(`${rank} cannot reach ${rank}: ${why}`))
      const send = `import { COMM_WORLD as world } from 'tsmpi'; world.rank === 0 ? await world.send('x', 1) : await world.recv(0)`
      const sent = await runJob(cluster, [...onHosts(cluster, 1, both), process.execPath, '--input-type=module', '-e', send])
      t.ok(sent.code !== 0, show(sent))
      t.match(sent.stderr, new RegExp(`${rank} cannot reach ${rank}: ${why}`))
    }
    for (const host of both) await host.isolate(false)
  })

  await test('hosts that lose each other during the job, though both reach the launcher', async (t) => {
    const both = cluster.hosts.slice(0, 2)
    const rank = String.raw`rank [01] on h[12] \(10\.77\.0\.[12]:\d+\)`
    const job = startJob(cluster, ['--heartbeat', '4', ...onHosts(cluster, 1, both), here('rounds.mjs'), '600'])
    await job.printed(' talks', 2)
    for (const host of both) await host.isolate(true)
    const begun = Date.now()
    const finished = await job.finished
    // silence, a look, the last word of others, a second look; far from the half minute of those who have no launcher
    t.ok(Date.now() - begun < 30_000, `after ${Date.now() - begun} ms`)
    t.ok(finished.code !== 0, show(finished))
    t.match(finished.stderr, new RegExp(`${rank} cannot reach ${rank}: (EHOSTUNREACH|no connection within 5 s)`))
    for (const host of both) await host.isolate(false)
  })

  await test('a full disk for output files', async (t) => {
    const folder = join(cluster.folder, 'out')
    mkdirSync(folder)
    for (const host of cluster.all) await host.mount(folder, '32k')
    // The first says nothing of a write that failed, the second ends with an error.
    for (const write of ['console.log', 'process.stdout.write']) {
      const flood = `for (let i = 0; i < 2000; i++) ${write}('x'.repeat(100))`
      const job = await runJob(cluster, [...onHosts(cluster, 1), '--output-dir', folder, process.execPath, '-e', flood])
      t.equal(job.code, write === 'console.log' ? 0 : 1, show(job))
      t.match(job.stderr, new RegExp(`the disk of ${folder} on host h[123] is full`))
    }
    for (const host of cluster.all) await host.run(['umount', folder])
    const next = await runJob(cluster, [...onHosts(cluster, 1), '--output-dir', folder, here('rounds.mjs'), '0'])
    t.equal(next.code, 0, show(next))
  })
})
