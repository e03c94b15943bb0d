// The transport contract over shared memory, and the rings underneath.
import t from 'tap'
import { nativeMemory, whyNotNative } from '../../native/load.js'
import { ShmTransport } from '../../lib/transport/shm.js'
import { segmentBytes } from '../../lib/wire/segment.js'
import { contract } from './contract.js'
import type { Open } from './contract.js'

const memory = nativeMemory()

const open: Open = (receivers) => {
  const addon = memory!
  const fd = addon.createSegment(segmentBytes(receivers.length))
  const doorbells = receivers.map(() => addon.createDoorbell())
  return receivers.map((receiver, rank) => new ShmTransport({ memory: addon, fd, doorbells, rank, receiver }))
}

if (memory === undefined) t.pass('no shared memory', { skip: whyNotNative() })
else contract(t, 'shm', [1, 2, 3, 5], open)
