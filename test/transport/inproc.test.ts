// The transport contract on ranks of one process.
import t from 'tap'
import { createInproc } from '../../lib/transport/inproc.js'
import { contract } from './contract.js'

contract(t, 'inproc', [1, 2, 3, 5], (receivers) => {
  const hub = createInproc(receivers.length)
  return receivers.map((receiver, rank) => hub.transport(rank, receiver))
})
