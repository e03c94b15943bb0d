// Two processes that talk by PAIR sockets of zeromq.js, over ipc or, between hosts, over TCP: JSON for objects, bytes for
// typed arrays.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Pair } from 'zeromq'
import { follow, lead } from './loops.mjs'

const [family, address] = process.argv.slice(2)
const first = address === undefined
const socket = new Pair({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 })
const json = family === 'objects'

const channel = {
  send: (value) => socket.send(json ? JSON.stringify(value) : value),
  async receive() {
    const [bytes] = await socket.receive()
    return json ? JSON.parse(String(bytes)) : bytes
  },
}

if (first) {
  await socket.bind(family.startsWith('wire') ? 'tcp://127.0.0.1:*' : `ipc://@tsmpi-bench-${process.pid}`)
  const child = fork(fileURLToPath(import.meta.url), [family, socket.lastEndpoint], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await lead(channel)
  child.kill()
  socket.close()
} else {
  process.on('disconnect', () => process.exit())
  socket.connect(address)
  await follow(channel)
}
