// Cutting vectors into blocks.
import t from 'tap'
import { cutBlocks, evenCut, segmentBytes, segmentCut } from '../../lib/coll/cut.js'
import { blockCount } from '../../lib/coll/registry.js'

void t.test('an even cut makes the first blocks one longer', async (t) => {
  t.same(evenCut(7, 3), [0, 3, 5, 7])
  t.same(evenCut(2, 4), [0, 1, 2, 2, 2])
  t.same(evenCut(0, 2), [0, 0, 0])
  t.same(evenCut(5, 1), [0, 5])
  t.equal(evenCut(2 ** 40 + 1, 3).at(-1), 2 ** 40 + 1)
})

void t.test('segments are about as long as asked, and at least one', async (t) => {
  t.same(segmentCut(0, 8, 16), [0, 0])
  t.same(segmentCut(5, 8, 16), [0, 2, 4, 5])
  t.same(segmentCut(3, 8, 1), [0, 1, 2, 3])
})

void t.test('a segment size is a power of two, and grows with the vector', async (t) => {
  let last = 0
  for (let bytes = 1; bytes < 2 ** 36; bytes *= 8) {
    const segment = segmentBytes(8, bytes)
    t.equal(Math.log2(segment) % 1, 0)
    t.ok(segment >= last)
    last = segment
  }
  t.ok(segmentBytes(64, 2 ** 24) <= segmentBytes(4, 2 ** 24))
  t.equal(segmentBytes(8, 0), 16384)
})

void t.test('a vector is cut as the algorithm asks, into as many blocks as the costs assume', async (t) => {
  t.same(cutBlocks('whole', 4, 10, 8), [0, 10])
  t.same(cutBlocks('ranks', 4, 10, 8), [0, 3, 6, 8, 10])
  for (const cut of ['whole', 'ranks', 'segments'] as const) {
    for (const elements of [0, 1, 1000, 1e6]) {
      t.equal(cutBlocks(cut, 5, elements, 8).length - 1, blockCount(cut, 5, elements * 8))
    }
  }
})
