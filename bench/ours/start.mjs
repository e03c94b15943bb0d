// A job that starts, passes one barrier and ends.
import { COMM_WORLD as world } from 'tsmpi'

await world.barrier()
