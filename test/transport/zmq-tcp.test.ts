// The transport contract over TCP with CURVE, and what only connections between hosts need.
import t from 'tap'
import { contract, type Open } from './contract.js'
import { tcpJob, tcpTransport } from './hosts.js'

const open: Open = (receivers) => {
  const job = tcpJob(receivers.length)
  return receivers.map((receiver, rank) => tcpTransport(job, rank, receiver))
}

contract(t, 'tcp', [2, 3, 5], open)
