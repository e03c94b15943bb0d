// Forwarding by whole lines, against a sink that can be held up.
import t from 'tap'
import { Lane, LineWriter } from '../../launcher/lines.js'
import type { Sink } from '../../launcher/sink.js'

/** A sink that keeps what it gets; with `slow`, writes complete only when `drain` is called. */
class TestSink implements Sink {
  readonly isTerminal: boolean
  text = ''
  slow = false
  #open: (() => void)[] = []
  constructor(isTerminal = false) {
    this.isTerminal = isTerminal
  }
  write(bytes: Buffer, done: () => void): void {
    this.text += bytes.toString('latin1')
    if (this.slow) this.#open.push(done)
    else done()
  }
  drain(): void {
    for (const done of this.#open.splice(0)) done()
  }
}

function setup(isTerminal = false, tag?: () => string) {
  const sink = new TestSink(isTerminal)
  const state = { credited: 0 }
  const writer = new LineWriter(sink)
  const credit = (bytes: number): void => void (state.credited += bytes)
  return { sink, writer, state, a: new Lane(writer, credit, tag), b: new Lane(writer, credit, tag) }
}
const long = (letter: string, length: number): Buffer => Buffer.alloc(length, letter)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

void t.test('a line leaves when it is complete', async (t) => {
  const { sink, state, a, b } = setup()
  a.push(Buffer.from('one\ntw'))
  b.push(Buffer.from('B\n'))
  t.equal(sink.text, 'one\nB\n')
  a.push(Buffer.from('o\nthree'))
  t.equal(sink.text, 'one\nB\ntwo\n')
  a.end()
  t.equal(sink.text, 'one\nB\ntwo\nthree')
  t.equal(state.credited, 15, 'every byte, once')
})

void t.test('a long line keeps the floor until its end', async (t) => {
  const { sink, writer, state, a, b } = setup()
  a.push(long('a', 70000))
  b.push(Buffer.from('b\n'))
  a.push(long('a', 10))
  t.equal(sink.text, 'a'.repeat(70000))
  t.equal(state.credited, 70010, 'what waits is not credited')
  a.push(Buffer.from('\nnext'))
  t.equal(sink.text, `${'a'.repeat(70010)}\nb\n`)
  b.push(Buffer.from('c\n'))
  a.end()
  await writer.idle()
  t.equal(sink.text.slice(70011), 'b\nc\nnext')
  t.equal(state.credited, 70010 + 5 + 4)
})

void t.test('nobody waits for ever on a long line', async (t) => {
  const { sink, state, a, b } = setup()
  a.push(long('a', 70000))
  const line = Buffer.concat([long('b', 999), Buffer.from('\n')])
  for (let n = 0; n < 300; n++) b.push(line)
  t.equal(state.credited, 370000, 'so much waited that the line was broken')
  t.equal(sink.text.length, 370000)
  a.push(long('a', 70000))
  b.push(Buffer.from('z\n'))
  t.notMatch(sink.text, 'z')
  for (let n = 0; n < 100 && !sink.text.includes('z'); n++) await pause(100)
  t.match(sink.text, /az\n$/, 'its owner said nothing for a while')
})

void t.test('what is under way is credited when it has left', async (t) => {
  const { sink, writer, state, a } = setup()
  sink.slow = true
  a.push(Buffer.from('line\n'))
  t.equal(state.credited, 0)
  const idle = writer.idle()
  sink.drain()
  await idle
  t.equal(state.credited, 5)
})

void t.test('tags stand before lines, not before the pieces of one', async (t) => {
  const { sink, a } = setup(false, () => '[0] ')
  a.push(Buffer.from('x\ny\n'))
  a.push(long('z', 70000))
  a.push(Buffer.from('z'))
  a.end()
  t.equal(sink.text, `[0] x\n[0] y\n[0] ${'z'.repeat(70001)}\n`)
})

void t.test('a terminal shows an unfinished line, and others begin on a new one', async (t) => {
  const { sink, a, b } = setup(true)
  a.push(Buffer.from('name? '))
  t.equal(sink.text, '')
  for (let n = 0; n < 100 && sink.text === ''; n++) await pause(50)
  t.equal(sink.text, 'name? ')
  b.push(Buffer.from('b\n'))
  t.equal(sink.text, 'name? \nb\n')
})
