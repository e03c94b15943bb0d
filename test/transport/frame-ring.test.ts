// The queue of frames against a model, under seeded random pushes and deliveries.
import t from 'tap'
import { FrameRing } from '../../lib/transport/frame-ring.js'
import { header, pattern, Rank, random } from './contract.js'

for (const seed of [1, 2, 3]) {
  void t.test(`random pushes and deliveries, seed ${seed}`, async (t) => {
    const next = random(seed)
    const ring = new FrameRing(4096)
    const rank = new Rank()
    let [pushed, refused] = [0, 0]
    for (let step = 0; step < 5000; step++) {
      const payload = pattern(0, 0, pushed, next(3) === 0 ? next(1000) : next(40))
      if (next(5) > 1) {
        if (ring.push(header(pushed, payload.length), payload, 0, payload.length)) pushed++
        else refused++
      } else {
        ring.deliver(0, rank, next(4))
      }
      if (ring.frames !== pushed - rank.received) return t.fail('a frame was lost')
    }
    while (ring.deliver(0, rank, 3) > 0);
    t.ok(refused > 100, 'it was full at times')
    t.same(rank.frames.map((frame) => frame.words[2]), rank.frames.map((_, i) => i))
    for (const { words, payload } of rank.frames) {
      if (Buffer.compare(payload, pattern(0, 0, words[2], payload.length)) !== 0) t.fail(`frame ${words[2]} is harmed`)
    }
  })
}

void t.test('a receiver that throws has had the frame; one that clears ends the delivery', async (t) => {
  const ring = new FrameRing(4096)
  const rank = new Rank()
  for (let tag = 0; tag < 3; tag++) ring.push(header(tag, 0), new Uint8Array(0), 0, 0)
  rank.hook = () => {
    throw new Error('by the receiver')
  }
  t.throws(() => ring.deliver(0, rank, 10), { message: 'by the receiver' })
  t.equal(ring.frames, 2)
  rank.hook = () => ring.clear()
  t.equal(ring.deliver(0, rank, 10), 1)
  t.equal(ring.frames, 0)
})
