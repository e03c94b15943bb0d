// Large messages, many requests, many ranks.
import { freemem } from 'node:os'
import t from 'tap'
import { TRANSPORTS, program, runLongForJson } from './support.js'

const GIB = 2 ** 30

/** Seconds; the longest takes a minute or two on two processors. */
const MOST = 400
const run = <T>(transport: string, ranks: number, scenario: string): Promise<T> =>
  runLongForJson(MOST, ['-n', `${ranks}`, '--transport', transport, program('large.mjs'), scenario])

t.setTimeout(900_000)
for (const transport of TRANSPORTS) {
  const room = freemem() >= 12 * GIB
  const skip = room ? false : `needs 12 GiB of free memory, ${(freemem() / GIB).toFixed(1)} GiB are free`
  void t.test(`a typed array of 3 GB, ${transport}`, { skip }, async (t) => {
    const { fresh, into } = await run<{ fresh: number; into: number }>(transport, 2, 'huge')
    t.pass(`as a new array ${fresh.toFixed(2)} GB/s, into ${into.toFixed(2)} GB/s, page faults included`)
  })

  void t.test(`100,000 sends and receives outstanding, ${transport}`, async (t) => {
    const { perSecond } = await run<{ perSecond: number }>(transport, 2, 'many')
    t.pass(`${Math.round(perSecond)} messages/s`)
    const { messages } = await run<{ messages: number }>(transport, 2, 'many-unexpected')
    t.equal(messages, 200_000)
    t.same(await run(transport, 2, 'many-self'), { messages: 200_000 })
  })

  void t.test(`many collectives and communicators, ${transport}`, async (t) => {
    t.same(await run(transport, 5, 'collectives'), { collectives: 420 })
    t.same(await run(transport, 5, 'communicators'), { communicators: 200 })
  })

  for (const ranks of [1, 16, 128]) {
    void t.test(`a job of ${ranks} ranks, ${transport}`, async (t) => {
      const began = performance.now()
      const { all, ...result } = await run<{ ranks: number; last: string; all: number }>(transport, ranks, 'job')
      t.match(result, { ranks, last: `rank ${ranks - 1}` })
      t.comment(`${((performance.now() - began) / 1000).toFixed(1)} s, ${all.toFixed(1)} s in the program`)
    })
  }
}
