// What every transport promises (lib/transport/transport.ts), as one list of tests that runs on each of them.
import { setImmediate as turn } from 'node:timers/promises'
import type { Test } from 'tap'
import { EAGER, HEADER_BYTES, HEADER_WORDS } from '../../lib/wire/header.js'
import type { Receiver, Transport } from '../../lib/transport/transport.js'

/** Opens one transport per receiver, in rank order. */
export type Open = (receivers: readonly Receiver[]) => Promise<readonly Transport[]> | readonly Transport[]

/** A seeded generator of integers in [0, below): tests must fail the same way twice. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export interface Frame {
  readonly peer: number
  readonly words: Int32Array
  readonly payload: Uint8Array
}

/** One rank of a test: keeps what it receives, and sends from a queue as room allows. */
export class Rank implements Receiver {
  transport!: Transport
  readonly frames: Frame[] = []
  readonly lost: [peer: number, reason: Error][] = []
  wakes = 0
  keep = true
  received = 0
  hook: ((frame: Frame) => void) | undefined
  readonly #queue: [peer: number, header: Int32Array, payload: Uint8Array][] = []
  #listeners: (() => void)[] = []

  onFrame(peer: number, words: Int32Array, at: number, bytes: Uint8Array, offset: number): void {
    if (Buffer.isBuffer(bytes)) throw new Error('payload is a Buffer')
    if (bytes.byteOffset + offset !== (bytes.byteOffset + offset) >> 2 << 2) throw new Error('payload is not aligned')
    this.received++
    if (!this.keep) return
    const length = words[at + 4]
    const frame = { peer, words: words.slice(at, at + HEADER_WORDS), payload: bytes.slice(offset, offset + length) }
    this.frames.push(frame)
    this.hook?.(frame)
  }

  onWake(): void {
    this.wakes++
    this.pump()
    if (this.#queue.length > 0) this.transport.sleep()
    for (const listener of this.#listeners.splice(0)) listener()
  }

  onPeerLost(peer: number, reason: Error): void {
    this.lost.push([peer, reason])
  }

  woken(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve))
  }

  /** Sends now, or once `onWake` says that there is room. Frames to one peer keep their order. */
  post(peer: number, tag: number, payload: Uint8Array = new Uint8Array(0)): void {
    this.#queue.push([peer, header(tag, payload.length), payload])
  }

  get queued(): number {
    return this.#queue.length
  }

  pump(): void {
    const full = new Set<number>()
    let kept = 0
    for (const entry of this.#queue) {
      const [peer, words, payload] = entry
      if (full.has(peer) || !this.transport.send(peer, words, payload, 0, payload.length)) {
        full.add(peer)
        this.#queue[kept++] = entry
      }
    }
    this.#queue.length = kept
  }
}

export function header(tag: number, length: number): Int32Array {
  return Int32Array.of(EAGER, 1, tag, 0, length, length, 0, 0)
}

/** `length` bytes that depend on sender, receiver and number, so that a mix-up shows. */
export function pattern(from: number, to: number, tag: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const next = random(from * 7919 + to * 104729 + tag)
  for (let i = 0; i < length; i++) bytes[i] = next(256)
  return bytes
}

export async function world(size: number, open: Open): Promise<Rank[]> {
  const ranks = Array.from({ length: size }, () => new Rank())
  const transports = await open(ranks)
  ranks.forEach((rank, i) => (rank.transport = transports[i]!))
  return ranks
}

/** Polls and pumps all ranks and turns the event loop until `done`. */
export async function until(ranks: readonly Rank[], done: () => boolean): Promise<void> {
  while (!done()) {
    for (const rank of ranks) {
      rank.transport.poll()
      rank.pump()
    }
    await turn()
  }
}

const received = (ranks: readonly Rank[]): number => ranks.reduce((sum, rank) => sum + rank.received, 0)
const close = (ranks: readonly Rank[]): void => ranks.forEach((rank) => rank.transport.close())
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Runs the contract for each world size. */
export function contract(t: Test, name: string, sizes: readonly number[], open: Open): void {
  for (const size of sizes) {
    void t.test(`${name}, ${size} ranks`, async (t) => {
      for (const [title, run] of Object.entries(promises)) {
        await t.test(title, async (t) => {
          const ranks = await world(size, open)
          try {
            await run(t, ranks)
            t.same(ranks.map((rank) => rank.lost), ranks.map(() => []), 'no peer is lost')
          } finally {
            close(ranks)
          }
        })
      }
    })
  }
}

const promises: Record<string, (t: Test, ranks: Rank[]) => Promise<void>> = {
  async 'frames arrive once, in order per pair, unharmed'(t, ranks) {
    const next = random(1)
    const each = 60
    const most = Math.min(20_000, ranks[0].transport.maxPayload)
    ranks.forEach((rank, from) => {
      for (let tag = 0; tag < each; tag++) {
        ranks.forEach((_, to) => rank.post(to, tag, pattern(from, to, tag, next(next(4) === 0 ? most : 100))))
      }
      rank.pump()
    })
    await until(ranks, () => received(ranks) >= each * ranks.length ** 2)
    ranks.forEach((rank, to) => {
      ranks.forEach((_, from) => {
        const frames = rank.frames.filter((frame) => frame.peer === from)
        t.same(frames.map((frame) => frame.words[2]), frames.map((_, i) => i), `order from ${from} to ${to}`)
        t.equal(frames.length, each)
        t.ok(frames.every(({ words, payload }) => equal(payload, pattern(from, to, words[2], payload.length))))
      })
    })
  },

  async 'all eight header words travel'(t, ranks) {
    const words = Int32Array.of(EAGER | (3 << 8) | (1 << 16), -1, 2 ** 31 - 1, 4, 5, 6, 7, -8)
    const last = ranks.length - 1
    t.ok(ranks[0].transport.send(last, words, Uint8Array.of(9, 1, 2, 3, 4, 5), 1, 5), 'payload from an offset')
    words.fill(0)
    await until(ranks, () => received(ranks) === 1)
    const [frame] = ranks[last].frames
    t.same([...frame.words], [EAGER | (3 << 8) | (1 << 16), -1, 2 ** 31 - 1, 4, 5, 6, 7, -8])
    t.same([...frame.payload], [1, 2, 3, 4, 5])
  },

  async 'empty and largest payloads'(t, ranks) {
    const most = ranks[0].transport.maxPayload
    const lengths = [0, most, 0, most, most - 1, 1]
    ranks.forEach((rank, from) => {
      const to = (from + 1) % ranks.length
      lengths.forEach((length, tag) => rank.post(to, tag, pattern(from, to, tag, length)))
      rank.pump()
    })
    await until(ranks, () => received(ranks) === lengths.length * ranks.length)
    ranks.forEach((rank, to) => {
      const from = (to + ranks.length - 1) % ranks.length
      t.same(rank.frames.map((frame) => frame.payload.length), lengths)
      t.ok(rank.frames.every((frame, tag) => equal(frame.payload, pattern(from, to, tag, lengths[tag]))))
    })
  },

  async 'the payload is copied before send returns'(t, ranks) {
    const payload = pattern(0, 0, 0, ranks[0].transport.maxPayload)
    const sent = payload.slice()
    const last = ranks.length - 1
    t.ok(ranks[0].transport.send(last, header(0, payload.length), payload, 0, payload.length))
    payload.fill(0)
    await until(ranks, () => received(ranks) === 1)
    t.ok(equal(ranks[last].frames[0].payload, sent))
  },

  async 'a full queue refuses, and a sleeping sender is woken to go on'(t, ranks) {
    const [first, last] = [ranks[0], ranks[ranks.length - 1]]
    const payload = pattern(0, 0, 0, 1000)
    let sent = 0
    while (first.transport.send(ranks.length - 1, header(sent, 1000), payload, 0, 1000)) {
      sent++
      if (sent % 256 === 0) await turn()
      if (sent * 1000 > 64 * 2 ** 20) throw new Error('the queue has no bound')
    }
    const total = sent + 500
    const wakes = first.wakes
    for (let tag = sent; tag < total; tag++) first.post(ranks.length - 1, tag, payload)
    // A rank that sends to itself has frames to read, and does not sleep.
    const asleep = first.transport.sleep()
    t.ok(asleep || first === last)
    await until([last], () => last.received === total)
    t.ok(first.wakes > wakes || !asleep, 'the sender was woken')
    t.same(last.frames.map((frame) => frame.words[2]), last.frames.map((_, i) => i), 'nothing lost or reordered')
  },

  async 'sleep refuses while a frame is there'(t, ranks) {
    const last = ranks[ranks.length - 1]
    t.ok(last.transport.sleep(), 'nothing there yet')
    last.transport.awake()
    ranks[0].post(ranks.length - 1, 1)
    ranks[0].pump()
    while (last.transport.sleep()) {
      last.transport.awake()
      await turn()
    }
    t.equal(last.received, 0, 'only poll delivers')
    await until([last], () => last.received === 1)
    t.ok(last.transport.sleep(), 'and nothing afterwards')
    last.transport.awake()
  },

  async 'a sleeper is woken by every arrival'(t, ranks) {
    const next = random(2)
    const [first, last] = [ranks[0], ranks[ranks.length - 1]]
    const keepAlive = setInterval(() => {}, 1000)
    for (let tag = 0; tag < 100; tag++) {
      let sent = false
      const send = (): void => {
        if (!sent) first.post(ranks.length - 1, tag)
        sent = true
        first.pump()
      }
      if (next(2) === 0) send()
      for (let i = next(4); i > 0; i--) await turn()
      while (last.received <= tag) {
        const woken = last.woken()
        if (last.transport.sleep()) {
          send()
          await woken
        }
        last.transport.awake()
        last.transport.poll()
      }
    }
    clearInterval(keepAlive)
    t.equal(last.received, 100)
  },

  async 'a receiver may send, and poll is not re-entered'(t, ranks) {
    let nested = 0
    ranks.forEach((rank) => {
      rank.hook = ({ peer, words }) => {
        nested += rank.transport.poll()
        if (words[2] > 0) rank.post(peer, words[2] - 1, new Uint8Array(8))
        rank.pump()
      }
    })
    ranks[0].post(ranks.length - 1, 50)
    ranks[0].pump()
    await until(ranks, () => received(ranks) === 51)
    t.equal(nested, 0)
  },

  async 'one poll delivers a bounded number'(t, ranks) {
    const [first, last] = [ranks[0], ranks[ranks.length - 1]]
    for (let tag = 0; tag < 400; tag++) first.post(ranks.length - 1, tag)
    first.pump()
    let most = 0
    while (last.received < 400) {
      const count = last.transport.poll()
      most = Math.max(most, count)
      first.pump()
      await turn()
    }
    t.ok(most > 0 && most <= 64, `${most} frames in one poll`)
  },

  async 'what was sent before flush and close arrives'(t, ranks) {
    const [first, last] = [ranks[0], ranks[ranks.length - 1]]
    if (first === last) return
    for (let tag = 0; tag < 300; tag++) first.post(ranks.length - 1, tag, pattern(0, 1, tag, 100))
    first.pump()
    let flushed = false
    void first.transport.flush().then(() => (flushed = true))
    await until([last], () => flushed && first.queued === 0)
    first.transport.close()
    await until([last], () => last.received === 300)
    t.pass()
  },

  async 'flush with nothing sent, and close twice'(t, ranks) {
    await Promise.all(ranks.map((rank) => rank.transport.flush()))
    close(ranks)
    close(ranks)
    t.equal(ranks[0].transport.send(0, header(0, 0), new Uint8Array(0), 0, 0), false, 'a closed transport refuses')
    t.equal(ranks[0].transport.poll(), 0)
  },

  async 'ranks that send, poll and sleep at random lose nothing'(t, ranks) {
    const next = random(3)
    const total = 600
    const sent = ranks.map(() => ranks.map(() => 0))
    const most = Math.min(ranks[0].transport.maxPayload, 30_000) - HEADER_BYTES
    let posted = 0
    while (received(ranks) < total) {
      const from = next(ranks.length)
      const rank = ranks[from]
      const action = next(4)
      if (action < 2 && posted < total) {
        const to = next(ranks.length)
        rank.post(to, sent[from][to]++, pattern(from, to, 0, next(2) === 0 ? next(most) : next(50)))
        rank.pump()
        posted++
      } else if (action === 2) {
        for (let i = next(3); i >= 0; i--) rank.transport.poll()
      } else if (rank.transport.sleep()) {
        await turn()
        rank.transport.awake()
      }
      if (next(8) === 0) await turn()
    }
    for (const rank of ranks) {
      for (let from = 0; from < ranks.length; from++) {
        const tags = rank.frames.filter((frame) => frame.peer === from).map((frame) => frame.words[2])
        t.same(tags, tags.map((_, i) => i))
      }
    }
  },
}
