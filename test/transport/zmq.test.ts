// The transport contract over ZeroMQ, and what only ZeroMQ needs.
import t from 'tap'
import { randomBytes } from 'node:crypto'
import { ZmqTransport } from '../../lib/transport/zmq.js'
import { contract, type Open } from './contract.js'

const open: Open = (receivers) => {
  const job = randomBytes(6).toString('hex')
  const secret = randomBytes(16).toString('hex')
  return receivers.map(
    (receiver, rank) => new ZmqTransport({ rank, size: receivers.length, jobId: job, secret, receiver }),
  )
}

contract(t, 'zmq', [1, 2, 3, 5], open)
