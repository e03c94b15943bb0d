// Keys that are derived from a secret: the same everywhere, and those that ZeroMQ itself would use.
import t from 'tap'
import { generateKeyPairSync } from 'node:crypto'
import { curveKeyPair } from 'zeromq'
import { TransportError } from '../../lib/errors.js'
import { JobKeys, OwnKeys, toZ85 } from '../../lib/transport/zmq-keys.js'

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
    new JobKeys({ jobId: 'a', epoch: 0, secret, of: 'agent' }).pair(3),
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

void t.test('keys of the ranks\' own making', async (t) => {
  const pairs = [1, 2, 3].map((n) => {
    const { d, x } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
    const [secretKey, publicKey] = [d, x].map((text) => Buffer.from(text!, 'base64url').toString('hex'))
    return { secretKey, publicKey, n }
  })
  const publicKeys = pairs.map(({ publicKey }) => publicKey)
  const of = (rank: number, jobId = 'a', epoch = 0): OwnKeys =>
    new OwnKeys({ jobId, epoch, rank }, { secretKey: pairs[rank].secretKey, publicKeys })
  t.equal(of(0).pair().publicKey, toZ85(of(1).publicKey(0)), 'the public key is that of the pair')
  t.equal(of(0).pair().publicKey.length, curveKeyPair().publicKey.length)
  t.equal(of(0).token(0, 1), of(1).token(0, 1), 'both ends make the same token')
  t.match(of(0).token(0, 1), /^[0-9a-f]{32}$/)
  const others = [of(1).token(1, 0), of(2).token(0, 2), of(1, 'b').token(0, 1), of(1, 'a', 1).token(0, 1)]
  for (const other of others) t.not(of(0).token(0, 1), other)
  for (const wrong of ['', 'zz', publicKeys[0].slice(2)]) {
    t.throws(() => new OwnKeys({ jobId: 'a', epoch: 0, rank: 0 }, { secretKey: wrong, publicKeys }), { message: 'a key of the job is not 32 bytes in hex' })
    t.throws(() => new OwnKeys({ jobId: 'a', epoch: 0, rank: 0 }, { secretKey: pairs[0].secretKey, publicKeys: [wrong] }), TransportError)
  }
})
