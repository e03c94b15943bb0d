// Memory: of a rank beside a bare Node, of the job's shared segment as it is used, of very many ranks.
import { existsSync } from 'node:fs'
import { freemem } from 'node:os'
import t from 'tap'
import { program, runForJson, runLongForJson } from './support.js'

const MIB = 2 ** 20
const GIB = 2 ** 30

interface Segment {
  used: number
  size: number
}
interface Taken {
  rss: number
  pss: number
  segment: Segment
}
interface Rank {
  start: Taken
  pair: Segment
  end: Taken
}

/** Seconds; 128 ranks take a minute or two on two processors. */
const MOST = 600
const run = (ranks: number, bytes: number): Promise<Rank[]> => runLongForJson(MOST, ['-n', `${ranks}`, program('memory.mjs'), `${bytes}`])

const linux = existsSync('/proc/self/smaps_rollup')
const addon = existsSync(new URL('../../build/Release/tsmpi.node', import.meta.url))
const skip = !linux ? 'needs /proc' : !addon ? 'needs the addon' : false

t.setTimeout(700_000)
void t.test('eight ranks', { skip }, async (t) => {
  const bare = await runForJson<number>(['-n', '1', program('bare.mjs')])
  const ranks = await run(8, 4096)
  const first = ranks[0]
  for (const [rank, { start, end }] of ranks.entries()) {
    t.ok(start.rss - bare < 20 * MIB, `rank ${rank} takes ${((start.rss - bare) / MIB).toFixed(1)} MiB more than bare Node`)
    t.ok(end.rss - bare < 25 * MIB, `after every collective ${((end.rss - bare) / MIB).toFixed(1)} MiB`)
  }
  t.ok(first.start.segment.size > 4 * MIB, 'there is room for every pair')
  t.ok(first.start.segment.used < MIB, `a barrier uses ${first.start.segment.used} bytes of it`)
  t.ok(first.pair.used - first.start.segment.used < MIB, 'a long message no more than a ring')
})

const RANKS = 128
const room = freemem() >= 11 * GIB ? skip : `needs 11 GiB of free memory, ${(freemem() / GIB).toFixed(1)} GiB are free`
void t.test(`${RANKS} ranks run every collective within 10 GiB`, { skip: room }, async (t) => {
  const ranks = await run(RANKS, 32768)
  const total = ranks.reduce((sum, { end }) => sum + end.pss, 0)
  t.equal(ranks.length, RANKS)
  t.ok(total < 10 * GIB, `${(total / GIB).toFixed(2)} GiB`)
  t.comment(`${(total / GIB).toFixed(2)} GiB, shared ${(ranks[0].end.segment.used / GIB).toFixed(2)}`)
})
