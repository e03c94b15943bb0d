// The hosts of a job: --host, --hostfile, the batch system's, or this machine alone.
import { LaunchError } from '../../lib/errors.js'
import type { Binding } from '../../lib/wire/agent.js'
import { findAllocation } from './allocation.js'
import type { Here } from './here.js'
import { HostList, hostKey } from './host.js'
import type { Host } from './host.js'
import { parseHostfile, readHosts } from './hostfile.js'
import { isRelative, parseHostOption } from './hostlist.js'

export interface HostOptions {
  hostfile?: string
  /** As given to --host. */
  host?: string
  /** Absent: ranks run where the system puts them. */
  bindTo?: Binding['to']
  /** Of those that they are bound to. */
  cpusPerRank: number
}

export interface JobHost extends Host {
  /** This machine. */
  local: boolean
  /** Nobody has named any host: its slots are its processors. */
  unnamed?: true
}

/**
 * A hostfile goes before an allocation; --host chooses from either, or stands for itself. This machine has one entry,
 * whatever it is called. Throws LaunchError.
 */
export function findHosts(options: HostOptions, env: NodeJS.ProcessEnv, here: Here): JobHost[] {
  const from = options.hostfile === undefined ? allocatedHosts(options, env) : hostfileHosts(options.hostfile)
  const chosen = options.host === undefined ? from : parseHostOption(options.host, from)
  if (chosen === undefined) {
    return [{ name: here.name, slots: slotsOf(here, options), local: true, unnamed: true }]
  }
  const merged = new HostList((name) => (here.is(name) ? '' : hostKey(name)))
  for (const host of chosen) {
    merged.add(host, (message) => {
      throw new LaunchError(`this machine is named more than once: ${message}`)
    })
  }
  return merged.list().map((host) => ({ ...host, local: here.is(host.name) }))
}

/** Ranks that are bound to cores have those of their own; the hardware threads of one core are one place then. */
function slotsOf({ processors, cores }: Here, { bindTo, cpusPerRank }: HostOptions): number {
  const places = bindTo === 'core' ? Math.min(processors, cores() || processors) : processors
  return Math.max(1, Math.floor(places / cpusPerRank))
}

const hostfileHosts = (file: string): Host[] => parseHostfile(readHosts(file, `--hostfile ${file}`), file)

/** An allocation that cannot be read leaves --host a list of its own, unless that counts on there being one. */
function allocatedHosts({ host }: HostOptions, env: NodeJS.ProcessEnv): Host[] | undefined {
  const allocation = findAllocation(env)
  try {
    return allocation?.hosts()
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error
    if (host !== undefined && !isRelative(host)) return undefined
    const leave = `to run without this allocation of ${allocation?.manager}, name the hosts by --hostfile or -H`
    throw new LaunchError(`${error.message}\n${leave}`)
  }
}
