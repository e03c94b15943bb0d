// One way to fail for each name: `tsmpirun -n N failures.mjs NAME`. Prints what a rank sees of it.
import { setTimeout as sleep } from 'node:timers/promises'
import * as MPI from 'tsmpi'

const world = MPI.COMM_WORLD
const { rank, size } = world
const LARGE = new Uint8Array(1 << 20)

/** Waits until rank `peer` has finalized or ended, as far as this can be seen from here. */
const afterwards = () => sleep(700)

/** Prints how a call fails, or that it does not. */
async function report(name, call) {
  try {
    const value = await call()
    console.log(JSON.stringify({ rank, name, value }))
  } catch (error) {
    const { code, message, rank: peer } = error
    console.log(JSON.stringify({ rank, name, class: error.constructor.name, code, message, peer }))
  }
}

const scenarios = {
  async 'exit-recv'() {
    if (rank === 1) process.exit(0)
    await world.recv(1, 5)
  },
  async 'exit-ssend'() {
    if (rank === 1) process.exit(0)
    await world.ssend('x', 1, 6)
  },
  async 'exit-barrier'() {
    if (rank === 1) process.exit(0)
    await world.barrier()
  },
  /** What was sent before is received; what was not is missed. */
  async 'exit-after-send'() {
    if (rank === 1) {
      await world.send('last words', 0, 1)
      process.exit(0)
    }
    if (rank !== 0) return
    await report('sent', () => world.recv(1, 1))
    await report('not sent', () => world.recv(1, 2))
  },
  /** A rank may leave by process.exit if nobody waits on it any more. */
  async 'exit-at-the-end'() {
    await report('allreduce', () => world.allreduce(rank, MPI.SUM))
    await world.barrier()
    process.exit(0)
  },
  async 'uncaught-one'() {
    if (rank === 1) throw new RangeError('one rank went wrong')
    await world.barrier()
  },
  async 'uncaught-all'() {
    await world.barrier()
    throw new RangeError('all ranks went wrong')
  },
  async unhandled() {
    if (rank === 1) void Promise.reject(new TypeError('nobody handles this'))
    await world.barrier()
  },
  async abort() {
    if (rank === 2) MPI.abort(42, 'the answer')
    await world.barrier()
  },
  async killed() {
    if (rank === 2) process.kill(process.pid, 'SIGKILL')
    await world.barrier()
  },
  async 'killed-receiver'() {
    if (rank === 0) await sleep(300).then(() => process.kill(process.pid, 'SIGKILL'))
    for (;;) await world.send(LARGE, 0)
  },
  /** Rank 1 has finalized; the others want something of it. */
  async finalized() {
    if (rank === 1) return
    const waiting = [
      report('recv', () => world.recv(1, 5)),
      report('irecv', () => world.irecv(1, 6)),
      report('probe', () => world.probe(1, 7)),
      report('ssend', () => world.ssend('x', 1, 8)),
      report('large send', () => world.send(LARGE, 1, 9)),
      report('into', () => world.recv(1, 10, { into: new Uint8Array(8) })),
    ]
    await afterwards()
    await report('late recv', () => world.recv(1, 11))
    await report('late ssend', () => world.issend('x', 1, 12))
    await Promise.all(waiting)
  },
  async 'finalized-collective'() {
    if (rank === 1) return
    await report('allreduce', () => world.allreduce(1, MPI.SUM))
  },
  async 'finalized-any'() {
    if (rank !== 0) return await world.send(`last words of ${rank}`, 0)
    await afterwards()
    for (let i = 0; i < size; i++) await report(`recv ${i}`, () => world.recv())
  },
  async 'finalized-uncaught'() {
    if (rank === 0) await world.recv(1, 5)
  },
  /** Messages that nobody receives, at the end of the program. */
  async unreceived() {
    if (rank === 0) {
      await world.send('small', 1)
      void world.isend('small', 1)
      await world.bsend(LARGE, 1)
      void world.isend(LARGE, 1)
      void world.issend('small', 1)
    }
    await world.barrier()
  },
  /** A buffered send that nobody can wait for does not keep a rank from finalizing, and arrives. */
  async 'finalize-bsend'() {
    if (rank === 0) {
      await world.bsend(LARGE, 1)
      await report('finalize', () => MPI.finalize())
    } else {
      await sleep(300)
      await report('recv', async () => (await world.recv(0)).length)
      await world.bsend(LARGE, 1, 9)
      await report('finalize with a message to itself', () => MPI.finalize())
      await world.recv(1, 9)
    }
  },
  async 'late-finalize'() {
    if (rank === 0) {
      const request = world.irecv(1, 3)
      await report('finalize with a pending receive', () => MPI.finalize())
      await world.send('go', 1)
      await report('the receive', () => request)
    } else {
      await world.recv(0, 0)
      await world.send('came', 0, 3)
    }
    await report('finalize', () => MPI.finalize())
    await report('send', () => world.send(1, 0))
    await report('recv', () => world.recv(0))
    await report('isend', () => world.isend(1, 0))
    await report('irecv', () => world.irecv(0))
    await report('barrier', () => world.barrier())
    await report('split', () => world.split(0))
    await report('iprobe', () => world.iprobe())
    await report('COMM_SELF', () => MPI.COMM_SELF.send(1, 0))
    console.log(JSON.stringify({ rank, name: 'isFinalized', value: MPI.isFinalized() }))
  },
  'pending-irecv'() {
    void world.irecv(1 - rank, 77)
  },
  async deadlock() {
    await world.recv(1 - rank, 10 + rank)
  },
  async 'deadlock-ssend'() {
    await world.send('x', 1 - rank, 4)
    await world.recv(1 - rank, 4)
  },
  async 'deadlock-collective'() {
    if (rank === 0) await world.barrier()
    else await world.probe(MPI.ANY_SOURCE, 9)
  },
  computing() {
    if (rank === 1) for (;;);
  },
  async mismatch() {
    await report('mismatch', () => (rank === 0 ? world.barrier() : world.allreduce(1, MPI.SUM)))
    process.exit(0)
  },
  async arguments() {
    const into = new Int32Array(2)
    await report('dest', () => world.send(1, size))
    await report('dest of isend', () => world.isend(1, -5))
    await report('source', () => world.recv(size))
    await report('tag', () => world.send(1, 0, -1))
    await report('tag of recv', () => world.recv(0, 1.5))
    await report('root', () => world.bcast(1, size))
    await report('color', () => world.split(-7))
    await report('op', () => world.allreduce(1, 'SUM'))
    await report('op on strings', () => world.allreduce('x', MPI.BAND))
    await report('blocks', () => world.alltoall([1]))
    await report('cut', () => world.scatter(new Int32Array(size + 1), rank))
    await report('algorithm', () => world.barrier({ algorithm: 'nonesuch' }))
    await report('into', () => world.irecv(0, 0, { into: [] }))
    await report('abort', () => MPI.abort(0))
    await report('waitAll', () => MPI.Request.waitAll([Promise.resolve()]))
    await report('free', () => world.free())
    await report('function', () => world.send({ list: [1, () => 2] }, rank))
    await report('symbol', () => world.isend(Symbol('s'), rank))
    await report('function in gather', () => world.gather(() => 1))
    const request = world.irecv(rank, 1, { into })
    await world.send(new Int32Array(3), rank, 1)
    await report('truncate', () => request)
    const wrong = world.irecv(rank, 1, { into })
    await world.send(new Float32Array(2), rank, 1)
    await report('type', () => wrong)
    const cancelled = world.irecv(rank, 1)
    cancelled.cancel()
    await report('cancelled', () => cancelled)
    MPI.attachBuffer(100)
    await report('buffer', () => world.bsend(LARGE, rank))
    const copy = await world.dup()
    await copy.free()
    await report('freed', () => copy.barrier())
    await world.barrier()
  },
}

await scenarios[process.argv[2]]()
