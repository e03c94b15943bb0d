// The simulator must notice every breach of the contract, or the tests that rest on it show nothing.
import t from 'tap'
import { INPUT, RESULT, Round, SCRATCH } from '../../lib/coll/schedule.js'
import type { Algorithm, CollectiveName, Shape } from '../../lib/coll/schedule.js'
import { judge } from './judge.js'
import { LOCKSTEP, randomOrder, simulate } from './simulate.js'
import type { Run } from './simulate.js'

function runOf(collective: CollectiveName, run: Algorithm, size = 2, blocks = 1): Run {
  return { collective, run, size, root: 0, blocks, length: () => 1 }
}

/** One round for each rank. */
function oneRound(fill: (round: Round, shape: Shape) => void): Algorithm {
  return function* (shape) {
    const round = new Round().clear()
    fill(round, shape)
    yield round
  }
}

const breaches: [string, Run, RegExp][] = [
  ['a send nobody receives', runOf('bcast', oneRound((round, { rank }) => {
    if (rank === 0) round.send(1, RESULT)
  })), /for ever/],
  ['a receive of nothing', runOf('bcast', oneRound((round, { rank }) => {
    if (rank === 1) round.recv(0, RESULT)
  })), /for ever/],
  ['a deadlock', runOf('allreduce', function* ({ rank }) {
    yield new Round().clear().recv(1 - rank, SCRATCH)
    yield new Round().clear().send(1 - rank, RESULT)
  }), /for ever/],
  ['sends that need buffers', runOf('allreduce', function* ({ rank }) {
    yield new Round().clear().send(1 - rank, RESULT)
    yield new Round().clear().recv(1 - rank, SCRATCH)
  }), /for ever/],
  ['different counts', runOf('bcast', oneRound((round, { rank }) => {
    return rank === 0 ? round.send(1, RESULT, 0, 2) : round.recv(0, RESULT, 0, 1)
  }), 2, 2), /expects 1 blocks of rank 0, which sends 2/],
  ['different lengths', { ...runOf('bcast', oneRound((round, { rank }) => {
    return rank === 0 ? round.send(1, RESULT, 0) : round.recv(0, RESULT, 1)
  }), 2, 2), length: (block) => block }, /has 1 elements for 0/],
  ['a block received and sent', runOf('allreduce', oneRound((round, { rank }) => {
    round.send(1 - rank, RESULT).recv(1 - rank, RESULT)
  })), /receives into a block that it sends/],
  ['a block received twice', runOf('reduce', oneRound((round, { rank }) => {
    return rank === 0 ? round.recv(1, SCRATCH).recv(2, SCRATCH) : round.send(0, RESULT)
  }), 3), /receives a block twice/],
  ['a receive into INPUT', runOf('gather', oneRound((round, { rank }) => {
    return rank === 0 ? round.recv(1, INPUT) : round.send(0, INPUT)
  })), /receives into INPUT/],
  ['a copy into INPUT', runOf('gather', oneRound((round) => round.copy(INPUT, RESULT))), /writes INPUT/],
  ['an unwritten block sent', runOf('bcast', oneRound((round, { rank }) => {
    return rank === 1 ? round.send(0, RESULT) : round.recv(1, RESULT)
  })), /hold nothing yet/],
  ['an unwritten block combined', runOf('reduce', oneRound((round) => round.reduceLeft(RESULT, SCRATCH))), /nothing/],
  ['a block too many', runOf('bcast', oneRound((round, { rank }) => {
    return rank === 0 ? round.send(1, RESULT, 0, 2) : round.recv(0, RESULT, 0, 2)
  })), /names 2 blocks from 0/],
  ['no blocks', runOf('bcast', oneRound((round, { rank }) => {
    return rank === 0 ? round.send(1, RESULT, 0, 0) : round.recv(0, RESULT, 0, 0)
  })), /names 0 blocks/],
  ['a message to oneself', runOf('bcast', oneRound((round, { rank }) => round.send(rank, RESULT))), /has peer/],
  ['a message behind a local step', runOf('reduce', oneRound((round, { rank }) => {
    return rank === 0 ? round.copy(SCRATCH, RESULT).send(1, RESULT) : round.recv(0, SCRATCH)
  })), /behind a local step/],
]

for (const [what, run, message] of breaches) {
  void t.test(`notices ${what}`, async (t) => {
    t.throws(() => simulate(run, LOCKSTEP), { message })
    t.throws(() => simulate(run, randomOrder(1, true)), { message })
  })
}

void t.test('notices a buffered send that nobody receives', async (t) => {
  const run = runOf('bcast', oneRound((round, { rank }) => rank === 0 && round.send(1, RESULT)))
  t.throws(() => simulate(run, randomOrder(1, false)), { message: /left messages to 1 unmatched/ })
})

void t.test('buffered sends get through where synchronous ones do not', async (t) => {
  const late = runOf('bcast', function* ({ rank }) {
    if (rank === 0) {
      yield new Round().clear().send(1, RESULT)
    } else yield new Round().clear().recv(0, RESULT)
    const round = new Round()
    yield round.clear().send(1 - rank, RESULT)
    yield round.clear().recv(1 - rank, RESULT)
  })
  t.throws(() => simulate(late, LOCKSTEP))
  t.same(judge(late, simulate(late, randomOrder(1, false)), true), [])
})

void t.test('judges operands, their order, and that all ranks agree', async (t) => {
  const swap = (left: boolean): Run => runOf('allreduce', oneRound((round, { rank }) => {
    round.send(1 - rank, RESULT).recv(1 - rank, SCRATCH)
    if (left) round.reduceLeft(RESULT, SCRATCH)
    else if (rank === 0) round.reduceLeft(RESULT, SCRATCH)
    else round.reduceRight(RESULT, SCRATCH)
  }))
  const disagreeing = swap(true)
  t.match(judge(disagreeing, simulate(disagreeing, LOCKSTEP), false)[0], /rank 1/)
  const backwards = swap(false)
  t.same(judge(backwards, simulate(backwards, LOCKSTEP), false), [])
  t.match(judge(backwards, simulate(backwards, LOCKSTEP), true)[0], /rank 0/)
  const idle = runOf('barrier', oneRound(() => undefined))
  t.same(judge(idle, simulate(idle, LOCKSTEP), true).length, 2)
})
