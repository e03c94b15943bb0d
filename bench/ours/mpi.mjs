// The benchmark's work on tsmpi: takes commands "family bytes count skip spaced", answers "microseconds elapsed".
// The loops are those of the OSU micro-benchmarks, and those of the peers in bench/peers/ line for line.
import { COMM_WORLD as world, MAX, Request, SUM, wtime } from 'tsmpi'
import { bytesOf, collectives, doublesOf } from './collectives.mjs'
import { commands } from './commands.mjs'
import { OBJECTS } from './objects.mjs'

const WINDOW = 64
const { rank, size } = world

async function latency(bytes, count, skip) {
  const out = bytesOf('out', bytes)
  const into = bytesOf('into', bytes)
  let start = 0
  for (let i = 0; i < count + skip; i++) {
    if (i === skip) start = wtime()
    if (rank === 0) {
      await world.send(out, 1)
      await world.recv(1, 0, { into })
    } else if (rank === 1) {
      await world.recv(0, 0, { into })
      await world.send(out, 0)
    }
  }
  return (wtime() - start) / count / 2
}

async function objects(which, count, skip) {
  const value = OBJECTS[which]
  let start = 0
  for (let i = 0; i < count + skip; i++) {
    if (i === skip) start = wtime()
    if (rank === 0) {
      await world.send(value, 1)
      await world.recv(1)
    } else if (rank === 1) {
      await world.recv(0)
      await world.send(value, 0)
    }
  }
  return (wtime() - start) / count / 2
}

/**
 * The first half of the ranks sends windows to the second half; each window is answered by one short message. The slowest
 * pair counts.
 */
async function window(bytes, count, skip) {
  const out = bytesOf('out', bytes)
  const into = bytesOf('into', bytes)
  const short = new Uint8Array(4)
  const pairs = Math.floor(size / 2)
  const sender = rank < pairs
  const peer = sender ? rank + pairs : rank - pairs
  const requests = new Array(WINDOW)
  let start = 0
  for (let i = 0; i < count + skip; i++) {
    if (i === skip) start = wtime()
    if (rank >= 2 * pairs) continue
    for (let j = 0; j < WINDOW; j++) requests[j] = sender ? world.isend(out, peer) : world.irecv(peer, 0, { into })
    await Request.waitAll(requests)
    if (sender) await world.recv(peer, 1, { into: short })
    else await world.send(short, peer, 1)
  }
  return (await world.allreduce(wtime() - start, MAX)) / count / WINDOW / pairs
}

/** Only the last message is answered; sends are posted in windows of 16 MiB, of 1,000 messages at the most. */
async function stream(bytes, count, skip) {
  const out = bytesOf('out', bytes)
  const into = bytesOf('into', bytes)
  const window = Math.min(1000, Math.ceil((16 << 20) / bytes))
  let start = 0
  for (let done = 0; done < count + skip; ) {
    const until = done < skip ? Math.min(done + window, skip) : Math.min(done + window, count + skip)
    if (done === skip) start = wtime()
    const requests = []
    for (; done < until; done++) requests.push(rank === 0 ? world.isend(out, 1) : world.irecv(0, 0, { into }))
    await Request.waitAll(requests)
  }
  if (rank === 0) await world.recv(1, 1)
  else await world.send(0, 0, 1)
  return (wtime() - start) / count
}

async function bothWays(bytes, count, skip) {
  const out = bytesOf('out', bytes)
  const into = bytesOf('into', bytes)
  const requests = new Array(2 * WINDOW)
  let start = 0
  for (let i = 0; i < count + skip; i++) {
    if (i === skip) start = wtime()
    if (rank > 1) continue
    for (let j = 0; j < WINDOW; j++) requests[j] = world.irecv(1 - rank, 0, { into })
    for (let j = 0; j < WINDOW; j++) requests[WINDOW + j] = world.isend(out, 1 - rank)
    await Request.waitAll(requests)
  }
  return (wtime() - start) / count / WINDOW / 2
}

/** One operation, to be repeated. */
function collective(family, bytes) {
  const [out, into] = ['out', 'into'].map((area) => bytesOf(area, bytes * size))
  const [block, blockInto] = [out.subarray(0, bytes), into.subarray(0, bytes)]
  const [doubles, doublesInto] = ['out', 'into'].map((area) => doublesOf(area, bytes >> 3))
  switch (family) {
    case 'barrier':
      return () => world.barrier()
    case 'bcast':
      return () => world.bcast(block, 0, { into: block })
    case 'scatter':
      return () => world.scatter(out, 0, { into: blockInto })
    case 'gather':
      return () => world.gather(block, 0, { into })
    case 'allgather':
      return () => world.allgather(block, { into })
    case 'alltoall':
      return () => world.alltoall(out, { into })
    case 'reduce':
      return () => world.reduce(doubles, SUM, 0, { into: doublesInto })
    case 'allreduce':
      return () => world.allreduce(doubles, SUM, { into: doublesInto })
    default:
      throw new Error(`no benchmark is called ${family}`)
  }
}

const POINT_TO_POINT = {
  latency, objects, bandwidth: window, 'message-rate': window, bibandwidth: bothWays, 'wire-latency': latency, 'wire-stream': stream,
}

for await (const line of commands()) {
  const [family, ...words] = line.split(' ')
  const [bytes, count, skip, spaced] = words.map(Number)
  const points = POINT_TO_POINT[family]
  const run = points ? undefined : collective(family, bytes)
  await world.barrier()
  const start = wtime()
  const seconds = points
    ? await points(bytes, count, skip)
    : await collectives(run, count, skip, spaced === 1 && family !== 'barrier')
  if (rank === 0) console.log(`${(1e6 * seconds).toFixed(6)} ${(1e6 * (wtime() - start)).toFixed(3)}`)
}
