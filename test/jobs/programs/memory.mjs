// What memory the ranks of a job take: prints JSON, a rank an entry.
import { fstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { COMM_WORLD as world, SUM } from 'tsmpi'

const { rank, size } = world

/** Resident and proportional memory of this process, in bytes. */
function resident() {
  const text = readFileSync('/proc/self/smaps_rollup', 'utf8')
  const [rss, pss] = ['Rss', 'Pss'].map((field) => Number(new RegExp(`^${field}: *(\\d+) kB`, 'm').exec(text)[1]) * 1024)
  return { rss, pss }
}

/** Bytes of shared memory that the job uses, of how many it could. */
function segment() {
  const link = (fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  }
  const fd = readdirSync('/proc/self/fd').find((one) => link(one).startsWith('/memfd:tsmpi'))
  if (fd === undefined) return { used: 0, size: 0 }
  const { blocks, size } = fstatSync(Number(fd))
  return { used: blocks * 512, size }
}

async function everyCollective(bytes) {
  const block = new Uint8Array(bytes)
  await world.barrier()
  await world.bcast(block, 0)
  await world.scatter(rank === 0 ? new Uint8Array(bytes * size) : undefined, 0)
  await world.gather(block, 0)
  await world.allgather(block)
  await world.alltoall(new Uint8Array(bytes * size))
  await world.reduce(new Float64Array(bytes / 8), SUM, 0)
  await world.allreduce(new Float64Array(bytes / 8), SUM)
}

await world.barrier()
const start = { ...resident(), segment: segment() }
await world.barrier()
if (rank === 0) await world.send(new Uint8Array(1 << 22), 1)
if (rank === 1) await world.recv(0)
await world.barrier()
const pair = segment()
await world.barrier()
await everyCollective(Number(process.argv[2] ?? 4096))
const end = { ...resident(), segment: segment() }
const ranks = await world.gather({ start, pair, end }, 0)
if (rank === 0) console.log(JSON.stringify(ranks))
