// Ranks that talk to each other for so many seconds, or until FILE is there, and check what they hear:
// `rounds.mjs SECONDS [FILE]`.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { COMM_WORLD as world, SUM } from 'tsmpi'

const { rank, size } = world
const end = performance.now() + 1000 * Number(process.argv[2] ?? 1)
const [, , , file] = process.argv
const enough = () => performance.now() >= end || (file !== undefined && existsSync(file))
const all = (size * (size - 1)) / 2
let rounds = 0
for (let go = true; go; rounds++) {
  assert.equal(await world.allreduce(rank + rounds, SUM), all + size * rounds)
  const got = await world.sendrecv(new Float64Array(1000).fill(rank), (rank + 1) % size, { source: (rank + size - 1) % size })
  assert.equal(got[999], (rank + size - 1) % size)
  go = await world.bcast(rank === 0 ? !enough() : undefined, 0)
  if (rounds === 0) console.log(`rank ${rank} talks`)
  // Hosts that share one machine share its processors too.
  if (rank === 0) await sleep(1)
}
await world.barrier()
if (rank === 0) console.log(`${rounds > 0 ? 'all' : 'no'} rounds were right`)
