// What is known of a message once it has been matched: MPI_Status.
import { ELEMENT_BYTES, EMPTY, TYPE_NAMES } from '../data/types.js'

/** Any rank of the communicator: for receives and probes. */
export const ANY_SOURCE = -2
/** Any tag: for receives and probes. */
export const ANY_TAG = -1
/** No rank: sends to it and receives from it complete at once and do nothing. */
export const PROC_NULL = -1
/** Not a rank, a color or an index. */
export const UNDEFINED = -32766
/** The largest tag. */
export const TAG_MAX = 0x7fffffff

/** Where a message came from and how long it was. Pass one as `status` to a receive, and it is filled in. */
export class Status {
  /** Rank of the sender in the communicator, PROC_NULL for a receive from PROC_NULL. */
  source = ANY_SOURCE
  tag = ANY_TAG
  /** Bytes that the message had on the wire. */
  bytes = 0
  cancelled = false
  /** Payload type code, see data/types.ts. */
  #type = EMPTY

  /** Elements of the message: its length for typed arrays, bytes for other raw values, 1 for a value, 0 for undefined. */
  get count(): number {
    if (this.typeName === 'value') return 1
    return this.bytes / (ELEMENT_BYTES[this.#type])
  }

  /** What was sent: 'Float64Array', 'Buffer', 'number', 'value' (any other value), … */
  get typeName(): string {
    return TYPE_NAMES[this.#type]
  }

  /** @internal */
  fill(source: number, tag: number, type: number, bytes: number): void {
    this.source = source
    this.tag = tag
    this.bytes = bytes
    this.#type = type
    this.cancelled = false
  }
}
