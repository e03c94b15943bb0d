// The receiving side: messages are taken from ZeroMQ into one piece of memory, where they are read.
//
// Invariants:
// - The memory is filled from its start again only where the caller says that nobody reads any more what lies there; where
//   it is full before, there is further memory, and what nobody reads in the old one is collected.
// - `dry` says that the last `receive` found nothing, and the socket has not told of anything since.
import { HELD_BYTES, MESSAGE_HEAD_BYTES, PART_HEAD_BYTES, partBytes } from './zmq-socket.js'
import type { HeldPart, ZmqSocket } from './zmq-socket.js'
import type { Memory } from './inbox.js'
import { BATCH_BYTES, COLLECTED_BYTES } from './outbox.js'

/** The largest message with its routing id, and memory for several of them. */
const LEAST_ROOM = MESSAGE_HEAD_BYTES + partBytes(255) + partBytes(BATCH_BYTES)
const MEMORY_BYTES = 4 * LEAST_ROOM

/**
 * A message of so many `parts`, the first a routing id; the second lies at byte `at`, or its beginning, where it is held.
 * `length`: -1 where it is missing.
 */
export type OnMessage = (
  sender: string, parts: number, memory: Memory, at: number, length: number, held: HeldPart | undefined,
) => void

export class Intake {
  readonly #onMessage: OnMessage
  #memory = newMemory(0)
  /** Where the messages end that have been taken into it. */
  #filled = 0
  dry = false

  constructor(onMessage: OnMessage) {
    this.#onMessage = onMessage
  }

  /** Takes messages that are there, into memory that was read before where that is `free`. */
  take(router: ZmqSocket, free: boolean): void {
    if (free) this.#filled = 0
    if (MEMORY_BYTES - this.#filled < LEAST_ROOM || this.#memory.bytes.length === 0) {
      this.#memory = newMemory(MEMORY_BYTES)
      this.#filled = 0
    }
    const end = router.receive(this.#memory.bytes.buffer as ArrayBuffer, this.#filled, LEAST_ROOM, COLLECTED_BYTES)
    this.dry = end === this.#filled
    while (this.#filled < end) {
      const at = this.#filled
      this.#filled += this.#memory.words[(at >> 2) + 1]
      this.#read(router, at, this.#filled)
    }
  }

  /** The message that lies there, see zmq-socket.ts. */
  #read(router: ZmqSocket, start: number, end: number): void {
    const { words, text } = this.#memory
    const id = start + MESSAGE_HEAD_BYTES
    const second = id + partBytes(words[id >> 2])
    const sender = text.toString('latin1', id + PART_HEAD_BYTES, id + PART_HEAD_BYTES + words[id >> 2])
    const held = this.#heldOf(router, second, end)
    const length = second < end ? words[second >> 2] : -1
    this.#onMessage(sender, words[start >> 2], this.#memory, second + PART_HEAD_BYTES, length, held)
  }

  /** The part at byte `second`, where it is held. Further parts are of no use. */
  #heldOf(router: ZmqSocket, second: number, end: number): HeldPart | undefined {
    const { words } = this.#memory
    let held: HeldPart | undefined
    for (let part = second; part < end; ) {
      const number = words[(part >> 2) + 1]
      if (number !== 0 && part === second) held = router.held!(number)
      else if (number !== 0) router.held!(number).drop()
      part += partBytes(number === 0 ? words[part >> 2] : HELD_BYTES)
    }
    return held
  }
}

function newMemory(length: number): Memory & { readonly text: Buffer } {
  const buffer = new ArrayBuffer(length)
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer), text: Buffer.from(buffer) }
}
