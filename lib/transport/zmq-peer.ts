// What a rank keeps of one peer over ZeroMQ: sequence numbers, window, what is to be acknowledged (wire/batch.ts).
import type { Dealer } from 'zeromq'
import { ASK_ACK, BATCH_HEAD_WORDS, headFault, writeHead } from '../wire/batch.js'
import type { Stamp } from '../wire/batch.js'
import { Outbox, WINDOW_BATCHES, WINDOW_BYTES } from './outbox.js'

export class Peer {
  readonly rank: number
  readonly outbox: Outbox
  readonly #stamp: Stamp
  dealer: Dealer | undefined
  /** A writer loop runs on the dealer. */
  writing = false
  /** `send` was refused and the engine waits for room. */
  refused = false
  /** Its outbox holds more batches than may be under way. */
  blocked = false
  /** Ask for an acknowledgement, even where nothing is left to send. */
  ask = false
  /** A message could not be sent; nothing more is tried until it is known why. */
  failed = false
  /** Nothing goes to it any more. */
  gone = false
  /** Nothing is taken from it any more either. */
  lost = false
  /** Sequence numbers of the last message that came in and of the last that was delivered whole. */
  #arrived = 0
  #delivered = 0
  /** What has been delivered since we acknowledged, in bytes; a batch counts for its share of the window at least. */
  #unacknowledged = 0
  #acknowledge = false

  constructor(rank: number, stamp: Stamp) {
    this.rank = rank
    this.#stamp = stamp
    this.outbox = new Outbox(stamp)
  }

  /** Something has come from it. */
  get heard(): boolean {
    return this.#arrived !== 0
  }

  /** What to send next: a batch, or an acknowledgement or question of its own. */
  next(flushing: boolean): Uint8Array | undefined {
    if (this.gone || this.failed) return undefined
    const flags = this.ask || flushing ? ASK_ACK : 0
    let message = this.outbox.take(this.#delivered, flags)
    if (message === undefined) {
      if (!this.#acknowledge && !this.ask) return undefined
      const head = new Int32Array(BATCH_HEAD_WORDS)
      writeHead(head, 0, flags, { sequence: this.outbox.sequence, acknowledge: this.#delivered, frames: 0 }, this.#stamp)
      message = new Uint8Array(head.buffer)
    }
    this.#acknowledge = this.ask = false
    this.#unacknowledged = 0
    return message
  }

  /** Checks the head of a message from this peer. Returns how many batches it acknowledges, or what is wrong with it. */
  takeHead(words: Int32Array): number | string {
    const fault = headFault(words, this.#stamp)
    if (fault !== undefined) return fault
    const due = words[3] === 0 ? this.#arrived : (this.#arrived + 1) | 0
    if (words[1] !== due) return `messages were lost: number ${due} was due, ${words[1]} came`
    this.#arrived = due
    if (this.gone) return 0
    const acknowledged = this.outbox.acknowledge(words[2])
    return acknowledged < 0 ? 'it acknowledges what was never sent' : acknowledged
  }

  /** A message is delivered. True where that must be acknowledged now, for the sender to go on without a pause. */
  delivered(sequence: number, bytes: number, asked: boolean): boolean {
    this.#delivered = sequence
    this.#unacknowledged += bytes + WINDOW_BYTES / WINDOW_BATCHES
    this.#acknowledge ||= asked || this.#unacknowledged >= WINDOW_BYTES / 4
    return this.#acknowledge
  }
}
