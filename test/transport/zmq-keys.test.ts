// Keys that are derived from a secret: the same everywhere, and those that ZeroMQ itself would use.
import t from 'tap'
import { curveKeyPair } from 'zeromq'
import { JobKeys, toZ85 } from '../../lib/transport/zmq-keys.js'

const secret = '00112233445566778899aabbccddeeff'.repeat(2)

void t.test('the vector of RFC 32', async (t) => {
  t.equal(toZ85(Buffer.from('864fd26fb559f75b', 'hex')), 'HelloWorld')
})

void t.test('every rank derives the same keys; other ranks, jobs, epochs and secrets have others', async (t) => {
  const keys = new JobKeys({ jobId: 'a', epoch: 0, secret })
  t.same(keys.pair(3), new JobKeys({ jobId: 'a', epoch: 0, secret }).pair(3))
  t.equal(keys.pair(3).publicKey, toZ85(keys.publicKey(3)))
  const others = [
    keys.pair(2),
    new JobKeys({ jobId: 'b', epoch: 0, secret }).pair(3),
    new JobKeys({ jobId: 'a', epoch: 1, secret }).pair(3),
    new JobKeys({ jobId: 'a', epoch: 0, secret: secret.replace('0', '1') }).pair(3),
  ]
  const all = [keys.pair(3), ...others]
  t.equal(new Set(all.map(({ publicKey }) => publicKey)).size, all.length)
  t.equal(new Set(all.map(({ secretKey }) => secretKey)).size, all.length)
  t.match(keys.pair(3).publicKey, /^.{40}$/)
  t.match(curveKeyPair().publicKey, /^.{40}$/)
  t.not(keys.token(1, 2), keys.token(2, 1))
})

void t.test('what is no secret is refused, and not repeated', async (t) => {
  for (const wrong of ['', 'swordfish', secret.slice(1), `${secret}0`, secret.replace('0', 'x')]) {
    let message = ''
    try {
      new JobKeys({ jobId: 'a', epoch: 0, secret: wrong })
    } catch (error) {
      message = (error as Error).message
    }
    t.match(message, /not 32 bytes in hex/)
    t.notOk(wrong !== '' && message.includes(wrong))
  }
})
