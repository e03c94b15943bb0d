// Two threads that talk by postMessage.
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { follow, Inbox, lead } from './loops.mjs'

const end = isMainThread ? new Worker(fileURLToPath(import.meta.url)) : parentPort
const inbox = new Inbox()
end.on('message', (value) => inbox.push(value))
const channel = { send: (value) => end.postMessage(value), receive: () => inbox.receive() }

if (!isMainThread) await follow(channel)
await lead(channel)
await end.terminate()
