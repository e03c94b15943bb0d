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
  /**
   * Where the payload of this frame belongs, if that is known before it has come: a transport may put it there and then give
   * that place to `onFrame`, which must follow at once.
   */
  placeFor?(peer: number, words: Int32Array, at: number): Place | undefined
  /** The transport has frames, or room it had not: `poll` and pending sends are worth a try. Called from the event loop. */
  onWake(): void
  /**
   * The connection to `peer` is broken for good, or the peer broke the protocol. `undelivered`: it could not be reached, and
   * frames that were accepted for it are lost.
   */
  onPeerLost(peer: number, reason: Error, undelivered: boolean): void
}

export interface Place {
  readonly bytes: Uint8Array
  readonly offset: number
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

/** A piece of a message in a peer's memory, and where in ours it belongs. */
export interface Piece {
  /** The sender's id of the message, and where in it the piece begins. */
  id: number
  offset: number
  /** Where the piece is in the sender's memory. */
  address: number
  /** It goes to bytes[at … at + length]. */
  bytes: Uint8Array
  at: number
  length: number
  /** 0, or the errno of what went wrong. */
  error: number
}

/** Pieces that are copied together. `open` belongs to the transport: false when it gets a new batch. */
export interface Batch {
  readonly pieces: readonly Piece[]
  count: number
  open: boolean
}

/** Who knows which memory peers may copy from: the engine, by the ids of its sends. */
export interface Lender {
  /** The bytes that `peer` may have of message `id`: payload[offset … offset + length]. */
  lent(peer: number, id: number): { readonly payload: Uint8Array; readonly offset: number; readonly length: number } | undefined
}

/** Memory of other processes that this one can copy from and to. */
export interface PeerMemory {
  /** Where `bytes` are, as peers need to know it; 0 where they cannot. Valid as long as the array is alive. */
  addressOf(bytes: Uint8Array): number
  /** Whether the memory of `peer` can be copied from. Tried at the first call, once the peer has come up. */
  readable(peer: number): boolean
  /** Whether peers take part in copying at all. */
  readonly shared: boolean
  /** Whether `peer` would take part in copying: then more and smaller pieces are better. */
  helps(peer: number): boolean
  /** bytes[at … at + length] = what is at `address` in the memory of `peer`, which is readable. Returns 0 or an errno. */
  read(peer: number, address: number, bytes: Uint8Array, at: number, length: number): number
  /** The other way. */
  write(peer: number, address: number, bytes: Uint8Array, at: number, length: number): number
  /**
   * Copies the pieces of a batch from `peer`, which may do some of them. Returns true when it is over, false where the
   * peer has still to do its part: then call again with the same batch.
   */
  fetch(peer: number, batch: Batch): boolean
  /** Does part of what `peer` is copying from us, if it is. Returns whether there was something. */
  serve(peer: number, lender: Lender): boolean
}

/** What a member of a board publishes for collective `number`, see board.ts. */
export interface Publication {
  readonly number: number
  readonly signature: number
  /** What others compare with theirs. */
  readonly check: number
  /** Payload type and bytes. */
  readonly type: number
  readonly length: number
  /** Writes the payload, which is not empty, to a place in the board's memory, a multiple of 16. */
  write(offset: number): void
}

export interface Transport {
  readonly name: 'self' | 'shm' | 'zmq' | 'inproc' | 'router'
  /** The most payload bytes that one frame may carry. */
  readonly maxPayload: number
  /** The most that one to `peer` may carry, where that is more. */
  maxPayloadTo?(peer: number): number
  /** Whether frames from `peer` come in while the event loop turns, so that polling inside a call waits in vain. */
  needsTurns?(peer: number): boolean
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
  /**
   * The same where frames come by the network: waits for arrivals of any kind, for the first `awake` of `nanoseconds`
   * without sleeping, and for the eventfd `doorbell` where one is given. False where only the event loop can wait.
   */
  doze?(awake: number, nanoseconds: number, doorbell?: number): boolean
  /** An eventfd that rings for what comes between `sleep` and `awake`, if that is enough to wait for. */
  readonly doorbell?: number
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
  /** The memory of `peer`, where this process may get at it. */
  memoryOf?(peer: number): PeerMemory | undefined
  /** Where the frames of `peer` arrive, if they can be taken from there beside `poll`. Undefined before there are any. */
  inletOf?(peer: number): Inlet | undefined
  /** `peer` has ended: frames to it are dropped, so that nothing waits for it. What it sent still arrives. */
  forget?(peer: number): void
  /** Frees everything at once; unsent frames are lost. Calling it again does nothing. */
  close(): void
}
