// Every error class of tsmpi, with its stable code. docs/errors.md lists them with causes and cures.

/** The base of all errors that tsmpi throws. `code` is stable across versions; the message is for people. */
export class MpiError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.name = new.target.name
  }
}

/** An argument is out of range or of the wrong kind: rank, tag, root, counts, color. Thrown at the call. */
export class ArgumentError extends MpiError {
  constructor(message: string, options?: ErrorOptions) {
    super('TSMPI_ARGUMENT', message, options)
  }
}

/** A value that cannot travel: a function, a symbol, a promise… `path` says where inside the value it was found. */
export class DataError extends MpiError {
  readonly path: string
  constructor(message: string, path: string, options?: ErrorOptions) {
    super('TSMPI_DATA', message, options)
    this.path = path
  }
}

/** A message was longer than the receiver's `into`. The message has been consumed. Sizes are in bytes. */
export class TruncateError extends MpiError {
  readonly messageBytes: number
  readonly bufferBytes: number
  constructor(message: string, messageBytes: number, bufferBytes: number) {
    super('TSMPI_TRUNCATE', message)
    this.messageBytes = messageBytes
    this.bufferBytes = bufferBytes
  }
}

/** A message and the receiver's buffer, or the ranks of a collective, disagree on element type, count or operation. */
export class MismatchError extends MpiError {
  constructor(message: string, options?: ErrorOptions) {
    super('TSMPI_MISMATCH', message, options)
  }
}

/** A peer ended, or its connection failed, while this rank waited on it. `rank` is its rank in COMM_WORLD. */
export class PeerError extends MpiError {
  readonly rank: number
  constructor(message: string, rank: number, options?: ErrorOptions) {
    super('TSMPI_PEER', message, options)
    this.rank = rank
  }
}

/** The operation was cancelled by `Request.cancel`. */
export class CancelledError extends MpiError {
  constructor(message: string) {
    super('TSMPI_CANCELLED', message)
  }
}

/** The communicator was freed, or tsmpi was finalized, before the call. */
export class StateError extends MpiError {
  constructor(message: string, options?: ErrorOptions) {
    super('TSMPI_STATE', message, options)
  }
}

/** Buffered sends hold more bytes than `attachBuffer` allows. */
export class BufferError extends MpiError {
  constructor(message: string) {
    super('TSMPI_BUFFER', message)
  }
}

/** The launcher could not do what was asked: options, programs, hosts. `exitCode` is what tsmpirun exits with. */
export class LaunchError extends MpiError {
  readonly exitCode: number
  constructor(message: string, options?: ErrorOptions & { exitCode?: number }) {
    super('TSMPI_LAUNCH', message, options)
    this.exitCode = options?.exitCode ?? 1
  }
}

/** A broken frame, a failed connection, an addon that should be there and is not. */
export class TransportError extends MpiError {
  constructor(message: string, options?: ErrorOptions) {
    super('TSMPI_TRANSPORT', message, options)
  }
}
