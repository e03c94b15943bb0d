// The benchmark's work between two ends of a channel of Node: commands and answers as in bench/ours/mpi.mjs.
// A channel has send(value), which may return a promise, and receive(), a promise of the next value.
import { createInterface } from 'node:readline'
import { OBJECTS } from '../../ours/objects.mjs'

const WINDOW = 64
const now = () => performance.now() * 1000

/** Turns events into receive(). */
export class Inbox {
  #values = []
  #waiting

  push(value) {
    if (this.#waiting === undefined) {
      this.#values.push(value)
      return
    }
    this.#waiting(value)
    this.#waiting = undefined
  }

  receive() {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift())
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}

async function pingPong(channel, first, value, count, skip) {
  let start = 0
  for (let i = 0; i < count + skip; i++) {
    if (i === skip) start = now()
    if (first) await channel.send(value)
    await channel.receive()
    if (!first) await channel.send(value)
  }
  return (now() - start) / count / 2
}

async function window(channel, first, value, count, skip) {
  const short = new Uint8Array(4)
  let start = 0
  for (let i = 0; i < count + skip; i++) {
    if (i === skip) start = now()
    for (let j = 0; j < WINDOW; j++) {
      if (first) await channel.send(value)
      else await channel.receive()
    }
    if (first) await channel.receive()
    else await channel.send(short)
  }
  return (now() - start) / count / WINDOW
}

async function stream(channel, first, value, count, skip) {
  let start = 0
  for (let i = 0; i < count + skip; i++) {
    if (i === skip) start = now()
    if (first) await channel.send(value)
    else await channel.receive()
  }
  if (first) await channel.receive()
  else await channel.send(new Uint8Array(4))
  return (now() - start) / count
}

async function measure(channel, first, line) {
  const [family, ...words] = line.split(' ')
  const [bytes, count, skip] = words.map(Number)
  if (family === 'objects') return await pingPong(channel, first, OBJECTS[bytes], count, skip)
  const run = { latency: pingPong, 'wire-stream': stream }[family] ?? window
  return await run(channel, first, new Uint8Array(bytes).fill(1), count, skip)
}

/** The end that reads commands, and tells the other of them. */
export async function lead(channel) {
  console.log('ready')
  for await (const line of createInterface({ input: process.stdin })) {
    await channel.send(line)
    const start = now()
    const time = await measure(channel, true, line)
    console.log(`${time.toFixed(6)} ${(now() - start).toFixed(3)}`)
  }
}

export async function follow(channel) {
  for (;;) await measure(channel, false, String(await channel.receive()))
}
