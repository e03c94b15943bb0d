// Every rank says who it is; rank 0 prints it, in rank order.
//   tsmpirun -n 4 examples/hello.ts
import { COMM_WORLD as world, processorName } from 'tsmpi'

const greeting = `Hello from rank ${world.rank} of ${world.size}, process ${process.pid} on ${processorName}`
const greetings = await world.gather(greeting, 0) // an array at rank 0, undefined elsewhere
for (const line of greetings ?? []) console.log(line)
