// What a job does under a launcher that is not ours, one way for each name: `mpiexec -n 3 node foreign.mjs NAME`.
import { execFileSync, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import * as MPI from 'tsmpi'

const world = MPI.COMM_WORLD
const { rank, size } = world
const scenario = process.argv[2]

const compute = (milliseconds) => {
  const end = performance.now() + milliseconds
  while (performance.now() < end) Math.sqrt(end)
}

const isThere = (pid) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const scenarios = {
  async well() {
    const sum = await world.allreduce(rank, MPI.SUM)
    const large = new Float64Array(100_000).fill(rank)
    const all = await world.allgather(large)
    const right = all.every((part, from) => part.length === large.length && part.every((x) => x === from))
    const { from } = await world.sendrecv({ from: rank }, (rank + 1) % size, { source: (rank + size - 1) % size })
    const role = Object.keys(process.env).filter((name) => /^(PMI_|HYDI_|SLURM_PROCID)/.test(name))
    const child = execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'child'], { encoding: 'utf8' }).trim()
    const rings = Object.keys(await world.gather(rank, 0) ?? {}).length
    console.log(JSON.stringify({ rank, size, sum, right, from, role, child, rings }))
  },
  async child() {
    console.log(`${rank} of ${size}`)
  },
  async throw() {
    await world.barrier()
    if (rank === 1) throw new Error('thrown on purpose')
    await world.recv()
  },
  async exit() {
    await world.barrier()
    if (rank === 1) process.exit(3)
    await world.recv()
  },
  async abort() {
    await world.barrier()
    if (rank === 1) MPI.abort(42, 'aborted on purpose')
    await world.recv()
  },
  async kill() {
    await world.barrier()
    if (rank === 1) process.kill(process.pid, 'SIGKILL')
    await world.recv()
  },
  // … while another rank, which may be the one to notice, computes.
  async killunseen() {
    await world.barrier()
    if (rank === 1) process.kill(process.pid, 'SIGKILL')
    if (rank === 0) compute(4000)
    await world.recv()
  },
  // … in finalize, when it waits for its last message to be taken.
  async killlate() {
    const pid = await world.bcast(process.pid, 1)
    if (rank === 1) {
      await world.recv(0)
      await world.send('last words', 0)
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500)
    } else {
      // from here on rank 0 takes no messages
      if (rank === 0) await world.send('over', 1)
      while (isThere(pid)) await sleep(50)
    }
    await MPI.finalize()
  },
  // … before its event loop has turned once.
  async killearly() {
    if (rank === 1) process.kill(process.pid, 'SIGKILL')
    await world.recv()
  },
  // Nobody hears of a rank that computes, or is stopped, for longer than anything is waited for.
  async busy() {
    await world.barrier()
    if (rank === 1) compute(9000)
    console.log(await world.allreduce(1, MPI.SUM))
  },
  async stopped() {
    await world.barrier()
    if (rank === 1) {
      spawn('sh', ['-c', `sleep 13; kill -CONT ${process.pid}`], { detached: true, stdio: 'ignore' }).unref()
      await sleep(1500)
      process.kill(process.pid, 'SIGSTOP')
    }
    console.log(await world.allreduce(1, MPI.SUM))
  },
  // Exit without having finalized, while nobody waits: what was sent still arrives.
  async leave() {
    await world.barrier()
    if (rank === 1) {
      await world.send('last words', 0)
      process.exit(0)
    }
    if (rank !== 0) process.exit(0)
    await sleep(300)
    console.log(await world.recv(1))
  },
  // … while somebody does.
  async lost() {
    await world.barrier()
    if (rank === 1) process.exit(0)
    await world.recv(1)
  },
  async finalized() {
    if (rank === 1) await world.recv(0)
  },
  // Finalize waits for the slowest.
  async late() {
    if (rank === 1) {
      await sleep(300)
      await world.send('late', 0)
    }
    if (rank === 0) console.log(await world.recv(1))
    await MPI.finalize()
    console.log('finalized')
  },
}

await scenarios[scenario]()
