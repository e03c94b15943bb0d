// Who may join a job over hosts: what strangers do to its ports, and where its secret can be read. The job goes on to its
// right end, and says at most one line about it. The same where agents come by ssh, which opens no port of the launcher's,
// and by srun, where they connect to one.
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { curveKeyPair } from 'zeromq'
import { ROOT, agentKeys, routingId } from '../../launcher/tree/messages.js'
import { JobKeys } from '../../lib/transport/zmq-keys.js'
import type { KeyPair } from '../../lib/transport/zmq-keys.js'
import { BATCH_HEAD_WORDS, jobMark, writeHead } from '../../lib/wire/batch.js'
import { CREDIT, HEADER_WORDS } from '../../lib/wire/header.js'
import { show } from '../jobs/support.js'
import { TSMPIRUN } from '../launcher/run.js'
import type { Finished } from '../launcher/run.js'
import { Cluster } from './support/cluster.js'
import type { Host } from './support/host.js'
import { cleanTest, startCommand, startJob } from './support/job.js'
import type { HostJob } from './support/job.js'
import { listening, sockets } from './support/listening.js'
import { hostsOrSkip, slurmOrSkip } from './support/skip.js'
import { startSlurm, untilIdle } from './support/slurm.js'
import { wide } from './support/tools.js'

const here = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url))
const ROUNDS = here('rounds.mjs')

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

interface StartOptions {
  /** Of tsmpirun. */
  options?: string[]
  /** A folder for what agents are told. */
  sent?: string
}

interface Way {
  cluster: Cluster
  /** Starts the job: two ranks on each of two hosts, which run this. */
  start(program: string[], options: StartOptions): HostJob
  /** How many ports the head node opens. */
  ports: number
  idle?(): Promise<void>
}

interface Talk {
  /** Lets the ranks end; what became of the job. */
  enough(): Promise<Finished>
}

/** How long strangers stay while the ranks talk, in milliseconds. */
const VISIT = 1500

async function strangers(t: Test, { cluster, start, ports, idle }: Way): Promise<void> {
  const test = (name: string, body: (t: Test) => Promise<void>): Promise<unknown> =>
    cleanTest(t, () => cluster, name, async (t) => {
      await body(t)
      await idle?.()
    })
  let talks = 0
  const talking = async (options: StartOptions = {}): Promise<Talk> => {
    const file = join(cluster.folder, `enough-${talks++}`)
    const job = start([ROUNDS, '140', file], options)
    await job.printed(' talks', 4)
    const enough = (): Promise<Finished> => {
      writeFileSync(file, '')
      return job.finished
    }
    return { enough }
  }
  const wentWell = (t: Test, finished: Finished): void => {
    t.equal(finished.code, 0, show(finished))
    t.match(finished.stdout, 'all rounds were right')
    t.ok(finished.stderr.split('\n').length <= 2, `at most one line: ${finished.stderr}`)
  }
  /** While the ranks talk, a program of strangers runs on the head node until it has said `sign`, and a while longer; its output. */
  const visited = async (t: Test, { enough }: Talk, [program, ...words]: [string, ...string[]], sign: string): Promise<string> => {
    const stranger = startCommand(cluster, [process.execPath, here(program), ...words], { timeout: 90_000 })
    try {
      await stranger.printed(sign)
      await delay(VISIT)
    } catch (error) {
      throw new Error(`${(error as Error).message}\nthe job: ${show(await enough())}`)
    }
    wentWell(t, await enough())
    process.kill(await stranger.pid(), 'SIGKILL')
    return (await stranger.finished).stdout
  }

  for (const [what, network, options] of [['of its host', 'address', []], ['that is chosen', 'address2', ['--interface', '10.78.0.0/16']]] as const) {
    await test(`each rank listens once, at the address ${what}`, async (t) => {
      const { enough } = await talking({ options: [...options] })
      for (const host of cluster.all) {
        const found = sockets(host)
        t.equal(found.length, host === cluster.head ? ports : 2, JSON.stringify(found))
        for (const { kind, at } of found) t.ok(kind === 'tcp' && at.startsWith(`${host[network]}:`), `${host.name}: ${kind} ${at}`)
        if (host !== cluster.head) t.same(found.map(({ rank }) => rank).sort(), host.name === 'h1' ? [0, 1] : [2, 3])
      }
      wentWell(t, await enough())
    })
  }

  for (const [count, kind] of [[1000, 'idle'], [100, 'garbage'], [10, 'null'], [10, 'plain'], [10, 'curve']] as const) {
    await test(`${count} connections to every port: ${kind}`, async (t) => {
      const talk = await talking()
      const ports = cluster.all.flatMap(listening)
      const stdout = await visited(t, talk, ['connections.mjs', `${count}`, kind, ...ports], ' connections')
      t.match(stdout, `${count * ports.length} connections`)
    })
  }

  /** What goes to the agents on standard input holds the secret: so it is known what to look for, and to forge. */
  const overheard = async (): Promise<Talk & { secret: string; jobId: string }> => {
    const folder = mkdtempSync(join(cluster.folder, 'heard-'))
    const talk = await talking({ sent: folder })
    const heard = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1')).join('')
    const found = (name: string, pattern: string): string => new RegExp(`"${name}":"(${pattern})"`).exec(heard)?.[1] ?? ''
    return { ...talk, secret: found('secret', '[0-9a-f]{64}'), jobId: found('job', '[0-9a-f]+') }
  }

  await test('the secret is in no command line and no environment', async (t) => {
    const { secret, enough } = await overheard()
    t.ok(secret, 'it came by standard input')
    const bytes = Buffer.from(secret || 'no', 'hex')
    const text = shown(cluster.all)
    t.ok(text.includes(ROUNDS) && text.includes(TSMPIRUN))
    for (const form of [secret, secret.toUpperCase(), bytes.toString('base64').slice(0, 42), bytes.toString('base64url').slice(0, 42), bytes.toString('latin1')]) {
      t.notOk(text.includes(form))
    }
    const finished = await enough()
    wentWell(t, finished)
    t.notOk(`${finished.stdout}${finished.stderr}`.includes(secret))
  })

  await test('who knows the address, and the key of who listens there, or has been overheard', async (t) => {
    const talk = await overheard()
    const { secret, jobId } = talk
    const attempts = cluster.all.flatMap((host) => sockets(host).map(({ at, rank }) => (rank === undefined ? onRoot(at, jobId, secret) : onRank(at, rank, jobId, secret)))).flat()
    t.equal(attempts.length, 4 * 6 + 4 * ports)
    const file = cluster.file('attempts.json', JSON.stringify(attempts))
    const stdout = await visited(t, talk, ['impostor.mjs', file], 'all attempts')
    const became = stdout.trim().split('\n').slice(0, -1).map((line) => JSON.parse(line) as string)
    t.same(became, attempts.map(({ expected }) => expected))
  })
}

interface Attempt {
  at: string
  keys: { publicKey: string; secretKey: string; serverKey: string }
  routingId: string
  /** Hex. */
  message: string
  replay?: boolean
  expected: string
}

const REFUSED = { expected: 'refused' }
const another = (): string => randomBytes(32).toString('hex')
/** In place of a token: who has one key alone cannot make it. */
const madeUp = (): string => randomBytes(16).toString('hex')

/** At the port `at` of the holder of `serverKey`: by a key pair, under a name, with a first message. */
const attemptsAt = (at: string, serverKey: string) => ({ publicKey, secretKey }: KeyPair, routingId: string, message: string): Omit<Attempt, 'expected'> =>
  ({ at, keys: { publicKey, secretKey, serverKey }, routingId, message })

/**
 * At the port of a rank. Its neighbour on its host is the only one whose key can be used without harm: these two have no
 * connection. What it says is right for who has said nothing yet, and a loss for who has.
 */
function onRank(at: string, rank: number, jobId: string, secret: string): Attempt[] {
  const [neighbour, far] = [rank ^ 1, (rank + 2) % 4]
  const keys = new JobKeys({ jobId, secret, epoch: 0 })
  const as = attemptsAt(at, keys.pair(rank).publicKey)
  const name = (of: number): string => `${of}-${keys.token(of, rank)}`
  const head = firstMessage(jobId, 0)
  return [
    { ...as(curveKeyPair(), name(far), head), ...REFUSED },
    { ...as(new JobKeys({ jobId, secret: another(), epoch: 0 }).pair(far), name(far), head), ...REFUSED },
    { ...as(new JobKeys({ jobId, secret, epoch: 1 }).pair(far), name(far), head), ...REFUSED },
    { ...as(new JobKeys({ jobId, secret, epoch: 0, of: 'agent' }).pair(far), name(far), head), ...REFUSED },
    { ...as(keys.pair(neighbour), `${far}-${madeUp()}`, head), expected: 'let in' },
    { ...as(keys.pair(neighbour), name(neighbour), firstMessage(jobId, 1)), replay: true, expected: 'let in, recorded, then refused' },
  ]
}

/** At the port for the agents: an agent's key is let in, but not heard beside the agent itself. */
function onRoot(at: string, job: string, secret: string): Attempt[] {
  const keys = agentKeys({ job, secret })
  const as = attemptsAt(at, keys.pair(ROOT).publicKey)
  const name = routingId(keys, 1)
  const message = Buffer.alloc(100, 0xee).toString('hex')
  return [
    { ...as(curveKeyPair(), name, message), ...REFUSED },
    { ...as(agentKeys({ job, secret: another() }).pair(1), name, message), ...REFUSED },
    { ...as(new JobKeys({ jobId: job, secret, epoch: 0 }).pair(1), name, message), ...REFUSED },
    { ...as(keys.pair(2), `1-${madeUp()}`, message), expected: 'let in' },
  ]
}

/** The first message of a rank to another: so many frames, which give credit of nothing. In hex. */
function firstMessage(jobId: string, frames: 0 | 1): string {
  const words = new Int32Array(BATCH_HEAD_WORDS + frames * HEADER_WORDS)
  writeHead(words, 0, 0, { sequence: frames, acknowledge: 0, frames }, { job: jobMark(jobId), epoch: 0 })
  if (frames > 0) words[BATCH_HEAD_WORDS] = CREDIT
  return Buffer.from(words.buffer).toString('hex')
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
    start(program, { options = [], sent }) {
      const rsh = sent === undefined ? cluster.rsh : tee(cluster, 'rsh', sent, `ssh -F ${cluster.sshConfig}`)
      return startJob(cluster, ['--rsh', rsh, '-H', 'h1:2,h2:2', ...options, ...program])
    },
    ports: 0,
  })

  for (const transport of ['auto', 'zmq']) {
    await cleanTest(t, () => cluster, `a job on one host opens no port: ${transport}`, async (t) => {
      for (const where of [{ on: cluster.host('h1'), words: ['-n', '2'] }, { on: cluster.head, words: ['--rsh', cluster.rsh, '-H', 'h2:2'] }]) {
        const file = cluster.file('one-host', '')
        rmSync(file)
        const job = startJob(cluster, [...where.words, '--transport', transport, ROUNDS, '140', file], { on: where.on })
        await job.printed(' talks', 2)
        t.same(cluster.all.flatMap(sockets), [], 'neither TCP nor UDP')
        writeFileSync(file, '')
        const finished = await job.finished
        t.equal(finished.code, 0, show(finished))
      }
    })
  }
})

void t.test('strangers under Slurm', { skip: slurmOrSkip('strangers under Slurm'), timeout: 600_000 }, async (t) => {
  const cluster = await Cluster.create(2)
  t.teardown(() => cluster.remove())
  const slurm = await startSlurm(cluster)
  const srun = (await cluster.head.run(['sh', '-c', 'command -v srun'])).trim()
  await strangers(t, {
    cluster,
    start(program, { options = [], sent }) {
      const folder = join(cluster.folder, 'bin')
      mkdirSync(folder, { recursive: true })
      const path = sent === undefined ? wide()['PATH'] : `${dirname(tee(cluster, 'bin/srun', sent, srun))}:${wide()['PATH']}`
      const words = ['salloc', '--quiet', '-N', '2', '--ntasks-per-node', '2', process.execPath, TSMPIRUN, ...options, ...program]
      return startCommand(cluster, words, { env: { ...slurm, PATH: path! } })
    },
    ports: 1,
    idle: () => untilIdle(cluster, slurm),
  })
})
