// Forwards the ranks' output to a sink by whole lines.
//
// Invariants:
// - The bytes of one lane (one stream of one rank) leave in the order in which they came.
// - A line is held until it is complete. One that grows past MAX_HELD leaves in pieces; from its first piece to its end
//   its lane has the floor, and what other lanes complete meanwhile waits.
// - Nobody waits for ever: the floor is lost once WAITING_LIMIT bytes wait for it, or when its owner has nothing to say
//   for PATIENCE while others wait. Then another line begins in the middle of that one: the only case of mixing.
// - Every byte received is credited exactly once: when it is held, or when it has left. What is held is bounded for
//   each lane; what waits is bounded by WAITING_LIMIT, less than an agent may have under way; so credit never runs dry.
// - On a terminal an unfinished line is shown after PROMPT_DELAY, so that prompts and progress lines are seen; a line
//   of another lane then begins on a new line.
import type { Sink } from './sink.js'

const NEWLINE = 10
const MAX_HELD = 65536
const WAITING_LIMIT = 262144
const PATIENCE = 1000
const PROMPT_DELAY = 100

interface Piece {
  lane: Lane
  bytes: Buffer
  endsLine: boolean
  /** Bytes to credit once it has left. */
  credit: number
}

/** All that goes to one sink. */
export class LineWriter {
  readonly sink: Sink
  #floor: Lane | undefined
  #floorTimer: NodeJS.Timeout | undefined
  #waiting: Piece[] = []
  #waitingBytes = 0
  #underWay = 0
  #whenIdle: (() => void)[] = []

  constructor(sink: Sink) {
    this.sink = sink
  }

  accept(piece: Piece): void {
    if (this.#floor && this.#floor !== piece.lane) {
      if (this.sink.isTerminal) this.#breakFloor()
      else return this.#wait(piece)
    }
    this.#write(piece)
  }

  /** Resolves once all that was accepted has left. */
  idle(): Promise<void> {
    this.#giveUpFloor()
    return new Promise((resolve) => {
      if (this.#underWay === 0) resolve()
      else this.#whenIdle.push(resolve)
    })
  }

  /** A line of tsmpirun's own. */
  print(text: string): void {
    if (this.#floor && this.sink.isTerminal) this.#breakFloor()
    this.#send(Buffer.from(text))
  }

  #wait(piece: Piece): void {
    this.#waiting.push(piece)
    this.#waitingBytes += piece.bytes.length
    if (this.#waitingBytes > WAITING_LIMIT) return this.#giveUpFloor()
    this.#floorTimer ??= setTimeout(() => this.#giveUpFloor(), PATIENCE)
  }

  #write(piece: Piece): void {
    this.#send(piece.bytes, piece)
    clearTimeout(this.#floorTimer)
    this.#floorTimer = undefined
    const had = this.#floor !== undefined
    this.#floor = piece.endsLine ? undefined : piece.lane
    if (!this.#floor && had) this.#drain()
    else if (this.#waiting.length > 0) this.#floorTimer = setTimeout(() => this.#giveUpFloor(), PATIENCE)
  }

  #send(bytes: Buffer, piece?: Piece): void {
    this.#underWay++
    this.sink.write(bytes, () => {
      piece?.lane.credit(piece.credit)
      if (--this.#underWay === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
    })
  }

  #breakFloor(): void {
    this.#send(Buffer.from('\n'))
    this.#floor = undefined
  }

  #giveUpFloor(): void {
    clearTimeout(this.#floorTimer)
    this.#floorTimer = undefined
    this.#floor = undefined
    this.#drain()
  }

  #drain(): void {
    const pieces = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (const piece of pieces) this.accept(piece)
  }
}

/** One stream of one rank. */
export class Lane {
  /** Called for bytes that need no more room here. */
  readonly credit: (bytes: number) => void
  readonly #writer: LineWriter
  readonly #tag: (() => string) | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  /** The next byte begins a line. */
  #atStart = true
  #prompt: NodeJS.Timeout | undefined

  /** `tag`: what to put before each line. */
  constructor(writer: LineWriter, credit: (bytes: number) => void, tag?: () => string) {
    this.#writer = writer
    this.credit = credit
    this.#tag = tag
  }

  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(NEWLINE) + 1
    if (end > 0) this.#emit(chunk.subarray(0, end), end, true)
    const rest = chunk.subarray(end)
    if (rest.length === 0) return
    if (this.#heldBytes + rest.length > MAX_HELD) return this.#emit(rest, rest.length, false)
    // A copy: a view would keep the whole chunk in memory.
    this.#held.push(Buffer.from(rest))
    this.#heldBytes += rest.length
    this.credit(rest.length)
    if (!this.#writer.sink.isTerminal) return
    this.#prompt ??= setTimeout(() => this.#emit(Buffer.alloc(0), 0, false), PROMPT_DELAY)
  }

  /** The stream has ended. An unfinished line is completed where lines are tagged, and else left as it is. */
  end(): void {
    if (this.#heldBytes === 0 && this.#atStart) return
    if (this.#tag) this.#emit(Buffer.from('\n'), 0, true)
    else this.#emit(Buffer.alloc(0), 0, !this.#writer.sink.isTerminal)
  }

  #emit(bytes: Buffer, credit: number, endsLine: boolean): void {
    clearTimeout(this.#prompt)
    this.#prompt = undefined
    const whole = this.#heldBytes > 0 ? Buffer.concat([...this.#held, bytes]) : bytes
    this.#held = []
    this.#heldBytes = 0
    const tagged = this.#tag ? this.#tagLines(whole, this.#tag()) : whole
    this.#atStart = endsLine
    this.#writer.accept({ lane: this, bytes: tagged, endsLine, credit })
  }

  #tagLines(bytes: Buffer, tag: string): Buffer {
    const mark = Buffer.from(tag)
    const parts: Buffer[] = []
    let start = 0
    while (start < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, start)
      const end = newline < 0 ? bytes.length : newline + 1
      if (start > 0 || this.#atStart) parts.push(mark)
      parts.push(bytes.subarray(start, end))
      start = end
    }
    return Buffer.concat(parts)
  }
}
