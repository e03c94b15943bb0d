// Failures are loud: who ended first, how, and what the others were doing; errors say what is wrong and what to do.
import t from 'tap'
import type { Test } from 'tap'
import { runJob } from '../launcher/run.js'
import type { Finished } from '../launcher/run.js'
import { TRANSPORTS, program, show } from './support.js'

/** What programs/failures.mjs prints of a call. */
interface Report {
  rank: number
  name: string
  value?: unknown
  class?: string
  code?: string
  message?: string
  peer?: number
}

const run = (transport: string, ranks: number, scenario: string, ...options: string[]): Promise<Finished> =>
  runJob(['-n', String(ranks), '--transport', transport, '--timeout', '90', ...options, program('failures.mjs'), scenario])

const reports = ({ stdout }: Finished): Report[] => stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line) as Report)

const count = (text: string, part: string): number => text.split(part).length - 1

function ended(t: Test, job: Finished, code: number, ...messages: RegExp[]): void {
  t.equal(job.code, code, show(job))
  for (const message of messages) t.match(job.stderr, message)
}

/** A rank that leaves without a word while others wait on it. */
async function earlyExits(t: Test, transport: string): Promise<void> {
  for (const [scenario, doing] of [
    ['exit-recv', /recv\(source 1, tag 5\) on COMM_WORLD/],
    ['exit-ssend', /ssend\(dest 1, tag 6, \d+ bytes\) on COMM_WORLD/],
    ['exit-barrier', /barrier on COMM_WORLD/],
  ] as const) {
    const job = await run(transport, 3, scenario)
    ended(t, job, 1, /^tsmpirun: rank 1 \(pid \d+ on host .*exited with code 0.* without having finalized.* while rank [02] /, doing)
    t.equal(count(job.stderr, '\n'), 1, 'one line')
  }

  const sent = await run(transport, 3, 'exit-after-send')
  ended(t, sent, 1, /^tsmpirun: rank 1 .*exited with code 0.* while rank 0 still waited on it: recv\(source 1, tag [12]\)/)
  const received = reports(sent).find(({ name }) => name === 'sent')
  // Shared memory outlives a process; what ZeroMQ has not sent is lost, and that is said.
  if (transport === 'shm') t.equal(received?.value, 'last words', 'what was sent before is received')
  // The job may be ended before rank 0 has said it.
  else t.ok(received === undefined || received.value === 'last words' || /last messages are lost.*finalize\(\)/.test(received.message ?? ''), show(sent))

  if (transport === 'shm') ended(t, await run(transport, 3, 'exit-at-the-end'), 0)
}

async function uncaughtErrors(t: Test, transport: string): Promise<void> {
  for (const [scenario, rank, message] of [
    ['uncaught-one', '1', 'RangeError: one rank went wrong'],
    ['uncaught-all', '[0-3]', 'RangeError: all ranks went wrong'],
    ['unhandled', '1', 'TypeError: nobody handles this'],
  ] as const) {
    const job = await run(transport, 4, scenario)
    ended(t, job, 1, new RegExp(`^tsmpirun: rank ${rank} \\(pid \\d+ on host`))
    t.equal(count(job.stderr, message), 1, `stack once: ${show(job)}`)
    t.equal(count(job.stderr, 'failures.mjs:'), count(job.stderr, '    at ') - count(job.stderr, 'node:'), 'the stack of one rank')
  }
}

async function kills(t: Test, transport: string): Promise<void> {
  ended(t, await run(transport, 3, 'abort'), 42, /^tsmpirun: rank 2 .*called abort\(42\): the answer\n$/)
  ended(t, await run(transport, 3, 'killed'), 137, /^tsmpirun: rank 2 .*was killed by SIGKILL\n$/)
  ended(t, await run(transport, 3, 'killed-receiver'), 137, /^tsmpirun: rank 0 .*was killed by SIGKILL\n$/)
}

/** Rank 1 has finalized: what others want of it fails, and says so. */
async function finalizedPeers(t: Test, transport: string): Promise<void> {
  const job = await run(transport, 3, 'finalized')
  ended(t, job, 0)
  const seen = reports(job)
  for (const name of ['recv', 'irecv', 'probe', 'ssend', 'large send', 'into', 'late recv', 'late ssend']) {
    for (const rank of [0, 2]) {
      const report = seen.find((one) => one.rank === rank && one.name === name)
      t.match(report, { class: 'PeerError', code: 'TSMPI_PEER', peer: 1, message: /rank 1 of COMM_WORLD has left \(has finalized\)/ }, name)
    }
  }
  t.equal(seen.length, 16)

  const collective = await run(transport, 3, 'finalized-collective')
  ended(t, collective, 0)
  t.match(reports(collective), [{ class: 'PeerError' }, { class: 'PeerError' }])

  const any = await run(transport, 3, 'finalized-any')
  ended(t, any, 0)
  const [first, second, third] = reports(any)
  const words = new Set([first?.value, second?.value])
  t.same(words, new Set(['last words of 1', 'last words of 2']), 'what was sent before is received')
  t.match(third, { class: 'PeerError', message: /recv\(ANY_SOURCE, ANY_TAG\)/ })

  const uncaught = await run(transport, 3, 'finalized-uncaught')
  ended(t, uncaught, 1, /^tsmpirun: rank 0 .*uncaught error:\nPeerError: recv\(source 1, tag 5\) on COMM_WORLD: rank 1 /)
}

async function finalizing(t: Test, transport: string): Promise<void> {
  ended(t, await run(transport, 3, 'unreceived'), 0)

  const buffered = await run(transport, 2, 'finalize-bsend')
  ended(t, buffered, 0)
  t.match(
    reports(buffered).sort((a, b) => (a.name < b.name ? -1 : 1)),
    [{ name: 'finalize' }, { name: 'finalize with a message to itself', class: 'StateError' }, { name: 'recv', value: 1 << 20 }],
  )

  const job = await run(transport, 2, 'late-finalize')
  ended(t, job, 0)
  const of = (name: string, rank = 0): Report | undefined => reports(job).find((one) => one.name === name && one.rank === rank)
  const pending = { class: 'StateError', code: 'TSMPI_STATE', message: /1 operations? .*pending: recv\(source 1, tag 3\)/ }
  t.match(of('finalize with a pending receive'), pending)
  t.equal(of('the receive')?.value, 'came', 'and goes on')
  for (const rank of [0, 1]) {
    t.equal(of('isFinalized', rank)?.value, true)
    for (const name of ['send', 'recv', 'isend', 'irecv', 'barrier', 'split', 'iprobe', 'COMM_SELF']) {
      t.match(of(name, rank), { class: 'StateError', code: 'TSMPI_STATE', message: /finalized/ }, name)
    }
  }
}

/** What --timeout says of each rank: once, with the operation, its source and its tag. */
async function timeouts(t: Test, transport: string): Promise<void> {
  const scenarios = [
    ['pending-irecv', 'rank 0: recv(source 1, tag 77) on COMM_WORLD', 'rank 1: recv(source 0, tag 77) on COMM_WORLD'],
    ['deadlock', 'rank 0: recv(source 1, tag 10) on COMM_WORLD for ', 'rank 1: recv(source 0, tag 11) on COMM_WORLD for '],
    ['deadlock-ssend', 'rank 0: send(dest 1, tag 4, ', 'rank 1: send(dest 0, tag 4, '],
    ['deadlock-collective', 'rank 0: barrier on COMM_WORLD, waiting for rank 1', 'rank 1: probe(ANY_SOURCE, tag 9) on COMM_WORLD'],
    ['computing', 'rank 0: has finalized, waits for the others', 'rank 1: computing (did not answer)'],
  ] as const
  const check = async ([scenario, ...lines]: (typeof scenarios)[number]): Promise<void> => {
    const job = await run(transport, 2, scenario, '--timeout', '6', '--eager-limit', '0')
    ended(t, job, 124, /^tsmpirun: the job was ended after 6 s \(--timeout\)\n/)
    for (const line of lines) t.equal(count(job.stderr, `\n  ${line}`), 1, `${line}: ${show(job)}`)
  }
  await Promise.all(scenarios.map(check))
}

/** Class, code and message of every error of a wrong call. */
async function errors(t: Test, transport: string): Promise<void> {
  const job = await run(transport, 3, 'arguments')
  ended(t, job, 0)
  const expected: [name: string, kind: string, message: RegExp][] = [
    ['dest', 'ARGUMENT', /dest 3 .*COMM_WORLD.* 0 to 2/],
    ['dest of isend', 'ARGUMENT', /dest -5/],
    ['source', 'ARGUMENT', /source 3/],
    ['tag', 'ARGUMENT', /tag -1/],
    ['tag of recv', 'ARGUMENT', /tag 1\.5/],
    ['root', 'ARGUMENT', /root 3/],
    ['color', 'ARGUMENT', /color -7/],
    ['op', 'ARGUMENT', /allreduce takes an Op/],
    ['op on strings', 'ARGUMENT', /BAND .*string/],
    ['blocks', 'ARGUMENT', /alltoall on COMM_WORLD .*3 values.*array of 1/],
    ['cut', 'ARGUMENT', /4 elements.* 3 equal/],
    ['algorithm', 'ARGUMENT', /'nonesuch'.*dissemination/],
    ['into', 'ARGUMENT', /into must be/],
    ['abort', 'ARGUMENT', /code 0/],
    ['waitAll', 'ARGUMENT', /waitAll/],
    ['free', 'ARGUMENT', /COMM_WORLD cannot be freed/],
    ['function', 'DATA', /list\[1\].*function/],
    ['symbol', 'DATA', /symbol/],
    ['function in gather', 'DATA', /function/],
    ['truncate', 'TRUNCATE', /tag 1.* 12 bytes.* 8/],
    ['type', 'MISMATCH', /Int32Array.*Float32Array/],
    ['cancelled', 'CANCELLED', /cancelled/],
    ['buffer', 'BUFFER', /1048576 bytes.*attachBuffer/],
    ['freed', 'STATE', /dup\(\).*freed/],
  ]
  const seen = reports(job)
  for (const [name, kind, message] of expected) {
    const expectedClass = `${kind.slice(0, 1)}${kind.slice(1).toLowerCase()}Error`
    const those = seen.filter((report) => report.name === name)
    t.equal(those.length, 3, `${name}: on every rank`)
    for (const report of those) t.match(report, { class: expectedClass, code: `TSMPI_${kind}`, message }, name)
  }
  t.equal(seen.length, 3 * expected.length)

  const mismatch = await run(transport, 2, 'mismatch')
  t.ok(
    reports(mismatch).some(({ class: name, message }) => name === 'MismatchError' && /barrier.*allreduce/.test(message ?? '')),
    show(mismatch),
  )
}

const GROUPS = { earlyExits, uncaughtErrors, kills, finalizedPeers, finalizing, timeouts, errors }

t.jobs = 2
t.setTimeout(600_000)
for (const transport of TRANSPORTS) {
  for (const [name, group] of Object.entries(GROUPS)) void t.test(`${name}, ${transport}`, (t) => group(t, transport))
}
