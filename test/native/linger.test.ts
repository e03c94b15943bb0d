// Waiting in the addon: a process that finds too many members of a board on its processor goes to another.
import t from 'tap'
import { readFileSync } from 'node:fs'
import { nativeMemory, whyNotNative } from '../../native/load.js'
import type { NativeMemory } from '../../native/load.js'

// as in linger.cc: words of an entry, a slot and a line, and where a line says on which processor its member is
const [ENTRY, SLOT, LINE, PROCESSOR] = [4, 32, 32, 16]
const MEMBERS = 4
const OWN = 3

/** The processors that this process may use. */
function allowed(): string {
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
}

/** A board of which nothing ever comes; slots begin behind the lines. */
function lonelyBoard(memory: NativeMemory): { words: Int32Array; line: (member: number) => number; linger: () => void } {
  const words = new Int32Array(new ArrayBuffer((SLOT + LINE) * MEMBERS * 4))
  const table = new Int32Array(new ArrayBuffer(4 * ENTRY * 4))
  const line = (member: number): number => LINE * member
  memory.watchMemory(table.buffer, 0, words.buffer)
  table.set([LINE * MEMBERS, 1], 2)
  table.set([MEMBERS, line(0), line(OWN), MEMBERS], ENTRY)
  return { words, line, linger: () => memory.linger(table.buffer, 2, 10, 100_000) }
}

const memory = nativeMemory()
const skip = memory === undefined ? whyNotNative() : /[-,]/.test(allowed()) ? false : 'there is one processor only'

void t.test('the last member on the fuller processor moves, and may use all processors afterwards', { skip }, (t) => {
  const { words, line, linger } = lonelyBoard(memory!)
  const before = allowed()
  linger()
  const own = line(OWN) + PROCESSOR
  let moves = 0
  for (let tries = 0; tries < 100 && moves < 3; tries++) {
    const here = words[own]
    t.ok(here > 0, 'it says where it is')
    for (let member = 0; member < OWN; member++) words[line(member) + PROCESSOR] = here
    const until = performance.now() + 12
    while (words[own] === here && performance.now() < until) linger()
    if (words[own] !== here) moves++
  }
  t.equal(moves, 3)
  t.equal(allowed(), before)
  t.end()
})

