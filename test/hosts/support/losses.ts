// What can be lost on the way: launcher, agent, rank, host, cable. Each time the job ends with a report of it, nothing of
// it is left on any host, all of that in a time that the heartbeat gives, and the next job works. The same for every way by
// which agents come to the hosts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { show } from '../../jobs/support.js'
import { within } from '../../launcher/run.js'
import type { Finished } from '../../launcher/run.js'
import type { Cluster } from './cluster.js'
import type { Host, HostProcess } from './host.js'
import { agentOf, launcherOf, nothingLeft, ranksOf } from './job.js'
import type { HostJob } from './job.js'

/** How a job comes to the cluster's hosts: two ranks on each of three. */
export interface Way {
  start(cluster: Cluster, args: string[]): HostJob
  /** The process on the head node by which the agent of h2 is reached, and what is said once that is gone. */
  connection: RegExp
  gone: RegExp
  /** What a launcher that was killed looks like to whoever has started the job. */
  killed: Partial<Finished>
  /** Agents start others. */
  tree: boolean
  /** Resolves once the next job can be started. */
  ready(cluster: Cluster): Promise<void>
  /** A host that has come up again can be used. */
  rebooted(host: Host): Promise<void>
}

const ROUNDS = fileURLToPath(new URL('../programs/rounds.mjs', import.meta.url))
const RANKS = 6
/** Seconds: short, for the tests' sake, but longer than a busy machine makes a process wait. */
const HEARTBEAT = 4
/** What `--heartbeat` is where nobody says it. */
const DEFAULT_HEARTBEAT = 5
/**
 * From a loss to the end of the last process, in seconds. Promised is the heartbeat; as much again is for ends that do not
 * wait for it and for what Slurm does, and the rest for a machine that is busy with other tests.
 */
const mostUntilOver = (heartbeat: number): number => 2 * heartbeat + 5
const killed = (process: HostProcess | undefined, signal: NodeJS.Signals = 'SIGKILL'): void => {
  if (process === undefined) throw new Error('no such process')
  globalThis.process.kill(process.pid, signal)
}

/** The tests, on a cluster of three hosts, which ends with them. */
export async function losses(t: Test, first: Cluster, way: Way): Promise<void> {
  let cluster = first
  t.teardown(() => cluster.remove())
  const start = (program: string[], options = ['--heartbeat', `${HEARTBEAT}`]): HostJob => way.start(cluster, [...options, ...program])
  const talking = async (options?: string[], program = [ROUNDS, '600']): Promise<HostJob> => {
    const job = start(program, options)
    await job.printed(' talks', RANKS)
    return job
  }
  const heartbeatOf = (seconds: number, ...more: string[]): string[] => ['--heartbeat', `${seconds}`, ...more]
  const h2 = (): Host => cluster.host('h2')
  const reboot = async (host: Host): Promise<void> => {
    cluster = await cluster.reboot(host)
    await way.rebooted(cluster.host(host.name))
  }

  /** The assertions on a job that something happens to. `strike` does it. */
  async function lost(t: Test, job: HostJob, strike: () => unknown, report: (job: Finished) => void, heartbeat = HEARTBEAT): Promise<void> {
    const begun = Date.now()
    await strike()
    report(await job.finished)
    await nothingLeft(t, cluster.all, 1000 * heartbeat)
    const took = (Date.now() - begun) / 1000
    t.ok(took <= mostUntilOver(heartbeat), `all is over ${took.toFixed(1)} s after it, at most ${mostUntilOver(heartbeat)}`)
    t.comment(`${took.toFixed(1)} s`)
  }

  async function nextWorks(t: Test): Promise<void> {
    await way.ready(cluster)
    const next = await start([ROUNDS, '0']).finished
    t.equal(next.code, 0, `the next job works: ${show(next)}`)
    t.match(next.stdout, 'all rounds were right')
    await nothingLeft(t, cluster.all)
  }

  /** That the job failed with this code, and the last thing said on standard error names these. */
  const failedWith = (t: Test, code: number | 'any', ...what: RegExp[]) => (job: Finished): void => {
    if (code === 'any') t.ok(job.code !== 0 && job.code !== null, show(job))
    else t.equal(job.code, code, show(job))
    for (const pattern of what) t.match(job.stderr, pattern)
    const said = job.stderr.split('\n').filter((line) => line.startsWith('tsmpirun: '))
    t.equal(said.length, 1, `one report:\n${job.stderr}`)
  }

  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
    await t.test(`the launcher gets ${signal}`, async (t) => {
      const job = await talking()
      await lost(t, job, () => killed(launcherOf(cluster.head), signal), (job) => {
        if (signal === 'SIGKILL') t.match(job, way.killed)
        else t.equal(job.code, signal === 'SIGTERM' ? 143 : 130, show(job))
      })
      await nextWorks(t)
    })
  }

  await t.test('an agent is killed', async (t) => {
    const job = await talking()
    await lost(t, job, () => killed(agentOf(h2())), failedWith(t, 1, /h2/, /ranks? 2.*3/))
    await nextWorks(t)
  })

  await t.test("the launcher's own agent is killed", async (t) => {
    const job = await talking()
    await lost(t, job, () => killed(agentOf(cluster.head)), failedWith(t, 1, /h0/))
    await nextWorks(t)
  })

  await t.test('an agent is stopped', async (t) => {
    const job = await talking()
    const agent = agentOf(h2())
    await lost(t, job, () => killed(agent, 'SIGSTOP'), (finished) => {
      failedWith(t, 1, /h2/, /ranks? 2.*3/)(finished)
      if (agent && h2().processes().some(({ pid }) => pid === agent.pid)) killed(agent, 'SIGCONT')
    })
    await nextWorks(t)
  })

  await t.test('a rank is killed', async (t) => {
    const job = await talking()
    const report = failedWith(t, 137, /rank [23] \(pid \d+ on host h2\) was killed by SIGKILL/)
    await lost(t, job, () => killed(ranksOf(h2(), ROUNDS)[0]), report)
    await nextWorks(t)
  })

  await t.test('the connection to a host is ended', async (t) => {
    const job = await talking()
    const connection = cluster.head.processes().find(({ command }) => way.connection.test(command))
    await lost(t, job, () => killed(connection), failedWith(t, 1, way.gone))
    await nextWorks(t)
  })

  await t.test('a host loses its power', async (t) => {
    const job = await talking()
    const off = h2()
    await lost(t, job, () => off.powerOff(), failedWith(t, 1, /h2/, /ranks? 2.*3/))
    await reboot(off)
    await nextWorks(t)
  })

  await t.test('a cable is cut, and nobody has said for how long it may be', async (t) => {
    const job = await talking([])
    await lost(t, job, () => h2().cut(), failedWith(t, 1, /h2/, /ranks? 2.*3/), DEFAULT_HEARTBEAT)
    await h2().heal()
    await nextWorks(t)
  })

  await t.test("the head node's cable is cut", async (t) => {
    const job = await talking()
    await lost(t, job, () => cluster.head.cut(), failedWith(t, 1, /h[123]/))
    await cluster.head.heal()
    await nextWorks(t)
  })

  await t.test('a cable is cut for three tenths of the heartbeat: nothing happens', async (t) => {
    const heartbeat = 12
    const file = join(cluster.folder, 'enough')
    const job = await talking(heartbeatOf(heartbeat), [ROUNDS, '140', file])
    // who has just connected looks for its peer, and takes an interruption then for a peer that is not to be had
    await sleep(3000)
    for (const host of [h2(), cluster.head]) {
      await host.cut()
      await sleep(300 * heartbeat)
      await host.heal()
      // TCP tries again after as long as it was cut, and not before the next cut shall it be silent for both
      await sleep(300 * heartbeat)
    }
    writeFileSync(file, '')
    const finished = await job.finished
    t.equal(finished.code, 0, show(finished))
    t.notMatch(finished.stderr, 'tsmpirun')
    t.match(finished.stdout, 'all rounds were right')
    await nothingLeft(t, cluster.all)
  })

  await t.test('a cable is cut and healed too late', async (t) => {
    const job = await talking()
    const strike = async (): Promise<void> => {
      await h2().cut()
      t.ok(await within(60_000, () => ranksOf(h2(), ROUNDS).length === 0), 'the host has ended its ranks by itself')
      await h2().heal()
    }
    await lost(t, job, strike, failedWith(t, 1, /h2/))
    await nextWorks(t)
  })

  await t.test('a host loses its power while the job starts', async (t) => {
    const job = start([ROUNDS, '600'], heartbeatOf(HEARTBEAT, '--launch-timeout', '5'))
    const off = h2()
    await within(20_000, () => off.processes().length > 0)
    // what is not there yet has the launch's time, not the heartbeat's
    await lost(t, job, () => off.powerOff(), failedWith(t, 'any', /h2/), 5)
    await reboot(off)
    await nextWorks(t)
  })

  await t.test('agents that start agents: the first of them is killed, a host is lost', { skip: !way.tree && 'agents start no others' }, async (t) => {
    for (const how of ['kill', 'off'] as const) {
      const job = await talking(heartbeatOf(HEARTBEAT, '--tree-width', '1'))
      const first = cluster.host('h1')
      await lost(t, job, () => (how === 'kill' ? killed(agentOf(first)) : first.powerOff()), failedWith(t, 1, /h1/))
      if (how === 'off') await reboot(first)
      await nextWorks(t)
    }
  })
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
