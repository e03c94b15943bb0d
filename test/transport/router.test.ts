// The transport contract on a mix of transports: self for oneself, zmq between odd and even ranks, else inproc.
import t from 'tap'
import { randomBytes } from 'node:crypto'
import { createInproc } from '../../lib/transport/inproc.js'
import { Router } from '../../lib/transport/router.js'
import { SelfTransport } from '../../lib/transport/self.js'
import type { Transport } from '../../lib/transport/transport.js'
import { ZmqTransport } from '../../lib/transport/zmq.js'
import { contract, type Open } from './contract.js'

const open: Open = (receivers) => {
  const size = receivers.length
  const hub = createInproc(size)
  const [jobId, secret] = [randomBytes(6).toString('hex'), randomBytes(16).toString('hex')]
  return receivers.map((receiver, rank) => {
    const self = new SelfTransport(rank, receiver)
    const inproc = hub.transport(rank, receiver)
    const zmq = new ZmqTransport({ rank, size, jobId, secret, receiver })
    return new Router(receivers.map((_, peer) => (peer === rank ? self : (peer - rank) % 2 === 0 ? inproc : zmq)))
  })
}

contract(t, 'router', [2, 3, 5], open)

void t.test('sleep is all or nothing', async (t) => {
  const calls: string[] = []
  const fake = (name: string, sleeps: boolean): Transport => ({
    name: 'inproc',
    maxPayload: name.length,
    send: () => calls.push(`${name} send`) > 0,
    poll: () => 1,
    sleep: () => calls.push(`${name} sleep`) > 0 && sleeps,
    awake: () => void calls.push(`${name} awake`),
    flush: () => Promise.resolve(),
    forget: (peer) => void calls.push(`${name} forgets ${peer}`),
    close: () => void calls.push(`${name} close`),
  })
  const [a, bb, ccc] = [fake('a', true), fake('bb', true), fake('ccc', false)]
  const router = new Router([a, bb, a, ccc])
  t.equal(router.sleep(), false)
  t.same(calls.splice(0), ['a sleep', 'bb sleep', 'ccc sleep', 'bb awake', 'a awake'])
  t.equal(router.poll(), 3)
  t.equal(router.maxPayload, 1)
  router.forget(1)
  router.close()
  t.same(calls, ['bb forgets 1', 'a close', 'bb close', 'ccc close'])
})
