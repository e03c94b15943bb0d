// Matching: order, wildcards, cancelling; and a long random run beside a model that is plain lists.
import t from 'tap'
import { Matching, Unexpected } from '../../lib/p2p/matching.js'
import { RecvOp } from '../../lib/p2p/operation.js'
import type { Scope } from '../../lib/p2p/operation.js'
import { ANY_SOURCE, ANY_TAG } from '../../lib/p2p/status.js'
import { random } from '../transport/contract.js'

const scope: Scope = { context: 0, name: 'x', rank: 0, size: 9, rankOf: (rank) => rank, worldRankOf: (rank) => rank }
const receive = (source: number, tag: number): RecvOp => new RecvOp(scope, source, tag)
const message = (source: number, tag: number): Unexpected => new Unexpected(source, tag, 0, 0, 0, 0, undefined)

const idle = (matching: Matching): boolean =>
  matching.peek(ANY_SOURCE, ANY_TAG) === undefined && [...matching.posted()].length === 0

void t.test('posted receives', async (t) => {
  const matching = new Matching()
  t.ok(idle(matching))
  const exact = receive(1, 5)
  const anyTag = receive(1, ANY_TAG)
  const anySource = receive(ANY_SOURCE, 5)
  const any = receive(ANY_SOURCE, ANY_TAG)
  const exactAgain = receive(1, 5)
  for (const op of [exact, anyTag, anySource, any, exactAgain]) matching.post(op)
  t.notOk(idle(matching))
  t.equal([...matching.posted()].length, 5)
  t.equal(matching.match(1, 5), exact, 'the oldest')
  t.equal(matching.match(1, 5), anyTag)
  t.equal(matching.match(2, 5), anySource)
  t.equal(matching.match(1, 5), any, 'older than the exact one')
  t.equal(matching.match(2, 5), undefined)
  t.equal(matching.match(1, 6), undefined)
  t.equal(matching.match(1, 5), exactAgain)
  t.ok(idle(matching))
})

void t.test('unexpected messages', async (t) => {
  const matching = new Matching()
  const messages = [message(2, 7), message(1, 7), message(1, 8), message(2, 7)]
  for (const entry of messages) matching.store(entry)
  t.equal(matching.peek(ANY_SOURCE, ANY_TAG), messages[0])
  t.equal(matching.peek(1, ANY_TAG), messages[1])
  t.equal(matching.peek(ANY_SOURCE, 8), messages[2])
  t.equal(matching.peek(2, 7), messages[0])
  t.equal(matching.peek(2, 8), undefined)
  t.equal(matching.peek(3, ANY_TAG), undefined)
  matching.take(messages[0])
  t.equal(matching.peek(2, 7), messages[3])
  t.equal(matching.peek(ANY_SOURCE, ANY_TAG), messages[1])
  for (const entry of messages.slice(1)) matching.take(entry)
  t.ok(idle(matching))
})

void t.test('a receive taken back matches nothing, in any place of its bin', async (t) => {
  for (let taken = 0; taken < 4; taken++) {
    for (const [source, tag] of [[1, 5], [ANY_SOURCE, 5], [1, ANY_TAG], [ANY_SOURCE, ANY_TAG]] as const) {
      const matching = new Matching()
      const ops = Array.from({ length: 4 }, () => receive(source, tag))
      for (const op of ops) matching.post(op)
      matching.withdraw(ops[taken])
      t.equal(ops[taken].posted, false)
      const rest = ops.filter((_, i) => i !== taken)
      for (const op of rest) t.equal(matching.match(1, 5), op)
      t.equal(matching.match(1, 5), undefined)
      matching.post(ops[taken])
      t.equal(matching.match(1, 5), ops[taken], 'and may be posted again')
    }
  }
})

/** MPI's rules as they stand in the book: two lists, searched from the front. */
class Model {
  readonly posted: RecvOp[] = []
  readonly unexpected: Unexpected[] = []

  static fits(op: { source: number; tag: number }, { source, tag }: { source: number; tag: number }): boolean {
    return (op.source === ANY_SOURCE || op.source === source) && (op.tag === ANY_TAG || op.tag === tag)
  }

  take<T>(list: T[], at: number): T | undefined {
    return at < 0 ? undefined : list.splice(at, 1)[0]
  }

  arrive(entry: Unexpected): RecvOp | undefined {
    const op = this.take(this.posted, this.posted.findIndex((op) => Model.fits(op, entry)))
    if (op === undefined) this.unexpected.push(entry)
    return op
  }

  post(op: RecvOp): Unexpected | undefined {
    const entry = this.take(this.unexpected, this.unexpected.findIndex((entry) => Model.fits(op, entry)))
    if (entry === undefined) this.posted.push(op)
    return entry
  }
}

for (const [seed, sources, tags] of [[1, 1, 1], [2, 3, 3], [3, 8, 2], [4, 2, 500], [5, 5, 100]] as const) {
  void t.test(`random, seed ${seed}: ${sources} sources, ${tags} tags`, async (t) => {
    const next = random(seed)
    const matching = new Matching()
    const model = new Model()
    let wrong = 0
    for (let step = 0; step < 20_000; step++) {
      const wildSource = next(4) === 0
      const wildTag = next(4) === 0
      const source = next(sources)
      const tag = next(tags)
      // The queues grow and shrink in turns.
      const arrives = next(10) < (Math.floor(step / 1000) % 2 === 0 ? 6 : 4)
      if (next(20) === 0 && model.posted.length > 0) {
        const op = model.take(model.posted, next(model.posted.length))!
        matching.withdraw(op)
      } else if (arrives) {
        const entry = message(source, tag)
        const op = matching.match(source, tag)
        if (op === undefined) matching.store(entry)
        if (op !== model.arrive(entry)) wrong++
      } else {
        const op = receive(wildSource ? ANY_SOURCE : source, wildTag ? ANY_TAG : tag)
        const entry = matching.peek(op.source, op.tag)
        if (entry === undefined) matching.post(op)
        else matching.take(entry)
        if (entry !== model.post(op)) wrong++
      }
      if (idle(matching) !== (model.posted.length + model.unexpected.length === 0)) wrong++
    }
    t.equal(wrong, 0)
    t.same(new Set(matching.posted()), new Set(model.posted))
  })
}
