// barrier: a message of no bytes in every round.
import type { CollectiveOperation } from '../../coll/drive.js'
import { TypedRun } from '../../coll/drive-typed.js'
import { EMPTY } from '../../data/types.js'
import { buffer, choose, contextFor, scheduleOf } from './call.js'
import type { CollectiveOptions, CollectiveScope } from './call.js'

const EMPTY_ARRAY = new Uint8Array(0)

export function startBarrier(comm: CollectiveScope, options: CollectiveOptions): CollectiveOperation {
  const entry = choose(comm, 'barrier', options, 0, true)
  const nothing = buffer(EMPTY_ARRAY, [0, 0])
  const schedule = scheduleOf(entry, comm, 0, 1)
  return new TypedRun(contextFor(comm, entry, true, 0), schedule, () => undefined, EMPTY, [nothing, nothing, nothing])
}
