// The port at which the agents of a step connect: what they say comes whole and under their number; nobody else is heard.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import * as zmq from 'zeromq'
import type { Dealer, SocketOptions } from 'zeromq'
import { Port } from '../../../launcher/tree/port.js'
import { openUplink } from '../../../launcher/tree/uplink.js'
import type { Uplink } from '../../../launcher/tree/uplink.js'
import { JobKeys } from '../../../lib/transport/zmq-keys.js'
import { CASES, damage, generator } from '../../support/damage.js'
import { within } from '../run.js'

const HOSTS = [1, 2, 3]

interface Agent {
  uplink: Uplink
  heard: Buffer[]
  ended: (string | undefined)[]
}

interface Root {
  port: Port
  secret: { job: string; secret: string }
  heard: Map<number, Buffer[]>
  unreachable: number[]
  agent(name: string, invitation?: object): Promise<Agent>
  /** An agent says something and is answered. */
  talk(t: Test, host: number, agent: Agent, bytes?: number): Promise<void>
}

function listen(t: Test): Root {
  const secret = { job: randomBytes(8).toString('hex'), secret: randomBytes(32).toString('hex') }
  const heard = new Map(HOSTS.map((host) => [host, [] as Buffer[]]))
  const unreachable: number[] = []
  const port = new Port(zmq, '127.0.0.1', secret, HOSTS, {
    bytes: (host, chunk) => void heard.get(host)!.push(chunk),
    unreachable: (host) => void unreachable.push(host),
  })
  const agents: Agent[] = []
  t.teardown(async () => {
    for (const host of HOSTS) port.end(host)
    await within(20_000, () => agents.every(({ ended }) => ended.length > 0))
    port.close()
  })
  const invitation = { ...secret, endpoint: port.endpoint, hosts: { n1: 1, n2: 2, n3: 3 } }
  const agent = async (name: string, said: object = invitation): Promise<Agent> => {
    const [bytes, ended]: [Buffer[], (string | undefined)[]] = [[], []]
    const input = new PassThrough()
    input.write(`${JSON.stringify(said)}\n`)
    const uplink = await openUplink(input, { bytes: (chunk) => bytes.push(chunk), ended: (problem) => ended.push(problem) }, { SLURMD_NODENAME: name })
    agents.push({ uplink, heard: bytes, ended })
    return agents.at(-1)!
  }
  const talk = async (t: Test, host: number, agent: Agent, size = 1000): Promise<void> => {
    const [up, down] = [randomBytes(size), randomBytes(size)]
    const sum = (chunks: Buffer[]): number => chunks.reduce((all, { length }) => all + length, 0)
    agent.uplink.write([up.subarray(0, 13), up.subarray(13)])
    t.ok(await within(20_000, () => sum(heard.get(host)!) >= size), 'the root hears')
    port.write(host, [down])
    t.ok(await within(20_000, () => sum(agent.heard) >= size), 'the agent hears')
    t.ok(up.equals(Buffer.concat(heard.get(host)!.splice(0))))
    t.ok(down.equals(Buffer.concat(agent.heard.splice(0))))
    t.same(agent.ended, [])
    t.same([...heard.values()].flat(), [], 'nobody else is heard')
  }
  return { port, secret, heard, unreachable, agent, talk }
}

const keysOf = ({ job, secret }: Root['secret'], of: 'rank' | 'agent' = 'agent', epoch = 0): JobKeys => new JobKeys({ jobId: job, epoch, secret, of })
const curve = (keys: JobKeys, member: number, server: string): SocketOptions<Dealer> => {
  const { publicKey, secretKey } = keys.pair(member)
  return { curvePublicKey: publicKey, curveSecretKey: secretKey, curveServerKey: server }
}

/** Says something as soon as it is let in. */
function stranger(t: Test, { port }: Root, options: SocketOptions<Dealer>): Dealer {
  const dealer = new zmq.Dealer({ linger: 0, ...options })
  t.teardown(() => dealer.close())
  dealer.connect(port.endpoint)
  dealer.send('stranger').catch(() => {}) // who has been refused by then has nowhere to send
  return dealer
}

void t.test('bytes come whole and in order, of any length, from several agents', async (t) => {
  const root = listen(t)
  const agents = await Promise.all(['n1', 'N2', 'n3'].map((name) => root.agent(name)))
  for (const [at, agent] of agents.entries()) for (const size of [1, 100, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 3_000_000]) await root.talk(t, at + 1, agent, size)
  t.same(await agents[0]!.uplink.session(), { client: '127.0.0.1', server: '127.0.0.1' })
})

void t.test('either end sees that the other is gone', async (t) => {
  const root = listen(t)
  const way = await proxy(t, root)
  const one = await root.agent('n1')
  const other = await root.agent('n2', { ...root.secret, endpoint: way.endpoint, hosts: { n2: 2 } })
  await root.talk(t, 1, one)
  await root.talk(t, 2, other)
  root.port.write(3, [Buffer.from('x')])
  await delay(10)
  t.same(root.unreachable, [3], 'it has never been there')
  root.port.end(1)
  t.ok(await within(20_000, () => one.ended.length > 0))
  t.same(one.ended, [undefined], 'nothing went wrong')
  await root.talk(t, 2, other)
  way.cut()
  t.ok(await within(20_000, () => other.ended.length > 0))
  t.match(other.ended, [/127\.0\.0\.1:\d+: its connection was lost/])
  t.ok(await unreachable(root, 2))
})

/** That the root is told so, sooner or later. */
const unreachable = ({ port, unreachable }: Root, host: number): Promise<boolean> =>
  within(20_000, () => {
    port.write(host, [Buffer.from('x')])
    return unreachable.includes(host)
  })

/** A way to the port that can be cut. */
async function proxy(t: Test, { port }: Root): Promise<{ endpoint: string; cut: () => void }> {
  const ends: Socket[] = []
  const server = createServer((from) => {
    const to = connect(Number(port.endpoint.split(':')[2]), '127.0.0.1')
    from.pipe(to).pipe(from)
    ends.push(from, to)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return { endpoint: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, cut: () => ends.forEach((end) => end.destroy()) }
}

void t.test('an agent that finds nobody, or cannot be let in', async (t) => {
  const root = listen(t)
  const said = { ...root.secret, endpoint: root.port.endpoint, hosts: { n1: 1 } }
  const nobody = await root.agent('n1', { ...said, endpoint: 'tcp://127.0.0.1:1' })
  t.ok(await within(20_000, () => nobody.ended.length > 0))
  t.match(nobody.ended, [/^tsmpirun at 127\.0\.0\.1:1: nobody listens there/])
  const wrong = await root.agent('n4', { ...said, hosts: { n4: 4 } })
  wrong.uplink.write([Buffer.from('x')])
  t.ok(await within(20_000, () => wrong.ended.length > 0))
  t.match(wrong.ended, [/does not let this host in|its connection was lost/])
})

void t.test('what is no invitation', async (t) => {
  const { agent, secret, port } = listen(t)
  for (const said of [{}, [], null, 1, { ...secret }, { ...secret, endpoint: 'ipc://x', hosts: {} }, { ...secret, endpoint: port.endpoint }]) {
    await t.rejects(agent('n1', said as object), { message: /^what came on standard input does not tell/ })
  }
  for (const name of ['', 'n4', 'toString']) {
    await t.rejects(agent(name, { ...secret, endpoint: port.endpoint, hosts: { n1: 1 } }), { message: `SLURMD_NODENAME is '${name}', which the job has no use for` })
  }
  const short = { ...secret, secret: secret.secret.slice(1), endpoint: port.endpoint, hosts: { n1: 1 } }
  const error: Error = await agent('n1', short).then(() => t.fail(), (error: Error) => error) as Error
  t.match(error.message, /not 32 bytes in hex/)
  t.notOk(error.message.includes(short.secret))
})

void t.test('no key, a key of their own, another job, another world, a rank, an agent that is not to be there', async (t) => {
  const root = listen(t)
  const agent = await root.agent('n1')
  await root.talk(t, 1, agent)
  const keys = keysOf(root.secret)
  const server = keys.pair(0).publicKey
  const own = zmq.curveKeyPair()
  const claim = { routingId: `2-${keys.token(2, 0)}` }
  const kinds: SocketOptions<Dealer>[] = [
    {},
    { plainUsername: 'root', plainPassword: 'root' },
    { curvePublicKey: own.publicKey, curveSecretKey: own.secretKey, curveServerKey: server },
    curve(keysOf({ ...root.secret, secret: randomBytes(32).toString('hex') }), 2, server),
    curve(keysOf({ ...root.secret, job: 'other' }), 2, server),
    curve(keysOf(root.secret, 'agent', 1), 2, server),
    curve(keysOf(root.secret, 'rank'), 2, server),
    curve(keysOf(root.secret, 'rank'), 0, server),
    curve(keys, 0, server),
    curve(keys, 4, server),
    curve(keys, 2, keysOf(root.secret, 'rank').pair(0).publicKey),
  ]
  for (const kind of kinds) stranger(t, root, { ...claim, ...kind })
  await root.talk(t, 1, agent)
  await delay(200)
  await root.talk(t, 1, agent)
})

void t.test("a holder of agent 2's key that calls itself agent 1 is agent 2", async (t) => {
  const root = listen(t)
  const agent = await root.agent('n1')
  await root.talk(t, 1, agent)
  const keys = keysOf(root.secret)
  const heard = root.heard.get(2)!
  // Who has the key alone cannot make the token. libzmq takes the client's word where the gate's answer is there at once:
  // then it is not heard at all.
  let claims: Dealer | undefined
  for (let tries = 0; tries < 5 && heard.length === 0; tries++) {
    claims?.close()
    claims = stranger(t, root, { routingId: `1-${randomBytes(16).toString('hex')}`, ...curve(keys, 2, keys.pair(0).publicKey) })
    await within(5_000, () => heard.length > 0)
  }
  t.same(heard.splice(0).map(String), ['stranger'])
  await root.talk(t, 1, agent)
})

void t.test('a second connection by the same key is not heard, and does no harm to the first', async (t) => {
  const root = listen(t)
  const agent = await root.agent('n1')
  await root.talk(t, 1, agent)
  const keys = keysOf(root.secret)
  stranger(t, root, { routingId: 'x', ...curve(keys, 1, keys.pair(0).publicKey) })
  await delay(200)
  await root.talk(t, 1, agent)
})

async function dial({ port }: Root): Promise<Socket> {
  const socket = connect(Number(port.endpoint.split(':')[2]), '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

void t.test('a thousand idle connections, before and after an agent has come', async (t) => {
  const root = listen(t)
  const idle = await Promise.all(Array.from({ length: 500 }, () => dial(root)))
  const agent = await root.agent('n1')
  await root.talk(t, 1, agent)
  idle.push(...(await Promise.all(Array.from({ length: 500 }, () => dial(root)))))
  const other = await root.agent('n2')
  await root.talk(t, 2, other)
  await root.talk(t, 1, agent)
  for (const socket of idle) socket.destroy()
})

void t.test('garbage, truncated and oversized bytes on the port', async (t) => {
  const root = listen(t)
  const agent = await root.agent('n1')
  // A greeting of ZMTP 3.1 with CURVE, a command HELLO, a frame of 2^62 bytes.
  const greeting = Buffer.concat([Buffer.from('ff00000000000000017f0301', 'hex'), Buffer.from('CURVE'.padEnd(20, '\0')), Buffer.alloc(32)])
  const hello = Buffer.concat([Buffer.from([4, 200, 5]), Buffer.from('HELLO'), Buffer.from([1, 0]), randomBytes(192)])
  const huge = Buffer.from('024000000000000000', 'hex')
  const samples = [greeting, Buffer.concat([greeting, hello]), Buffer.concat([greeting, huge]), randomBytes(300)]
  const next = generator(31)
  const rounds = Math.ceil(CASES / 1000)
  for (let round = 0; round < rounds; round++) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => dial(root)))
    for (const socket of sockets) socket.end(damage(next, samples[next(samples.length)]!, samples[next(samples.length)]!))
    await delay(1)
    for (const socket of sockets) socket.destroy()
  }
  await root.talk(t, 1, agent)
})

void t.test('a message that is too large ends the connection of its agent', async (t) => {
  const root = listen(t)
  const agent = await root.agent('n1')
  const keys = keysOf(root.secret)
  const large = stranger(t, root, { ...curve(keys, 2, keys.pair(0).publicKey), reconnectInterval: -1 })
  t.ok(await within(20_000, () => root.heard.get(2)!.splice(0).length > 0))
  await large.send(Buffer.alloc((1 << 18) + 200))
  t.ok(await unreachable(root, 2))
  await root.talk(t, 1, agent)
})
