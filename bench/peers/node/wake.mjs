// What waking a process of Node costs at least: microseconds from a write to a pipe to the reader's callback, as JSON.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const [count, role] = process.argv.slice(2)
const ASLEEP = 20
const now = () => {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e6 + nanoseconds / 1e3
}

if (role === 'sleeper') {
  const pipe = new Socket({ fd: 3 })
  pipe.on('data', (bytes) => {
    const end = now()
    pipe.write(`${end - bytes.readDoubleLE(0)}`)
  })
} else {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), count, 'sleeper'], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  const pipe = child.stdio[3]
  const message = Buffer.alloc(8)
  const times = []
  for (let i = 0; i < Number(count); i++) {
    await sleep(ASLEEP)
    message.writeDoubleLE(now())
    pipe.write(message)
    times.push(Number(await once(pipe, 'data')))
  }
  console.log(JSON.stringify(times))
  child.kill()
}
