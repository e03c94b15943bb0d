// How a blocked rank waits: "waiting.mjs idle FORM SECONDS" prints the per cent of a processor that each blocked rank
// used meanwhile; "waiting.mjs wake FORM COUNT" the microseconds from a message's sending to the blocked rank's return.
import { setTimeout as sleep } from 'node:timers/promises'
import { COMM_WORLD as world } from 'tsmpi'

const [what, form, amount] = process.argv.slice(2)
/** Milliseconds after which a blocked rank is surely asleep. */
const ASLEEP = 20
/** Microseconds of a clock that all processes of a host share. */
const now = () => {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e6 + nanoseconds / 1e3
}

/** Blocks ranks other than 0 until `release`. */
async function block(into) {
  if (form === 'barrier') await world.barrier()
  else if (form === 'recv') await world.recv(0, 0, { into })
  else await world.irecv(0, 0, { into })
}

async function release(message) {
  if (form === 'barrier') await world.barrier()
  else for (let peer = 1; peer < world.size; peer++) await world.send(message, peer)
}

async function idle(seconds) {
  const message = new Float64Array(1)
  await world.barrier()
  let percent = 0
  if (world.rank === 0) {
    await sleep(1000 * seconds)
    await release(message)
  } else {
    const before = process.cpuUsage()
    await block(message)
    const { user, system } = process.cpuUsage(before)
    percent = (user + system) / 1e4 / seconds
  }
  const all = await world.gather(percent, 0)
  if (world.rank === 0) console.log(JSON.stringify(all.slice(1)))
}

async function wake(count) {
  const message = new Float64Array(1)
  const times = []
  for (let i = 0; i < count; i++) {
    if (world.rank === 0) {
      await sleep(ASLEEP)
      message[0] = now()
      await release(message)
      if (form === 'barrier') await world.send(message, 1)
      await world.recv(1, 1, { into: message })
    } else {
      await block(message)
      const end = now()
      if (form === 'barrier') await world.recv(0, 0, { into: message })
      times.push(end - message[0])
      await world.send(message, 0, 1)
    }
  }
  if (world.rank === 1) console.log(JSON.stringify(times))
}

await (what === 'idle' ? idle : wake)(Number(amount))
