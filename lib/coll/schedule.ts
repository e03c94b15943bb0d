// What a collective algorithm is made of: rounds of sends and receives, then local steps, on numbered blocks.
//
// An algorithm is a plain generator that yields rounds. It speaks of *blocks*, never of bytes: block `b` of a buffer is
// a piece of a typed array whose bounds the driver knows, or a whole value of unknown size. So one copy of an algorithm
// serves typed arrays and values, every transport, and every driver (awaited, as a Request, recorded).
//
// The oblivious rule: rounds depend on rank, size, root, hosts and the number of blocks, never on what was received.

/** Buffers of a schedule. INPUT is what the caller gave and is never written; RESULT is what the caller gets. */
export const INPUT = 0
export const RESULT = 1
/** Working space with the blocks of RESULT. */
export const SCRATCH = 2
export type BufferName = typeof INPUT | typeof RESULT | typeof SCRATCH

/** Kinds of step. */
export const SEND = 0
export const RECV = 1
/** into[b] = from[b] op into[b] (`from` holds the operand of lower ranks) */
export const REDUCE_LEFT = 2
/** into[b] = into[b] op from[b] (`from` holds the operand of higher ranks) */
export const REDUCE_RIGHT = 3
export const COPY = 4

/** One step. SEND and RECV have a `peer`, a rank of the communicator; local steps a source, `from` and `fromFirst`. */
export interface Step {
  kind: number
  peer: number
  buffer: BufferName
  /** The first block of `buffer`, and how many blocks: they travel as one message. */
  first: number
  count: number
  from: BufferName
  fromFirst: number
}

/** What an algorithm may know. */
export interface Shape {
  readonly rank: number
  readonly size: number
  /** 0 where the collective has no root. */
  readonly root: number
  /** Blocks of RESULT and SCRATCH. */
  readonly blocks: number
  /** The host of each rank, numbered from 0 in the order of their first ranks; absent where there is one. */
  readonly hosts?: readonly number[]
}

/**
 * Sends and receives that are issued together and all awaited; then local steps, in order. Algorithms fill one Round
 * again and again: `yield round.clear().send(…).recv(…)`. Blocks that a round receives into must neither be sent in it
 * nor received twice (but for the barrier's block, which has no bytes).
 */
export class Round {
  readonly steps: Step[] = []
  length = 0

  clear(): this {
    this.length = 0
    return this
  }

  #add(
    kind: number, peer: number, buffer: BufferName, first: number, count: number, from: BufferName, fromFirst: number,
  ): this {
    const step = this.steps[this.length]
    if (step === undefined) this.steps.push({ kind, peer, buffer, first, count, from, fromFirst })
    else {
      step.kind = kind
      step.peer = peer
      step.buffer = buffer
      step.first = first
      step.count = count
      step.from = from
      step.fromFirst = fromFirst
    }
    this.length++
    return this
  }

  send(peer: number, buffer: BufferName, first = 0, count = 1): this {
    return this.#add(SEND, peer, buffer, first, count, buffer, first)
  }

  recv(peer: number, buffer: BufferName, first = 0, count = 1): this {
    return this.#add(RECV, peer, buffer, first, count, buffer, first)
  }

  /** `from` stands left of `into`: it comes from lower ranks. */
  reduceLeft(into: BufferName, from: BufferName, first = 0, count = 1, fromFirst = first): this {
    return this.#add(REDUCE_LEFT, -1, into, first, count, from, fromFirst)
  }

  /** `from` stands right of `into`: it comes from higher ranks. */
  reduceRight(into: BufferName, from: BufferName, first = 0, count = 1, fromFirst = first): this {
    return this.#add(REDUCE_RIGHT, -1, into, first, count, from, fromFirst)
  }

  copy(into: BufferName, from: BufferName, first = 0, count = 1, fromFirst = first): this {
    return this.#add(COPY, -1, into, first, count, from, fromFirst)
  }
}

/** A running algorithm. The result of a `yield` is void: data lives in buffers. */
export type Schedule = Generator<Round, void, void>
export type Algorithm = (shape: Shape) => Schedule

export type CollectiveName =
  | 'barrier'
  | 'bcast'
  | 'scatter'
  | 'gather'
  | 'allgather'
  | 'alltoall'
  | 'reduce'
  | 'allreduce'

/**
 * How RESULT and SCRATCH are cut into blocks.
 * `whole`: one block. `ranks`: one block a rank: a vector cut evenly (the first blocks one element longer), or the
 * blocks of a gather-like collective. `segments`: pieces of a segment size chosen by the selector.
 */
export type Cut = 'whole' | 'ranks' | 'segments'

/** For ranks on `hosts` hosts, as many on each; default: one. */
export type Formula = (size: number, blocks: number, hosts?: number) => number

/**
 * What buffers hold when an algorithm starts and ends; the driver sees to it.
 *
 * collective  INPUT                     RESULT at the start           RESULT at the end
 * barrier     nothing                   one block of no bytes         the same
 * bcast       nothing                   root: the data                all: the data
 * scatter     root: block a rank        nothing; one block            own block
 * gather      one block: own            nothing; block a rank         root: all blocks in rank order
 * allgather   nothing                   own block in its place        all: all blocks in rank order
 * alltoall    block a destination       nothing; block a source       block a source
 * reduce      nothing                   own operand                   root: the result; others: undefined
 * allreduce   nothing                   own operand                   all: the result
 *
 * For scatter SCRATCH has a block a rank; for alltoall, too. At ranks where RESULT has no place in the user's memory
 * (gather and reduce away from the root) the driver provides one.
 */
export interface Entry {
  readonly collective: CollectiveName
  /** The file's name: 'recursive-doubling', 'ring'. */
  readonly name: string
  readonly run: Algorithm
  readonly cut: Cut
  /** The size must be a power of two. */
  readonly powerOfTwo?: boolean
  /** Combines operands out of rank order: the op must be commutative. */
  readonly commutative?: boolean
  /** Cannot run on values of unknown size (a value is one block). Implied where a vector is cut. */
  readonly typedOnly?: boolean
  /**
   * On two levels, inside hosts and between them: the ranks must be on several hosts, more than one on some. Unless the op
   * commutes, the ranks of each host must follow one another.
   */
  readonly twoLevel?: boolean
  /** Uses SCRATCH. */
  readonly scratch: boolean
  /**
   * What a call costs on its longest path, from root 0, for vectors that divide evenly: messages one after the other
   * (messages of one round to the same peer count once), bytes sent and bytes combined, both in units of `bytes`. On two
   * levels: of the messages between `hosts` hosts, each with as many ranks, and then of those inside.
   */
  readonly steps: Formula
  readonly volume: Formula
  readonly work: Formula
  readonly inside?: { readonly steps: Formula; readonly volume: Formula; readonly work: Formula }
  /**
   * Estimated seconds by latency, byte time and op byte time. `bytes` is the vector for bcast, reduce and allreduce,
   * and one block for scatter, gather, allgather and alltoall. `inside`: what is different inside hosts, if the ranks are
   * on several.
   */
  readonly cost: (size: number, bytes: number, model: CostModel, hosts?: number, inside?: CostModel) => number
}

/**
 * An algorithm without messages, on a board (p2p/board.ts): every rank publishes, and collects what others publish. It
 * needs a communicator that has a board; it has no schedule, and its only name is 'shm'.
 */
export interface BoardEntry {
  readonly collective: CollectiveName
  readonly name: 'shm'
  /** Takes typed arrays and numbers, whose lengths all ranks know. */
  readonly typedOnly: boolean
}

/** The Hockney model plus a time to combine a byte: seconds, seconds a byte, seconds a byte. */
export interface CostModel {
  readonly alpha: number
  readonly beta: number
  readonly gamma: number
}
