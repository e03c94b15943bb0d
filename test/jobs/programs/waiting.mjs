// How a rank waits: `tsmpirun -n 2 waiting.mjs NAME`. Prints what it saw as JSON.
import { setTimeout } from 'node:timers/promises'
import { COMM_WORLD as world, LOR, Request, SUM } from 'tsmpi'

const { rank } = world
const SLEEP = 2000
const say = (value) => console.log(JSON.stringify(value))

/** The others wait for rank 0, which lets them wait; their processor time in milliseconds. */
async function idle(wait, answer) {
  // Once before, so that nothing has to be compiled or connected meanwhile.
  for (const sleep of [10, SLEEP]) {
    await world.barrier()
    if (rank === 0) {
      await setTimeout(sleep)
      await answer()
      continue
    }
    const before = process.cpuUsage()
    await wait()
    const { user, system } = process.cpuUsage(before)
    if (sleep === SLEEP) say({ milliseconds: (user + system) / 1000 })
  }
}

const scenarios = {
  recv: () => idle(() => world.recv(0, 1), () => world.send('x', 1, 1)),
  any: () => idle(() => world.recv(), () => world.send('x', 1, 1)),
  probe: () => idle(() => world.probe(0, 1).then(() => world.recv(0, 1)), () => world.send('x', 1, 1)),
  ssend: () => idle(() => world.ssend('x', 0, 1), () => world.recv(1, 1)),
  large: () => idle(() => world.send(new Uint8Array(1 << 20), 0, 1), () => world.recv(1, 1)),
  barrier: () => idle(() => world.barrier(), () => world.barrier()),
  allreduce: () => idle(() => world.allreduce(1, SUM), () => world.allreduce(1, SUM)),
  request: () => idle(() => world.irecv(0, 1), () => world.send('x', 1, 1)),
  waitAny: () =>
    idle(
      async () => {
        const never = world.irecv(0, 2)
        await Request.waitAny([never, world.irecv(0, 1)])
        never.cancel()
      },
      () => world.send('x', 1, 1),
    ),
  /** A receive that is pending while the program sleeps by itself. */
  async pending() {
    await idle(
      async () => {
        const request = world.irecv(0, 1)
        await setTimeout(SLEEP)
        await request
      },
      () => world.send('x', 1, 1),
    )
  },

  /** A timer fires while messages go to and fro that are all answered at once. */
  async fair() {
    let fired = 0
    const timer = setInterval(() => fired++, 5)
    let count = 0
    for (const until = performance.now() + 1000; ; ) {
      await world.send(count, 1 - rank)
      await world.recv(1 - rank)
      count++
      if (count % 16 === 0 && (await world.allreduce(performance.now() > until, LOR))) break
    }
    clearInterval(timer)
    say({ fired, count })
  },

  /** The same with tests that find nothing, and with messages to itself. */
  async 'fair-test'() {
    let fired = 0
    const timer = setInterval(() => fired++, 5)
    const never = world.irecv(1 - rank, 9)
    let count = 0
    for (const until = performance.now() + 500; performance.now() < until; count++) await never.test()
    for (const until = performance.now() + 500; performance.now() < until; count++) await world.sendrecv('x', rank)
    for (const until = performance.now() + 500; performance.now() < until; count++) await world.iprobe(1 - rank, 8)
    clearInterval(timer)
    never.cancel()
    // who is still to receive from a rank that has left would hear that instead
    await world.barrier()
    say({ fired, count })
  },
}

await scenarios[process.argv[2]]()
