// The job that startup.mjs measures.
import { COMM_WORLD as world } from 'tsmpi'

await world.barrier()
