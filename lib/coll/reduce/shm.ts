// Reduce on a board: see allreduce/shm.ts; here the root alone collects.
export { NumberReduction, VectorReduction } from '../allreduce/shm.js'
