// Commands of a program of one process: "family bytes count skip spaced", answered by "microseconds elapsed".
import { createInterface } from 'node:readline'

/** `prepare` gives the operation on that many bytes. */
export async function serve(prepare) {
  console.log('ready')
  for await (const line of createInterface({ input: process.stdin })) {
    const [bytes, count, skip] = line.split(' ').slice(1).map(Number)
    const run = prepare(bytes)
    const begin = performance.now()
    for (let i = 0; i < skip; i++) run()
    const start = performance.now()
    for (let i = 0; i < count; i++) run()
    const end = performance.now()
    console.log(`${((1000 * (end - start)) / count).toFixed(6)} ${(1000 * (end - begin)).toFixed(3)}`)
  }
}
