// The hosts that a batch system has given this job, from its environment and the files that it names.
import type { Host } from './host.js'
import { parseHostfile, readHosts } from './hostfile.js'
import { expandNodeList, expandTasks } from './nodelist.js'

export interface Allocation {
  /** The batch system. */
  manager: 'Slurm' | 'PBS' | 'Grid Engine' | 'LSF'
  /** Reads what the environment names. Throws LaunchError. */
  hosts(): Host[]
}

type Variables = Readonly<Record<string, string | undefined>>

/** What the environment says, if a batch system has started this process. No file is read before its hosts are asked for. */
export function findAllocation(env: Variables): Allocation | undefined {
  const nodes = env['SLURM_JOB_NODELIST'] || env['SLURM_NODELIST']
  if (nodes) return { manager: 'Slurm', hosts: () => slurmHosts(nodes, env['SLURM_TASKS_PER_NODE']) }
  const { PBS_NODEFILE, PE_HOSTFILE, LSB_DJOB_HOSTFILE, LSB_HOSTS } = env
  if (PBS_NODEFILE) return { manager: 'PBS', hosts: () => nodeFile('PBS_NODEFILE', PBS_NODEFILE) }
  if (PE_HOSTFILE) return { manager: 'Grid Engine', hosts: () => gridEngineHosts(PE_HOSTFILE) }
  if (LSB_DJOB_HOSTFILE) return { manager: 'LSF', hosts: () => nodeFile('LSB_DJOB_HOSTFILE', LSB_DJOB_HOSTFILE) }
  if (LSB_HOSTS) return { manager: 'LSF', hosts: () => parseHostfile(LSB_HOSTS.trim().split(/\s+/).join('\n'), 'LSB_HOSTS') }
  return undefined
}

/** Slurm has its own syntax; names that it would not have are refused by the same rules as elsewhere. */
function slurmHosts(nodes: string, tasks: string | undefined): Host[] {
  const names = expandNodeList(nodes)
  const slots = tasks ? expandTasks(tasks, names.length) : names.map(() => 1)
  const lines = names.flatMap((name, index) => (slots[index] > 0 ? [`${name} slots=${slots[index]}`] : []))
  return parseHostfile(lines.join('\n'), 'SLURM_JOB_NODELIST')
}

/** A line for each slot. */
function nodeFile(variable: string, file: string): Host[] {
  return parseHostfile(readHosts(file, `${variable}=${file}`), file)
}

/** A line for each host and queue: name, slots, queue, processors. One blank between them, and columns are the file's. */
function gridEngineHosts(file: string): Host[] {
  const lines = readHosts(file, `PE_HOSTFILE=${file}`).split(/\r?\n/)
  return parseHostfile(lines.map((line) => line.replace(/^(\s*\S+)\s*(\S*).*$/, '$1:$2')).join('\n'), file)
}
