// The frames between launcher and agent survive any cutting of the stream; foreign bytes are refused.
import t from 'tap'
import { CONTROL, CREDIT, FrameReader, STDOUT, controlFrame, creditFrame, frameHeader } from '../../lib/wire/agent.js'

const stream = Buffer.concat([
  controlFrame({ type: 'started', rank: 3, pid: 77 }),
  frameHeader(STDOUT, 70000, 5),
  Buffer.from('hello'),
  frameHeader(STDOUT, 1, 0),
  creditFrame(2, 4_000_000_000),
])

void t.test('frames, however the stream is cut', async (t) => {
  for (const step of [1, 2, 7, 9, 64, stream.length]) {
    const reader = new FrameReader()
    const frames = []
    for (let at = 0; at < stream.length; at += step) frames.push(...reader.push(stream.subarray(at, at + step)))
    t.same(frames.map(({ type, rank }) => [type, rank]), [[CONTROL, 0], [STDOUT, 70000], [STDOUT, 1], [CREDIT, 2]])
    t.same(JSON.parse(String(frames[0]?.payload)), { type: 'started', rank: 3, pid: 77 })
    t.equal(String(frames[1]?.payload), 'hello')
    t.equal(frames[3]?.payload.readUInt32LE(0), 4_000_000_000)
  }
})

void t.test('what is not ours', async (t) => {
  const types = [frameHeader(0, 0, 0), frameHeader(6, 0, 0)]
  const lengths = [frameHeader(STDOUT, 0, 0xffffffff), frameHeader(CREDIT, 0, 5)]
  for (const bytes of [...types, ...lengths, Buffer.from('ssh: connect to host')]) {
    t.throws(() => new FrameReader().push(bytes), { code: 'TSMPI_TRANSPORT' })
  }
})
