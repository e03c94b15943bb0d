// Large messages, many requests, many ranks: `tsmpirun -n N large.mjs NAME`. Prints what it saw as JSON.
import { COMM_WORLD as world, Request, SUM, Status } from 'tsmpi'

const { rank, size } = world
const seconds = (since) => (performance.now() - since) / 1000
const say = (value) => console.log(JSON.stringify(value))

/** Elements that are looked at: some at random, and those around every 2^28, where 32-bit arithmetic on bytes would end. */
function samples(length) {
  const found = [0, 1, length - 1]
  for (let edge = 2 ** 28; edge < length; edge += 2 ** 28) found.push(edge - 1, edge, edge + 1)
  for (let i = 0; i < 100_000; i++) found.push((i * 7_368_787_013) % length)
  return found
}

const element = (i) => i * 1.5 + 0.25

function checkLarge(array, length, what) {
  if (array.length !== length) throw new Error(`${what}: ${array.length} elements instead of ${length}`)
  for (const i of samples(length)) if (array[i] !== element(i)) throw new Error(`${what}: element ${i} is ${array[i]}`)
  let sum = 0
  for (let i = 0; i < length; i++) sum += array[i] - i * 1.5
  if (sum !== length * 0.25) throw new Error(`${what}: wrong checksum ${sum}`)
}

const scenarios = {
  /** One array of 3 GB, received as a new one, then into that. */
  async huge() {
    const length = 3e9 / 8
    const times = []
    let array
    if (rank === 0) {
      array = new Float64Array(length)
      for (let i = 0; i < length; i++) array[i] = element(i)
    }
    for (const into of [false, true]) {
      if (rank === 1) array?.fill(0)
      await world.barrier()
      const began = performance.now()
      const status = new Status()
      if (rank === 0) await world.send(array, 1)
      else if (into) await world.recv(0, 0, { into: array, status })
      else array = await world.recv(0, 0, { status })
      times.push(seconds(began))
      if (rank === 0) continue
      if (status.bytes !== 3e9 || status.count !== length) throw new Error(`status: ${status.bytes} bytes, ${status.count} elements`)
      checkLarge(array, length, into ? 'into' : 'a new array')
    }
    if (rank === 1) say({ fresh: 3 / times[0], into: 3 / times[1] })
  },

  /** 100,000 receives and 100,000 sends outstanding between two ranks, waited for at the end. */
  async many() {
    const count = 100_000
    const peer = 1 - rank
    const began = performance.now()
    const receives = Array.from({ length: count }, (_, i) => world.irecv(peer, i % 1000))
    const sends = Array.from({ length: count }, (_, i) => world.isend(i, peer, i % 1000))
    const values = await Request.waitAll(receives)
    await Request.waitAll(sends)
    const wrong = values.findIndex((value, i) => value !== i)
    if (wrong >= 0) throw new Error(`receive ${wrong} got ${values[wrong]}`)
    if (rank === 0) say({ messages: 2 * count, perSecond: (2 * count) / seconds(began) })
  },

  /** The same with the receives posted late, with wildcards. */
  async 'many-unexpected'() {
    const count = 100_000
    const peer = 1 - rank
    const sends = Array.from({ length: count }, (_, i) => world.isend(i, peer, i % 7))
    await new Promise((resolve) => setTimeout(resolve, 300))
    const receives = Array.from({ length: count }, () => world.irecv())
    const values = await Request.waitAll(receives)
    await Request.waitAll(sends)
    const wrong = values.findIndex((value, i) => value !== i)
    if (wrong >= 0) throw new Error(`receive ${wrong} got ${values[wrong]}`)
    if (rank === 0) say({ messages: 2 * count })
  },

  /** The same to itself. */
  async 'many-self'() {
    const count = 100_000
    const sends = Array.from({ length: count }, (_, i) => world.isend(i, rank, i % 7))
    const values = await Request.waitAll(Array.from({ length: count }, () => world.irecv(rank)))
    await Request.waitAll(sends)
    const wrong = values.findIndex((value, i) => value !== i)
    if (wrong >= 0) throw new Error(`receive ${wrong} got ${values[wrong]}`)
    if (rank === 0) say({ messages: size * count })
  },

  /** More collectives under way than a communicator carries at a time, on two of them, waited for in reverse. */
  async collectives() {
    const count = 200
    const other = await world.dup()
    const sums = []
    const rest = []
    for (let i = 0; i < count; i++) {
      sums.push(world.iallreduce(i + rank, SUM))
      rest.push(other.ibcast({ i }, i % size))
      if (i % 10 === 0) rest.push(other.ibarrier())
    }
    for (const request of rest.reverse()) await request
    for (let i = count - 1; i >= 0; i--) {
      const sum = await sums[i]
      if (sum !== size * i + (size * (size - 1)) / 2) throw new Error(`allreduce ${i} gave ${sum}`)
    }
    if (rank === 0) say({ collectives: sums.length + rest.length })
  },

  /** Communicators that come and go, and many at a time. */
  async communicators() {
    for (let i = 0; i < 300; i++) {
      const half = await world.split(rank % 2, -rank)
      const members = await half.allreduce(1, SUM)
      if (members !== half.size) throw new Error(`split ${i}: ${members} of ${half.size} members`)
      await half.free()
    }
    const kept = []
    for (let i = 0; i < 200; i++) kept.push(await world.dup())
    const sums = await Promise.all(kept.map((comm, i) => comm.allreduce(i, SUM)))
    const wrong = sums.findIndex((sum, i) => sum !== i * size)
    if (wrong >= 0) throw new Error(`dup ${wrong} gave ${sums[wrong]}`)
    await Promise.all(kept.map((comm) => comm.free()))
    if (rank === 0) say({ communicators: kept.length })
  },

  /** A whole small job. */
  async job() {
    const began = performance.now()
    await world.barrier()
    const started = seconds(began)
    const sum = await world.allreduce(rank, SUM)
    if (sum !== (size * (size - 1)) / 2) throw new Error(`allreduce gave ${sum}`)
    const send = new Float64Array(128 * size)
    for (let i = 0; i < send.length; i++) send[i] = rank * 1e6 + i
    const got = await world.alltoall(send)
    for (let i = 0; i < got.length; i++) {
      const from = Math.floor(i / 128)
      if (got[i] !== from * 1e6 + rank * 128 + (i % 128)) throw new Error(`alltoall: element ${i} is ${got[i]}`)
    }
    const next = await world.sendrecv(`from ${rank}`, (rank + 1) % size, { source: (rank + size - 1) % size })
    if (next !== `from ${(rank + size - 1) % size}`) throw new Error(`sendrecv gave ${next}`)
    const names = await world.gather(`rank ${rank}`)
    if (rank === 0) say({ ranks: names.length, last: names.at(-1), barrier: started, all: seconds(began) })
  },
}

await scenarios[process.argv[2]]()
