// The ring of a pair of ranks: wrap, padding, fullness, and the word by which a full producer is woken.
import t from 'tap'
import { RING_MAX_PAYLOAD, RingReader, RingWriter } from '../../lib/transport/ring.js'
import { EAGER } from '../../lib/wire/header.js'
import { RING_BYTES, RING_DATA_BYTES } from '../../lib/wire/segment.js'
import { filled } from '../support/values.js'
import { random } from './contract.js'

const WAITING = 32
const LINE = 64
const ALL = Infinity

interface Ring {
  readonly memory: ArrayBuffer
  readonly writer: RingWriter
  readonly reader: RingReader
  /** How often the reader said that there is room for a producer that waits. */
  wakes: number
  write(tag: number, length: number): boolean
  /** Takes what is there; gives the tags, and checks the payloads. */
  read(): number[]
}

function ring(start = 0): Ring {
  const memory = new ArrayBuffer(RING_BYTES)
  const words = new Int32Array(memory)
  words[0] = start // HEAD: both begin there
  const writer = new RingWriter(memory)
  const reader = new RingReader(memory, 5, (peer) => {
    if (peer === 5) pair.wakes++
  })
  const pair: Ring = {
    wakes: 0,
    memory,
    writer,
    reader,
    write(tag, length) {
      const header = Int32Array.of(EAGER, 1, tag, 3, length, length, 0, 7)
      return writer.write(header, filled(Uint8Array, length + 11, tag), 11, length)
    },
    read() {
      const tags: number[] = []
      reader.read((peer, words, at, bytes, offset) => {
        const [kind, context, tag, id, length, total, high, last] = words.subarray(at, at + 8)
        const payload = bytes.subarray(offset, offset + length)
        const expected = filled(Uint8Array, length + 11, tag).subarray(11)
        const header = [kind, context, id, total, high, last].join() === [EAGER, 1, 3, length, 0, 7].join()
        const right = peer === 5 && header && offset % 8 === 0 && Buffer.compare(payload, expected) === 0
        if (!right) throw new Error(`frame ${tag}`)
        tags.push(tag)
      }, ALL)
      return tags
    },
  }
  return pair
}

void t.test('frames of all sizes come out as they went in', async (t) => {
  const pair = ring()
  t.notOk(pair.reader.hasFrames)
  const lengths = [0, 1, 7, 8, 31, 32, 33, 48, 49, 64, 1000, 4095, RING_MAX_PAYLOAD - 1, RING_MAX_PAYLOAD]
  for (const [tag, length] of lengths.entries()) {
    t.ok(pair.write(tag, length))
    t.ok(pair.reader.hasFrames)
    t.same(pair.read(), [tag], `${length} bytes`)
    t.notOk(pair.reader.hasFrames)
  }
})

void t.test('a full ring refuses whole frames, and loses nothing', async (t) => {
  for (const length of [0, 1, 100, 2000, RING_MAX_PAYLOAD]) {
    const pair = ring()
    let count = 0
    while (pair.write(count, length)) count++
    const frame = Math.ceil((32 + length) / LINE) * LINE
    t.equal(count, Math.floor((RING_DATA_BYTES - LINE) / frame), `${count} frames of ${length} bytes`)
    t.notOk(pair.writer.hasRoom())
    t.equal(new Int32Array(pair.memory)[WAITING], 1, 'the producer waits')
    const tags = Array.from({ length: count }, (_, tag) => tag)
    const first: number[] = []
    const read = pair.reader.read((_peer, words, at) => first.push(words[at + 2]), ALL)
    t.equal(read, count)
    t.equal(pair.wakes, 1, 'the producer is to be woken')
    t.same(first, tags)
    t.equal(new Int32Array(pair.memory)[WAITING], 0)
    t.ok(pair.writer.hasRoom())
    t.ok(pair.write(count, length))
    t.equal(pair.reader.read(() => undefined, ALL), 1)
    t.equal(pair.wakes, 1, 'nobody waits any more')
  }
})

void t.test('a frame that would run over the end starts anew', async (t) => {
  for (let rest = LINE; rest <= 4 * LINE; rest += LINE) {
    const pair = ring()
    const head = RING_DATA_BYTES - rest - 3 * (RING_MAX_PAYLOAD + 32)
    for (let i = 0; i < 3; i++) t.ok(pair.write(i, RING_MAX_PAYLOAD))
    t.same(pair.read(), [0, 1, 2])
    for (let left = head; left > 0; left -= 8192) t.ok(pair.write(3, Math.min(left, 8192) - 32))
    pair.read()
    t.ok(pair.write(4, 300), `${rest} bytes before the end`)
    t.ok(pair.write(5, 5))
    t.same(pair.read(), [4, 5])
  }
})

void t.test('a frame that needs the padding, too, waits for it', async (t) => {
  const pair = ring()
  for (let i = 0; i < 3; i++) pair.write(i, RING_MAX_PAYLOAD)
  pair.write(3, RING_MAX_PAYLOAD - 320)
  t.notOk(pair.write(4, 700), 'what is left at the end is too short, and the beginning is taken')
  t.ok(pair.write(5, 480), 'a shorter one still fits')
  t.notOk(pair.write(6, 0), 'one line stays free')
  t.same(pair.read(), [0, 1, 2, 3, 5])
  t.ok(pair.write(7, 400))
  t.same(pair.read(), [7])
})

void t.test('the counters may run over', async (t) => {
  for (const start of [2 ** 31 - RING_DATA_BYTES, 2 ** 32 - RING_DATA_BYTES, 2 ** 31 - LINE, -LINE]) {
    const pair = ring(start | 0)
    const next = random(9)
    for (let tag = 0; tag < 500; tag++) {
      t.ok(pair.write(tag, next(3000)) || pair.read().length > 0)
      if (tag % 7 === 0) pair.read()
    }
  }
})

void t.test('random traffic', async (t) => {
  for (const [seed, largest] of [[1, 60], [2, 500], [3, RING_MAX_PAYLOAD], [4, 20_000]] as const) {
    const next = random(seed)
    const pair = ring()
    let sent = 0
    let received = 0
    let wrong = 0
    const take = (): void => {
      for (const tag of pair.read()) if (tag !== received++) wrong++
    }
    while (sent < 5000 && wrong === 0) {
      const length = Math.min(next(largest + 1), RING_MAX_PAYLOAD)
      if (next(3) === 0) take()
      while (wrong === 0 && !pair.write(sent, length)) {
        if (received === sent) wrong++
        take()
      }
      sent++
    }
    take()
    t.equal(received, sent)
    t.equal(wrong, 0)
  }
})

void t.test('a producer that goes to sleep is woken, though the consumer made some room while it was refused', async (t) => {
  const pair = ring()
  while (pair.write(0, 2000));
  // As if the consumer had cleared the word between its setting and the refusal's last look.
  Atomics.store(new Int32Array(pair.memory), WAITING, 0)
  t.notOk(pair.writer.hasRoom())
  pair.read()
  t.equal(pair.wakes, 1)
})

void t.test('room is made known while frames are being read', async (t) => {
  const pair = ring()
  let count = 0
  while (pair.write(count, 1000)) count++
  const tags: number[] = []
  let early = 0
  pair.reader.read((_peer, words, at) => {
    tags.push(words[at + 2])
    if (tags.length <= count && pair.write(count + early, 1000)) early++
  }, ALL)
  t.ok(early > count / 2, `${early} written into a full ring of ${count}`)
  t.same(tags.concat(pair.read()), Array.from({ length: count + early }, (_, tag) => tag))
})

void t.test('what a longer frame left behind is not taken for a frame', async (t) => {
  const pair = ring()
  for (let lap = 0; lap < 3; lap++) {
    // Payloads of all ones look like headers; short frames then end in the midst of them.
    while (pair.writer.write(Int32Array.of(EAGER, 1, 0, 3, 8000, 8000, 0, 7), new Uint8Array(8000).fill(1), 0, 8000));
    let long = 0
    pair.reader.read(() => long++, ALL)
    t.ok(long > 5)
    for (let tag = 0; tag < 300; tag++) {
      t.ok(pair.write(tag, 4))
      t.same(pair.read(), [tag])
    }
  }
})

void t.test('a reader may come late', async (t) => {
  const pair = ring()
  pair.write(1, 10)
  pair.write(2, 10)
  const tags: number[] = []
  new RingReader(pair.memory, 0, () => undefined).read((_peer, words, at) => tags.push(words[at + 2]), ALL)
  t.same(tags, [1, 2])
})
