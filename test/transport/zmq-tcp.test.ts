// The transport contract over TCP with CURVE, and what only connections between hosts need.
import t from 'tap'
import { contract, type Open } from './contract.js'
import type { NativeZmq } from '../../native/load.js'
import { SOCKETS, tcpJob, tcpTransport } from './hosts.js'

const openBy = (native: NativeZmq | undefined): Open => (receivers) => {
  const job = tcpJob(receivers.length)
  return receivers.map((receiver, rank) => tcpTransport(job, rank, receiver, { native }))
}

contract(t, 'tcp by libzmq', [2, 3, 5], openBy(SOCKETS.native))
contract(t, 'tcp by zeromq.js', [2, 3], openBy(undefined))
