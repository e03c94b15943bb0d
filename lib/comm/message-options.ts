// What receives take besides source and tag.
import type { TypedArray } from '../data/types.js'
import type { Status } from '../p2p/status.js'

/** Memory that a receive can write into. */
export type IntoBuffer = TypedArray | ArrayBuffer | DataView

/** Options of receives. */
export interface RecvOptions {
  /** Filled in with source, tag and sizes of the message. */
  status?: Status
}

export interface RecvIntoOptions<B extends IntoBuffer = IntoBuffer> extends RecvOptions {
  /** Where the message goes: of the type that was sent. A shorter message fills its part, a longer one is an error. */
  into: B
}

export interface SendrecvOptions extends RecvOptions {
  sendTag?: number
  /** Default: the destination. */
  source?: number
  recvTag?: number
  into?: IntoBuffer
}
