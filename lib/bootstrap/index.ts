// Who am I, and who are the others? Asked once, at import.
import { ENV } from '../env.js'
import type { Job } from './job.js'
import { joinedByPmi } from './pmi-job.js'
import { singleton } from './singleton.js'
import { launched } from './tsmpirun.js'

export type { Control, Job } from './job.js'

/** The job this process is part of. Call it once. Throws StateError where the environment contradicts itself. */
export function joinJob(): Job {
  if (process.env[ENV.RANK] !== undefined) return launched()
  return isPmiRank(process.env) ? joinedByPmi() : singleton()
}

const isPmiRank = (env: NodeJS.ProcessEnv): boolean => env['PMI_FD'] !== undefined && env['PMI_RANK'] !== undefined
