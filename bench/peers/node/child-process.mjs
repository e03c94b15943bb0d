// Two processes that talk over the channel of fork(): JSON for objects, structured clones for typed arrays.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { follow, Inbox, lead } from './loops.mjs'

const [family, role] = process.argv.slice(2)
const child = role === 'child'
const serialization = family === 'objects' ? 'json' : 'advanced'
const stdio = ['ignore', 'inherit', 'inherit', 'ipc']
const end = child ? process : fork(fileURLToPath(import.meta.url), [family, 'child'], { serialization, stdio })
const inbox = new Inbox()
end.on('message', (value) => inbox.push(value))
const channel = { send: (value) => void end.send(value), receive: () => inbox.receive() }

if (child) await follow(channel)
await lead(channel)
end.kill()
