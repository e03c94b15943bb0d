// Commands of bench/run.ts: rank 0 reads them line by line and passes them on; all ranks wait asleep for the next.
import { createInterface } from 'node:readline'
import { COMM_WORLD as world } from 'tsmpi'

/** A tag that no benchmark uses. */
const TAG = 999

export async function* commands() {
  if (world.rank > 0) {
    for (let line; (line = await world.recv(0, TAG)) !== ''; ) yield line
    return
  }
  console.log('ready')
  for await (const line of createInterface({ input: process.stdin })) {
    await tell(line)
    yield line
  }
  await tell('')
}

async function tell(line) {
  for (let peer = 1; peer < world.size; peer++) await world.send(line, peer, TAG)
}
