// Prints what memory each rank has after a barrier, and after every collective: a JSON line of [RSS, PSS] in MB each.
import { COMM_WORLD as world, SUM } from 'tsmpi'
import { memory } from './resident.mjs'

async function report() {
  await world.barrier()
  const own = memory()
  await world.barrier()
  const all = await world.gather(own, 0)
  if (world.rank === 0) console.log(JSON.stringify(all))
}

async function everyCollective(bytes) {
  const { size } = world
  const block = new Uint8Array(bytes)
  const blocks = new Uint8Array(bytes * size)
  const doubles = new Float64Array(bytes / 8)
  await world.bcast(block, 0, { into: block })
  await world.scatter(blocks, 0, { into: block })
  await world.gather(block, 0, { into: blocks })
  await world.allgather(block, { into: blocks })
  await world.alltoall(blocks, { into: blocks.slice() })
  await world.reduce(doubles, SUM, 0, { into: doubles })
  await world.allreduce(doubles, SUM, { into: doubles })
}

await report()
await everyCollective(8192)
await report()
