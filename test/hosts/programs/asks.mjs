// One of two programs in a world: gives every other rank a number, and prints who answered what, in rank order.
import { COMM_WORLD as world, processorName } from 'tsmpi'

const { size } = world
for (let rank = 1; rank < size; rank++) await world.send(10 * rank, rank)
const answers = []
for (let rank = 1; rank < size; rank++) answers.push(await world.recv(rank))
const places = await world.gather({ program: 'asks', processor: processorName })
console.log(JSON.stringify({ answers, places }))
