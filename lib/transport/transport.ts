// The contract of a transport: it carries frames between ranks and knows nothing of matching or communicators.
//
// Frames from one peer arrive in the order in which they were sent, each exactly once.
// All calls are made on the event loop's thread; `receiver` is called from `poll` only.

/** Who gets the frames: the point-to-point engine. */
export interface Receiver {
  /**
   * One frame from `peer`. The header is `words[at … at + 7]` (see wire/header.ts); the payload, word 4 bytes long,
   * starts at `bytes[offset]`. Both are valid during the call only. `bytes` is never a Buffer, whose `slice` does not copy.
   */
  onFrame(peer: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number): void
  /** The transport has frames, or room it had not: `poll` and pending sends are worth a try. Called from the event loop. */
  onWake(): void
  /** The connection to `peer` is broken for good, or the peer broke the protocol. */
  onPeerLost(peer: number, reason: Error): void
}

/** The frames of one peer where they can be looked at in place. */
export interface Inlet {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  /** The index in `words` of the oldest frame's header, with its payload behind it; -1 where there is none. */
  first(): number
  /** Done with that frame, whose payload has `length` bytes. */
  advance(length: number): void
}

export interface Transport {
  readonly name: 'self' | 'shm' | 'zmq' | 'inproc' | 'router'
  /** The most payload bytes that one frame may carry. */
  readonly maxPayload: number
  /**
   * Sends one frame: `header[0 … 7]` and `length` bytes of `payload` from `offset`. All of it is copied before the
   * call returns, or none: false means that the peer's queue is full. Room that
   * comes while the sender is asleep calls `onWake`; one that is awake tries again from time to time.
   */
  send(peer: number, header: Int32Array, payload: Uint8Array, offset: number, length: number): boolean
  /**
   * Waits for arrivals, `nanoseconds` at the most: polls `looks` times, lets other processes run, and so on. For those
   * who have just polled in vain. Without it they poll again.
   */
  linger?(looks: number, nanoseconds: number): void
  /** Hands frames that have arrived to the receiver, a bounded number a call. Returns how many. */
  poll(): number
  /**
   * The engine is about to wait in the event loop: from now on arrivals call `onWake`. Returns false where a frame
   * or room is there already, and the engine must poll instead. `awake` ends it.
   */
  sleep(): boolean
  awake(): void
  /** Resolves once all that was sent has left this process. Event-loop handles of a transport never keep it alive. */
  flush(): Promise<void>
  /** Where the frames of `peer` arrive, if they can be taken from there beside `poll`. Undefined before there are any. */
  inletOf?(peer: number): Inlet | undefined
  /** `peer` has ended: frames to it are dropped, so that nothing waits for it. What it sent still arrives. */
  forget?(peer: number): void
  /** Frees everything at once; unsent frames are lost. Calling it again does nothing. */
  close(): void
}
