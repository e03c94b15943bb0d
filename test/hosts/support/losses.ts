// What can be lost on the way: launcher, agent, rank, host, cable. Each time the job ends with a report of it, nothing of
// it is left on any host, and the next job works. The same for every way by which agents come to the hosts.
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
const killed = (process: HostProcess | undefined, signal: NodeJS.Signals = 'SIGKILL'): void => {
  if (process === undefined) throw new Error('no such process')
  globalThis.process.kill(process.pid, signal)
}

/** The tests, on a cluster of three hosts, which ends with them. */
export async function losses(t: Test, first: Cluster, way: Way): Promise<void> {
  let cluster = first
  t.teardown(() => cluster.remove())
  const start = (seconds: number, ...more: string[]): HostJob => {
    const heartbeat = more.includes('--heartbeat') ? [] : ['--heartbeat', `${HEARTBEAT}`]
    return way.start(cluster, [...heartbeat, ...more, ROUNDS, `${seconds}`])
  }
  const talking = async (seconds = 600, ...more: string[]): Promise<HostJob> => {
    const job = start(seconds, ...more)
    await job.printed(' talks', RANKS)
    return job
  }
  const h2 = (): Host => cluster.host('h2')
  const reboot = async (host: Host): Promise<void> => {
    cluster = await cluster.reboot(host)
    await way.rebooted(cluster.host(host.name))
  }

  /** The three assertions. */
  async function lost(t: Test, job: HostJob, report: (job: Finished) => void): Promise<void> {
    const begun = Date.now()
    const finished = await job.finished
    const took = Date.now() - begun
    if (took > 1000 * HEARTBEAT) t.comment(`it took ${took} ms until tsmpirun had ended`)
    report(finished)
    await nothingLeft(t, cluster.all, 1000 * HEARTBEAT)
  }

  async function nextWorks(t: Test): Promise<void> {
    await way.ready(cluster)
    const next = await start(0).finished
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
      killed(launcherOf(cluster.head), signal)
      await lost(t, job, (job) => {
        if (signal === 'SIGKILL') t.match(job, way.killed)
        else t.equal(job.code, signal === 'SIGTERM' ? 143 : 130, show(job))
      })
      await nextWorks(t)
    })
  }

  await t.test('an agent is killed', async (t) => {
    const job = await talking()
    killed(agentOf(h2()))
    await lost(t, job, failedWith(t, 1, /h2/, /ranks? 2.*3/))
    await nextWorks(t)
  })

  await t.test("the launcher's own agent is killed", async (t) => {
    const job = await talking()
    killed(agentOf(cluster.head))
    await lost(t, job, failedWith(t, 1, /h0/))
    await nextWorks(t)
  })

  await t.test('an agent is stopped', async (t) => {
    const job = await talking()
    const agent = agentOf(h2())
    killed(agent, 'SIGSTOP')
    const finished = await job.finished
    failedWith(t, 1, /h2/, /ranks? 2.*3/)(finished)
    if (agent && h2().processes().some(({ pid }) => pid === agent.pid)) killed(agent, 'SIGCONT')
    await nothingLeft(t, cluster.all)
    await nextWorks(t)
  })

  await t.test('a rank is killed', async (t) => {
    const job = await talking()
    killed(ranksOf(h2(), ROUNDS)[0])
    await lost(t, job, failedWith(t, 137, /rank [23] \(pid \d+ on host h2\) was killed by SIGKILL/))
    await nextWorks(t)
  })

  await t.test('the connection to a host is ended', async (t) => {
    const job = await talking()
    killed(cluster.head.processes().find(({ command }) => way.connection.test(command)))
    await lost(t, job, failedWith(t, 1, way.gone))
    await nextWorks(t)
  })

  await t.test('a host loses its power', async (t) => {
    const job = await talking()
    const off = h2()
    await off.powerOff()
    await lost(t, job, failedWith(t, 1, /h2/, /ranks? 2.*3/))
    await reboot(off)
    await nextWorks(t)
  })

  await t.test('a cable is cut', async (t) => {
    const job = await talking()
    await h2().cut()
    await lost(t, job, failedWith(t, 1, /h2/, /ranks? 2.*3/))
    await h2().heal()
    await nextWorks(t)
  })

  await t.test("the head node's cable is cut", async (t) => {
    const job = await talking()
    await cluster.head.cut()
    await lost(t, job, failedWith(t, 1, /h[123]/))
    await cluster.head.heal()
    await nextWorks(t)
  })

  await t.test('a cable is cut and healed in time: nothing happens', async (t) => {
    const job = await talking(6, '--heartbeat', '20')
    for (const host of [h2(), cluster.head]) {
      await host.cut()
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await host.heal()
    }
    const finished = await job.finished
    t.equal(finished.code, 0, show(finished))
    t.notMatch(finished.stderr, 'tsmpirun')
    t.match(finished.stdout, 'all rounds were right')
    await nothingLeft(t, cluster.all)
  })

  await t.test('a cable is cut and healed too late', async (t) => {
    const job = await talking()
    await h2().cut()
    t.ok(await within(60_000, () => ranksOf(h2(), ROUNDS).length === 0), 'the host has ended its ranks by itself')
    await h2().heal()
    await lost(t, job, failedWith(t, 1, /h2/))
    await nextWorks(t)
  })

  await t.test('a host loses its power while the job starts', async (t) => {
    const job = start(600, '--launch-timeout', '5')
    const off = h2()
    await within(20_000, () => off.processes().length > 0)
    await off.powerOff()
    await lost(t, job, failedWith(t, 'any', /h2/))
    await reboot(off)
    await nextWorks(t)
  })

  await t.test('agents that start agents: the first of them is killed, a host is lost', { skip: !way.tree && 'agents start no others' }, async (t) => {
    for (const how of ['kill', 'off'] as const) {
      const job = await talking(600, '--tree-width', '1')
      const first = cluster.host('h1')
      if (how === 'kill') killed(agentOf(first))
      else await first.powerOff()
      await lost(t, job, failedWith(t, 1, /h1/))
      if (how === 'off') await reboot(first)
      await nextWorks(t)
    }
  })
}
