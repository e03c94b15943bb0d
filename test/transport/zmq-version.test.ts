// Which versions of libzmq are refused, by ranks and by the agents of a step alike.
import { PassThrough } from 'node:stream'
import t from 'tap'
import * as zmq from 'zeromq'
import type * as Messages from '../../launcher/tree/messages.js'
import type * as Uplink from '../../launcher/tree/uplink.js'
import { requireVersion } from '../../lib/transport/zmq-version.js'
import type * as Sockets from '../../lib/transport/zmq-sockets.js'

const TOO_OLD = { code: 'TSMPI_TRANSPORT', message: 'libzmq is 4.3.2; tsmpi needs 4.3.3 or later: update zeromq' }

void t.test('versions', async (t) => {
  for (const version of ['4.3.3', '4.3.5', '4.4.0', '5.0.0', '4.10.0', zmq.version]) t.doesNotThrow(() => requireVersion(version), version)
  for (const version of ['4.3.2', '4.2.9', '3.9.9', '4.1.10', '', 'x']) t.throws(() => requireVersion(version), { code: TOO_OLD.code }, version)
  t.throws(() => requireVersion('4.3.2'), TOO_OLD)
})

const old = { zeromq: { ...zmq, version: '4.3.2' } }

void t.test('who asks', async (t) => {
  const { openSockets } = await t.mockImport<typeof Sockets>('../../lib/transport/zmq-sockets.js', old)
  await t.rejects(openSockets({ rank: 0, size: 2, jobId: 'version', secret: '0'.repeat(64) }), TOO_OLD, 'a rank')
  const { loadZmq } = await t.mockImport<typeof Messages>('../../launcher/tree/messages.js', old)
  await t.rejects(loadZmq(), TOO_OLD, 'the root of a tree')
  const { openUplink } = await t.mockImport<typeof Uplink>('../../launcher/tree/uplink.js', { '../../launcher/tree/messages.js': { ...(await import('../../launcher/tree/messages.js')), loadZmq } })
  const input = new PassThrough()
  input.write(`${JSON.stringify({ job: 'j', secret: '0'.repeat(64), endpoint: 'tcp://127.0.0.1:9', hosts: { a: 1 } })}\n`)
  await t.rejects(openUplink(input, { bytes: () => {}, ended: () => {} }, { SLURMD_NODENAME: 'a' }), TOO_OLD, 'an agent')
})
