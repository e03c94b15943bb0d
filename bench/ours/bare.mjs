// A process of Node with nothing of tsmpi: answers each line with its memory in MB, RSS and PSS.
import { createInterface } from 'node:readline'
import { memory } from './resident.mjs'

console.log('ready')
for await (const _ of createInterface({ input: process.stdin })) console.log(memory().join(' '))
