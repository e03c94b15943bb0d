// One world over two to four hosts: every collective, random programs, several programs, the examples, networks.
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { program, show } from '../jobs/support.js'
import { Cluster } from './support/cluster.js'
import { cleanTest, nothingLeft, onHosts, runForJson, runJob, startCommand } from './support/job.js'
import { hostsOrSkip } from './support/skip.js'
import { has } from './support/tools.js'

const skip = hostsOrSkip('worlds over hosts')
const here = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url))
const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

void t.test('worlds over hosts', { skip, timeout: 600_000 }, async (t) => {
  const cluster = await Cluster.create(4)
  t.teardown(() => cluster.remove())
  const { hosts } = cluster
  const test = (name: string, body: (t: Test) => Promise<void>): Promise<unknown> => cleanTest(t, () => cluster, name, body)

  for (const count of [2, 3, 4]) {
    for (const transport of ['auto', 'zmq']) {
      await test(`every collective, ${count} hosts, two ranks each, ${transport}`, async (t) => {
        const job = await runJob(cluster, [...onHosts(cluster, 2, hosts.slice(0, count)), '--transport', transport, program('across.mjs')])
        t.equal(job.code, 0, show(job))
        t.same(job.stdout.trim().split('\n').sort(), Array.from({ length: 2 * count }, (_, rank) => `rank ${rank} of ${2 * count}: ok`))
      })
    }
  }

  await test('uneven hosts, in turn', async (t) => {
    const where = ['--rsh', cluster.rsh, '-H', 'h1:1,h2:3,h3:2', '--rank-by', 'node']
    const job = await runJob(cluster, [...where, program('across.mjs')])
    t.equal(job.code, 0, show(job))
    t.match(job.stdout, 'rank 5 of 6: ok')
  })

  for (const [count, limit, first] of [[2, 16384, 1001], [3, 0, 1021], [4, 100, 1041]] as const) {
    await test(`random programs on ${count} hosts, eager limit ${limit}, from seed ${first}`, async (t) => {
      const where = onHosts(cluster, count === 4 ? 1 : 2, hosts.slice(0, count))
      const words = ['--eager-limit', String(limit), '--timeout', '140', program('random.mjs'), String(first), '20', String(limit)]
      const { programs, seconds } = await runForJson<{ programs: number; seconds: number }>(cluster, [...where, ...words])
      t.equal(programs, 20)
      t.comment(`${seconds.toFixed(1)} s`)
    })
  }

  await test('two programs in one world, one of them twice', async (t) => {
    const words = ['-n', '1', here('asks.mjs'), ':', '-n', '2', here('answers.mjs'), 'shyly', ':', '-n', '1', here('answers.mjs'), 'loudly']
    const said = await runForJson<{ answers: string[]; places: object[] }>(cluster, [...onHosts(cluster, 2, hosts.slice(0, 2)), ...words])
    t.same(said.answers, ['shyly 11', 'shyly 21', 'loudly 31'])
    t.same(said.places, [['asks', 'h1'], ['answers', 'h1'], ['answers', 'h2'], ['answers', 'h2']].map(([program, processor]) => ({ program, processor })))
  })

  await test('the head node among the hosts', async (t) => {
    const job = await runJob(cluster, ['--rsh', cluster.rsh, '-H', 'h0:2,h1:2', program('across.mjs')])
    t.equal(job.code, 0, show(job))
  })

  await test('pi by a hostfile', async (t) => {
    const hostfile = cluster.file('hosts.txt', '# three hosts\nh1 slots=2\nh[2-3]:3 # and more\n')
    const job = await runJob(cluster, ['--rsh', cluster.rsh, '--hostfile', hostfile, example('pi.js'), '--samples', '1e6'])
    t.equal(job.code, 0, show(job))
    t.match(job.stdout, ' 785475 hits in 1000000 samples')
  })

  await test('the heat example by a hostfile, the same as on one host', async (t) => {
    const hostfile = cluster.file('hosts.txt', 'h1:2\nh2:2\nh3:2\n')
    const alone = await runJob(cluster, ['-n', '1', example('heat2d.ts')])
    const job = await runJob(cluster, ['--rsh', cluster.rsh, '--hostfile', hostfile, example('heat2d.ts')])
    t.equal(job.code, 0, show(job))
    const picture = (text: string): string => text.split('\n').filter((line) => !/\d/.test(line)).join('\n')
    t.ok(picture(job.stdout).length > 500)
    t.equal(picture(job.stdout), picture(alone.stdout))
  })

  await test('hosts by their addresses; messages by another network than ssh', async (t) => {
    const by = (address: 'address' | 'address2' | 'address6'): string => hosts.slice(0, 2).map((host) => `[${host[address]}]:2`.replace(/^\[([\d.]+)\]/, '$1')).join(',')
    for (const where of [['-H', by('address')], ['-H', by('address6')], ['-H', 'h1:2,h2:2', '--interface', '10.78.0.0/16'], ['-H', 'h1:2,h2:2', '--interface', 'eth0']]) {
      const job = await runJob(cluster, ['--rsh', cluster.rsh, ...where, program('across.mjs')])
      t.equal(job.code, 0, `${where.join(' ')}: ${show(job)}`)
    }
    const wrong = await runJob(cluster, ['--rsh', cluster.rsh, '-H', 'h1:2,h2:2', '--interface', 'ib0', program('across.mjs')])
    t.not(wrong.code, 0)
    t.match(wrong.stderr, /h1|h2/)
    t.match(wrong.stderr, 'ib0')
  })

  const hydra = has('mpiexec.hydra') ? false : 'mpiexec.hydra of MPICH is not installed'
  await t.test("under MPICH's Hydra", { skip: hydra }, async (t) => {
    const rsh = cluster.file('rsh', `#!/bin/sh\nexec ${cluster.rsh} "$@"\n`)
    await cluster.head.run(['chmod', '+x', rsh])
    const words = ['-launcher', 'ssh', '-launcher-exec', rsh, '-hosts', 'h1:2,h2:2,h3:2', '-n', '6']
    const job = await startCommand(cluster, ['mpiexec.hydra', ...words, process.execPath, program('across.mjs')]).finished
    t.equal(job.code, 0, show(job))
    t.same(job.stdout.trim().split('\n').sort(), Array.from({ length: 6 }, (_, rank) => `rank ${rank} of 6: ok`))
    await nothingLeft(t, cluster.all)
  })

  await test('a slow cable', async (t) => {
    t.comment(await cluster.host('h2').slow(5, 50))
    const job = await runJob(cluster, [...onHosts(cluster, 2, hosts.slice(0, 3)), program('across.mjs')])
    t.equal(job.code, 0, show(job))
  })
})
