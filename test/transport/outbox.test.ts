// The send window against a model: batches hold what was pushed, and no byte is reused before it is acknowledged.
import t from 'tap'
import { Outbox, BATCH_BYTES, COLLECTED_BYTES, MAX_PAYLOAD, WINDOW_BATCHES, WINDOW_BYTES } from '../../lib/transport/outbox.js'
import { BATCH_HEAD_BYTES, frameBytes } from '../../lib/wire/batch.js'
import { HEADER_BYTES } from '../../lib/wire/header.js'
import { header, pattern, random } from './contract.js'

/** Tags of the frames in a batch; throws where the batch or a payload is not as sent. */
function tags(batch: Uint8Array): number[] {
  const words = new Int32Array(batch.buffer, batch.byteOffset, batch.length >> 2)
  const found: number[] = []
  let at = BATCH_HEAD_BYTES
  while (at < batch.length) {
    const [tag, length] = [words[(at >> 2) + 2], words[(at >> 2) + 4]]
    const payload = batch.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length)
    if (Buffer.compare(payload, pattern(0, 0, tag, length)) !== 0) throw new Error(`payload of ${tag} is harmed`)
    found.push(tag)
    at += frameBytes(length)
  }
  if (at !== batch.length || found.length !== words[3]) throw new Error('the batch is not whole')
  return found
}

const framesIn = (batch: Uint8Array): number => new Int32Array(batch.buffer, batch.byteOffset, 4)[3]

for (const seed of [1, 2, 3]) {
  void t.test(`random pushes, takes and acknowledgements, seed ${seed}`, async (t) => {
    const next = random(seed)
    const outbox = new Outbox({ job: 1, epoch: 2 })
    const underWay: Uint8Array[] = []
    const seen: number[] = []
    let [pushed, refused, acknowledged] = [0, 0, 0]
    for (let step = 0; step < 4000; step++) {
      const action = next(8)
      if (action < 6) {
        const payload = pattern(0, 0, pushed, next(3) === 0 ? next(MAX_PAYLOAD + 1) : next(600))
        const words = header(pushed, payload.length)
        if (payload.length > 16384 && next(2) === 0) {
          // alone, its payload not in the ring
          for (let batch = outbox.take(0, 0); batch !== undefined; batch = outbox.take(0, 0)) underWay.push(batch)
          if (outbox.full || !outbox.reserve(words, payload.length)) refused++
          else {
            const batch = outbox.take(0, 0)!
            if (batch.length !== BATCH_HEAD_BYTES + frameBytes(payload.length)) return t.fail('not a batch of its own')
            batch.set(payload, BATCH_HEAD_BYTES + HEADER_BYTES)
            underWay.push(batch)
            pushed++
          }
        } else if (outbox.push(words, payload, 0, payload.length)) pushed++
        else refused++
      } else if (action === 6) {
        const batch = outbox.take(0, 0)
        if (batch !== undefined) underWay.push(batch)
        if (batch !== undefined && batch.length > BATCH_BYTES) return t.fail('the batch is too large')
        if (batch !== undefined && batch.length > COLLECTED_BYTES && framesIn(batch) > 1) return t.fail('several in a long batch')
      } else if (next(6) === 0) {
        const count = next(underWay.length + 1)
        for (const batch of underWay.splice(0, count)) seen.push(...tags(batch))
        acknowledged += count
        if (outbox.acknowledge(acknowledged) !== count) return t.fail('acknowledged a different number')
      }
      const bytes = underWay.reduce((sum, batch) => sum + batch.length, 0)
      if (bytes > WINDOW_BYTES) return t.fail('more than the window is under way')
    }
    for (let batch = outbox.take(0, 0); batch !== undefined; batch = outbox.take(0, 0)) underWay.push(batch)
    for (const batch of underWay) seen.push(...tags(batch))
    t.ok(refused > 10, 'it was full at times')
    t.same(seen, Array.from({ length: pushed }, (_, i) => i))
  })
}

void t.test('acknowledgements that cannot be true', async (t) => {
  const outbox = new Outbox({ job: 1, epoch: 2 })
  t.equal(outbox.acknowledge(1), -1, 'nothing was sent')
  for (let i = 0; i < 3; i++) {
    outbox.push(header(i, 0), new Uint8Array(0), 0, 0)
    if (i < 2) outbox.take(0, 0)
  }
  t.equal(outbox.acknowledge(3), -1, 'the third is not under way')
  t.equal(outbox.acknowledge(2), 2)
  t.equal(outbox.acknowledge(2), 0, 'again')
  t.equal(outbox.acknowledge(1), -1, 'back')
  t.equal(outbox.acknowledge(-(2 ** 31)), -1)
  t.notOk(outbox.empty)
})

void t.test('small frames beyond the bound on batches collect in one', async (t) => {
  const outbox = new Outbox({ job: 1, epoch: 2 })
  for (let i = 0; i < WINDOW_BATCHES; i++) {
    outbox.push(header(i, 0), new Uint8Array(0), 0, 0)
    t.ok(outbox.take(0, 0))
  }
  for (let i = 0; i < 100; i++) outbox.push(header(i, 0), new Uint8Array(0), 0, 0)
  t.equal(outbox.take(0, 0), undefined)
  outbox.acknowledge(1)
  t.same(tags(outbox.take(0, 0)!).length, 100)
})
