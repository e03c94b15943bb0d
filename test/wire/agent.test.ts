// The frames between launcher and agent survive any cutting of the stream; foreign bytes are refused.
import t from 'tap'
import { ALL_HOSTS, BEAT, CONTROL, CREDIT, FrameReader, STDOUT, beatFrame, controlFrame, creditFrame, frame } from '../../lib/wire/agent.js'

const stream = Buffer.concat([
  controlFrame(7, { type: 'started', rank: 3, pid: 77 }),
  ...frame(STDOUT, 1, 70000, Buffer.from('hel\nlo')),
  ...frame(STDOUT, 2, 1, Buffer.alloc(0)),
  beatFrame(),
  creditFrame(ALL_HOSTS, 2, 4_000_000_000),
])

void t.test('frames, however the stream is cut', async (t) => {
  for (const step of [1, 2, 7, 9, 13, 14, 64, stream.length]) {
    const reader = new FrameReader()
    const frames = []
    for (let at = 0; at < stream.length; at += step) frames.push(...reader.push(stream.subarray(at, at + step)))
    const heads = [[CONTROL, 7, 0], [STDOUT, 1, 70000], [STDOUT, 2, 1], [BEAT, 0, 0], [CREDIT, ALL_HOSTS, 2]]
    t.same(frames.map(({ type, host, rank }) => [type, host, rank]), heads)
    t.same(JSON.parse(String(frames[0]?.payload)), { type: 'started', rank: 3, pid: 77 })
    t.equal(String(frames[1]?.payload), 'hel\nlo')
    t.equal(frames[4]?.payload.readUInt32LE(0), 4_000_000_000)
  }
})

void t.test('every frame ends a line', async (t) => {
  t.equal(beatFrame().at(-1), 10)
  t.equal(controlFrame(0, { type: 'done' }).at(-1), 10)
})

/** A frame of which only the header is there, with this length. */
function header(type: number, length: number): Buffer {
  const [bytes] = frame(type, 0, 0, Buffer.alloc(0))
  bytes.writeUInt32LE(length, 9)
  return bytes
}

void t.test('what is not ours', async (t) => {
  const types = [header(0, 0), header(BEAT + 1, 0)]
  const lengths = [header(STDOUT, 0xffffffff), header(CREDIT, 5)]
  const ends = [Buffer.concat([header(STDOUT, 1), Buffer.from('ab')])]
  for (const bytes of [...types, ...lengths, ...ends, Buffer.from('ssh: connect to host')]) {
    t.throws(() => new FrameReader().push(bytes), { code: 'TSMPI_TRANSPORT' })
  }
})
