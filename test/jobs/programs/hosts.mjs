// Prints where this rank is, as it knows at import, then after a split by hosts.
import { COMM_WORLD as world, SHARED, processorName } from 'tsmpi'

const { rank, hosts, localRank, localSize } = world
const node = await world.splitType(SHARED)
console.log(JSON.stringify({ rank, hosts, local: [localRank, localSize], node: [node.rank, node.size], processor: processorName }))
