// The ten most frequent words of a file: each rank counts in its part of the bytes, and the counts are merged.
//   tsmpirun -n 4 examples/wordcount.ts README.md
import { createReadStream, fstatSync, openSync, readSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { COMM_WORLD as world, Op } from 'tsmpi'

const file = process.argv[2] ?? 'README.md'
const fd = openSync(file, 'r')
const bytes = fstatSync(fd).size

/** The first place from `offset` on where no word is cut: after white space, or at the end. */
function boundary(offset: number): number {
  if (offset === 0) return 0
  const window = Buffer.alloc(4096)
  for (let at = offset - 1; ; at += window.length) {
    const length = readSync(fd, window, 0, window.length, at)
    const space = window.subarray(0, length).findIndex((byte) => byte <= 0x20)
    if (space >= 0) return at + space + 1
    if (length < window.length) return bytes
  }
}

/** Counts the words between two places of the file. */
async function count(start: number, end: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  if (start === end) return counts
  for await (const line of createInterface({ input: createReadStream(file, { start, end: end - 1 }) })) {
    for (const [word] of line.toLowerCase().matchAll(/\p{Letter}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

/** An operation of our own: two maps become one. Addition does not care about the order of ranks. */
const merge = Op.create(
  (a: Map<string, number>, b: Map<string, number>) => {
    const sum = new Map(a)
    for (const [word, n] of b) sum.set(word, (sum.get(word) ?? 0) + n)
    return sum
  },
  { commute: true },
)

const first = boundary(Math.floor((world.rank * bytes) / world.size))
const end = boundary(Math.floor(((world.rank + 1) * bytes) / world.size))
const total = await world.reduce(await count(first, end), merge, 0)

if (total !== undefined) {
  const words = [...total].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  const all = words.reduce((sum, [, n]) => sum + n, 0)
  console.log(`${all} words, ${words.length} of them different, in ${file}`)
  for (const [word, n] of words.slice(0, 10)) console.log(`${String(n).padStart(8)}  ${word}`)
}
