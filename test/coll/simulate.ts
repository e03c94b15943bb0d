// Runs the schedules of all ranks of a collective in memory, on blocks that are symbolic expressions, and complains
// about every breach of the contract of lib/coll/schedule.ts.
//
// Two things are in play at any moment: a rank that may issue its next round, and a message whose send and receive are
// both posted. `pick` says which of them happens next, so the order is that of a queue, or random. Where sends are
// synchronous a round waits until its sends are received: what gets through so needs no buffering at all.
import { COPY, INPUT, RECV, REDUCE_LEFT, RESULT, SEND } from '../../lib/coll/schedule.js'
import type { Algorithm, BufferName, CollectiveName, Schedule, Step } from '../../lib/coll/schedule.js'

export interface Run {
  readonly collective: CollectiveName
  readonly run: Algorithm
  readonly size: number
  readonly root: number
  /** Blocks of RESULT and SCRATCH in bcast, reduce and allreduce. */
  readonly blocks: number
  /** Length of a block that came from rank `source` or, in a vector, of block `source`. */
  readonly length: (source: number) => number
  /** The host of each rank; default: one. */
  readonly hosts?: readonly number[]
}

export interface Order {
  /** A number from 0 to below n: which of n possible events comes next, oldest first. */
  readonly pick: (n: number) => number
  readonly synchronous: boolean
}

export const LOCKSTEP: Order = { pick: () => 0, synchronous: true }

/** A reproducible random order. */
export function randomOrder(seed: number, synchronous: boolean): Order {
  let state = seed
  const pick = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  return { pick, synchronous }
}

interface Block {
  value: string | undefined
  readonly length: number
}

interface Rank {
  readonly schedule: Schedule
  readonly buffers: Block[][]
  readonly steps: Step[]
  pending: number
  rounds: number
  done: boolean
  /** The ranks that this one has heard of, as bits. */
  heard: bigint
  hearing: bigint
}

interface Message {
  readonly blocks: Block[]
  readonly values: (string | undefined)[]
  readonly heard: bigint
}

interface Channel {
  readonly sends: Message[]
  readonly receives: Block[][]
}

export interface Outcome {
  /** RESULT of every rank. */
  readonly results: (string | undefined)[][]
  readonly heard: bigint[]
  readonly messages: number
}

/** Runs to the end. Throws an Error that says which rank broke which rule. */
export function simulate(run: Run, order: Order): Outcome {
  return new Simulation(run, order).finish()
}

class Simulation {
  readonly run: Run
  readonly order: Order
  readonly ranks: Rank[] = []
  readonly channels = new Map<number, Channel>()
  /** Ranks that may go on (0 and up), and channels with a message that may arrive (-1 - key). */
  readonly events: number[] = []
  messages = 0

  constructor(run: Run, order: Order) {
    this.run = run
    this.order = order
    const { size, root, hosts } = run
    for (let rank = 0; rank < size; rank++) {
      const buffers = buffersOf(run, rank)
      const schedule = run.run({ rank, size, root, blocks: buffers[RESULT].length, ...(hosts && { hosts }) })
      const heard = 1n << BigInt(rank)
      this.ranks.push({ schedule, buffers, steps: [], pending: 0, rounds: 0, done: false, heard, hearing: heard })
      this.events.push(rank)
    }
  }

  finish(): Outcome {
    while (this.events.length > 0) {
      const event = this.events.splice(this.order.pick(this.events.length), 1)[0]
      if (event >= 0) this.advance(event)
      else this.deliver(-1 - event)
    }
    this.checkEnd()
    return {
      results: this.ranks.map((rank) => rank.buffers[RESULT].map((block) => block.value)),
      heard: this.ranks.map((rank) => rank.heard),
      messages: this.messages,
    }
  }

  /** Ends a rank's round, whose messages are all through, and issues the next. */
  advance(number: number): void {
    const rank = this.ranks[number]
    for (const step of rank.steps) if (step.kind !== SEND && step.kind !== RECV) this.compute(number, step)
    rank.heard = rank.hearing
    const next = rank.schedule.next()
    if (next.done === true) {
      rank.done = true
      rank.steps.length = 0
      return
    }
    const round = next.value
    rank.rounds++
    rank.steps.splice(0, Infinity, ...round.steps.slice(0, round.length).map((step) => ({ ...step })))
    this.checkRound(number, rank.steps)
    // One more than there are messages, so that a message that meets its partner at once does not end the round.
    rank.pending = 1
    for (const step of rank.steps) {
      if (step.kind === SEND) this.send(number, step)
      else if (step.kind === RECV) this.receive(number, step)
    }
    this.settle(number)
  }

  send(number: number, { peer, buffer, first, count }: Step): void {
    const rank = this.ranks[number]
    const blocks = this.range(number, buffer, first, count)
    const channel = this.channel(number, peer)
    const values = blocks.map((block) => block.value)
    if (values.includes(undefined)) this.fail(number, `sends blocks of buffer ${buffer} that hold nothing yet`)
    channel.sends.push({ blocks, values, heard: rank.heard })
    this.messages++
    if (this.order.synchronous) rank.pending++
    if (channel.sends.length <= channel.receives.length) this.events.push(-1 - this.key(number, peer))
  }

  receive(number: number, { peer, buffer, first, count }: Step): void {
    const channel = this.channel(peer, number)
    if (buffer === INPUT) this.fail(number, 'receives into INPUT')
    channel.receives.push(this.range(number, buffer, first, count))
    this.ranks[number].pending++
    if (channel.receives.length <= channel.sends.length) this.events.push(-1 - this.key(peer, number))
  }

  deliver(key: number): void {
    const from = Math.floor(key / this.run.size)
    const to = key % this.run.size
    const channel = this.channels.get(key)!
    const message = channel.sends.shift()!
    const into = channel.receives.shift()!
    if (into.length !== message.blocks.length) {
      this.fail(to, `expects ${into.length} blocks of rank ${from}, which sends ${message.blocks.length}`)
    }
    into.forEach((block, i) => {
      const sent = message.blocks[i].length
      if (block.length !== sent) this.fail(to, `has ${block.length} elements for ${sent} of rank ${from}`)
      block.value = message.values[i]
    })
    this.ranks[to].hearing |= message.heard
    if (this.order.synchronous) this.settle(from)
    this.settle(to)
  }

  settle(number: number): void {
    const rank = this.ranks[number]
    if (--rank.pending === 0) this.events.push(number)
  }

  compute(number: number, { kind, buffer, first, count, from, fromFirst }: Step): void {
    if (buffer === INPUT) this.fail(number, 'writes INPUT')
    const into = this.range(number, buffer, first, count)
    const source = this.range(number, from, fromFirst, count)
    const values = source.map((block) => block.value)
    into.forEach((block, i) => {
      const value = values[i]
      const needed = kind === COPY ? [value] : [value, block.value]
      if (needed.includes(undefined)) this.fail(number, 'computes with nothing')
      if (block.length !== source[i].length) this.fail(number, 'mixes blocks of different lengths')
      if (kind === COPY) block.value = value
      else block.value = kind === REDUCE_LEFT ? `(${value} ${block.value})` : `(${block.value} ${value})`
    })
  }

  range(number: number, buffer: BufferName, first: number, count: number): Block[] {
    const all = this.ranks[number].buffers[buffer]
    const whole = Number.isInteger(first) && Number.isInteger(count)
    if (!whole || count < 1 || first < 0 || first + count > all.length) {
      this.fail(number, `names ${count} blocks from ${first} of buffer ${buffer}, which has ${all.length}`)
    }
    return all.slice(first, first + count)
  }

  checkRound(number: number, steps: Step[]): void {
    const received = new Set<Block>()
    const sent: Block[] = []
    let local = false
    for (const { kind, peer, buffer, first, count } of steps) {
      if (kind !== SEND && kind !== RECV) {
        local = true
        continue
      }
      if (local) this.fail(number, 'has a message behind a local step')
      if (peer < 0 || peer >= this.run.size || peer === number) this.fail(number, `has peer ${peer}`)
      for (const block of this.range(number, buffer, first, count)) {
        if (kind === SEND) sent.push(block)
        else if (received.has(block) && this.run.collective !== 'barrier') this.fail(number, 'receives a block twice')
        else received.add(block)
      }
    }
    if (this.run.collective === 'barrier') return
    if (sent.some((block) => received.has(block))) this.fail(number, 'receives into a block that it sends')
  }

  checkEnd(): void {
    this.ranks.forEach((rank, number) => {
      if (!rank.done) this.fail(number, `waits for ever for ${rank.pending} messages`)
    })
    for (const [key, { sends, receives }] of this.channels) {
      if (sends.length + receives.length > 0) {
        this.fail(Math.floor(key / this.run.size), `left messages to ${key % this.run.size} unmatched`)
      }
    }
  }

  channel(from: number, to: number): Channel {
    const key = this.key(from, to)
    let channel = this.channels.get(key)
    if (channel === undefined) this.channels.set(key, (channel = { sends: [], receives: [] }))
    return channel
  }

  key(from: number, to: number): number {
    return from * this.run.size + to
  }

  fail(number: number, what: string): never {
    const { collective, size, root, hosts = [] } = this.run
    const { rounds } = this.ranks[number]
    throw new Error(`${collective}, ${size} ranks, root ${root}, hosts ${hosts.join(' ')}: rank ${number}, round ${rounds}: ${what}`)
  }
}

/** INPUT, RESULT and SCRATCH of a rank as the table above Entry in schedule.ts says. */
function buffersOf({ collective, size, root, blocks, length }: Run, rank: number): Block[][] {
  const vector = (value: (block: number) => string | undefined): Block[] =>
    Array.from({ length: blocks }, (_, block) => ({ value: value(block), length: length(block) }))
  const each = (value: (peer: number) => string | undefined): Block[] =>
    Array.from({ length: size }, (_, peer) => ({ value: value(peer), length: length(peer) }))
  const own = (value: string | undefined): Block[] => [{ value, length: length(rank) }]
  const nothing = (): undefined => undefined
  switch (collective) {
    case 'barrier':
      return [[], [{ value: '', length: 0 }], []]
    case 'bcast':
      return [[], vector((block) => (rank === root ? `d${block}` : undefined)), vector(nothing)]
    case 'scatter':
      return [rank === root ? each(String) : [], own(undefined), each(nothing)]
    case 'gather':
      return [own(String(rank)), each(nothing), each(nothing)]
    case 'allgather':
      return [[], each((peer) => (peer === rank ? String(rank) : undefined)), each(nothing)]
    case 'alltoall':
      return [each((peer) => `${rank}>${peer}`), each(nothing), each(nothing)]
    case 'reduce':
    case 'allreduce':
      return [[], vector((block) => `${rank}.${block}`), vector(nothing)]
  }
}
