// All ranks but 0 send to rank 0 as fast as they can; rank 0 sleeps first, in its event loop or blocked in a call.
//
//   tsmpirun -n 9 test/jobs/programs/flood.mjs event-loop|blocked SECONDS
//
// Prints how much the resident memory of each rank grew, in MB, and how many messages came.
import { setTimeout } from 'node:timers/promises'
import { COMM_WORLD as world, Status } from 'tsmpi'

const [how, seconds] = [process.argv[2], Number(process.argv[3])]
/** Messages that go without asking, and messages that wait for their receive, several under way at a time. */
const EAGER = [8, 8, 104, 1000, 8, 16000, 104]
const LARGE = [40000, 200000, 8]
const UNDER_WAY = 16
/** Of each sender, however slow the machine. */
const LEAST = 40
const END = 1

const sizesOf = (rank) => (rank % 2 === 1 ? EAGER : LARGE)

await world.barrier()
const atStart = process.memoryUsage().rss
let peak = atStart
const look = () => {
  peak = Math.max(peak, process.memoryUsage().rss)
}
const watch = setInterval(look, 50)

let messages = 0
if (world.rank === 0) {
  if (how === 'blocked') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000)
  else await setTimeout(seconds * 1000)
  look()
  messages = await drain()
} else await flood()
look()
clearInterval(watch)
const growth = await world.gather((peak - atStart) / 2 ** 20)
if (world.rank === 0) console.log(JSON.stringify({ messages, growth }))

/** Each message begins with its number, and its length says which it should be. */
async function flood() {
  const sizes = sizesOf(world.rank)
  // A second longer than the receiver sleeps.
  const until = performance.now() + (seconds + 1) * 1000
  const requests = []
  let number = 0
  while (performance.now() < until || number < LEAST) {
    const message = new Float64Array(sizes[number % sizes.length] / 8)
    message[0] = number++
    if (sizes === EAGER) await world.send(message, 0)
    else requests.push(world.isend(message, 0))
    if (requests.length === UNDER_WAY) await requests.shift()
  }
  await world.send(number, 0, END)
  for (const request of requests) await request
}

async function drain() {
  const next = new Array(world.size).fill(0)
  const status = new Status()
  let total = 0
  for (let ended = 1; ended < world.size; ) {
    const message = await world.recv(undefined, undefined, { status })
    const expected = next[status.source]
    if (status.tag === END) {
      if (message !== expected) throw new Error(`rank ${status.source} sent ${message} messages, ${expected} came`)
      ended++
      continue
    }
    const sizes = sizesOf(status.source)
    if (message[0] !== expected || message.byteLength !== sizes[expected % sizes.length]) {
      throw new Error(`message ${message[0]} of ${message.byteLength} bytes from rank ${status.source}, expected ${expected}`)
    }
    next[status.source]++
    total++
  }
  return total
}
