// A rank that writes damaged messages to the descriptor by which it speaks to the agent: the job goes on to its end.
import t from 'tap'
import { show } from '../jobs/support.js'
import { fixture, nothingLeft, startJob } from './run.js'

const COUNT = Math.min(20_000, Math.ceil(Number(process.env['TSMPI_FUZZ'] ?? 20_000) / 10))

void t.test(`${COUNT} damaged messages of a rank`, async (t) => {
  const job = startJob(['-n', '3', fixture('babble.mjs'), String(COUNT)])
  const finished = await job.finished
  t.equal(finished.code, 0, show(finished))
  t.equal(finished.stdout, '3\n3\n3\n')
  t.equal(finished.stderr, '')
  t.ok(await nothingLeft(job))
})
