// A process that holds two connected transports and ends in the way that its argument names.
import { setTimeout as delay } from 'node:timers/promises'
import { nativeZmq } from '../../native/load.js'
import { ZmqTransport } from '../../lib/transport/zmq.js'
import { until, world } from './contract.js'
import type { Rank } from './contract.js'

const [, , how, native] = process.argv
const ranks = await world(2, (receivers) =>
  receivers.map(
    (receiver, rank) => new ZmqTransport({ jobId: `child-${process.pid}`, secret: 's', rank, size: 2, receiver, native: native === 'native' ? nativeZmq() : undefined }),
  ),
)
const [first, last] = ranks as [Rank, Rank]
first.post(1, 1)
first.pump()
await until(ranks, () => last.received === 1)
// as an engine that waited, and now has nothing more to wait for
last.transport.sleep()
await delay(10)
last.transport.awake()
first.post(1, 2)
first.pump()
if (how === 'exit') process.exit(3)
if (how === 'throw') throw new Error('on purpose')
if (how === 'close') for (const rank of ranks) rank.transport.close()
