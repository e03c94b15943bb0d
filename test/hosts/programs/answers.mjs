// The other of two programs in a world: answers rank 0, each in its own way, which it is told: `answers.mjs WAY`.
import { COMM_WORLD as world, processorName } from 'tsmpi'

const number = await world.recv(0)
await world.send(`${process.argv[2]} ${number + 1}`, 0)
await world.gather({ program: 'answers', processor: processorName })
