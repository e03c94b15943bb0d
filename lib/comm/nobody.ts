// Messages to and from PROC_NULL: done at once, and empty.
import { EMPTY } from '../data/types.js'
import { RecvOp } from '../p2p/operation.js'
import type { Scope } from '../p2p/operation.js'
import { ANY_TAG, PROC_NULL, Status } from '../p2p/status.js'

/** What a request for PROC_NULL waits for: nothing. */
export function completedOperation(scope: Scope): RecvOp {
  const op = new RecvOp(scope, PROC_NULL, ANY_TAG)
  op.done = true
  op.matchedSource = PROC_NULL
  op.matchedType = EMPTY
  return op
}

export function statusOfNobody(): Status {
  const status = new Status()
  status.fill(PROC_NULL, ANY_TAG, EMPTY, 0)
  return status
}
