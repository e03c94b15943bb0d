// Which machine an agent runs on: one that a job knows by two names, as by an alias, has two agents, and the ranks of
// one share no memory with those of the other.
//
// Two agents are on one machine if they have its name, its boot and its namespaces in common: containers have their own.
// That is told only where each has come by an ssh session of its own. A command in the place of ssh that starts agents on
// this machine, and Slurm with several daemons on one, mean what they do.
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Greeting } from '../../lib/wire/agent.js'
import { counted } from '../hosts/host.js'

/** Where an agent, or the launcher, is. */
export type Whereabouts = Pick<Greeting, 'machine' | 'session'>

const NAMESPACES = ['uts', 'pid', 'net']

/** Of this process. Without a machine where the system does not tell: it is not Linux. */
export function whereabouts({ SSH_CONNECTION: session }: NodeJS.ProcessEnv): Whereabouts {
  return { ...machine(), ...(session && { session }) }
}

function machine(): Pick<Whereabouts, 'machine'> {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return { machine: [hostname(), boot, ...NAMESPACES.map((name) => readlinkSync(`/proc/self/ns/${name}`))].join(' ') }
  } catch {
    return {}
  }
}

type Named = Whereabouts & { name: string }

/** A line about hosts that are one machine, if there are any. `here`: the launcher, if its host has ranks. */
export function describeAliases(here: Named | undefined, others: readonly Named[]): string | undefined {
  const machines = new Map<string, Named[]>()
  for (const one of [...(here ? [here] : []), ...others.filter(({ session }) => session !== undefined)]) {
    if (one.machine === undefined) continue
    const known = machines.get(one.machine) ?? []
    if (!known.some(({ session }) => session === one.session)) machines.set(one.machine, [...known, one])
  }
  const [first, ...more] = [...machines.values()].filter(({ length }) => length > 1)
  if (first === undefined) return undefined
  const rest = more.length > 0 ? `; so it is with ${counted(more.length, 'more machine')}` : ''
  return `warning: hosts ${listed(first.map(({ name }) => name))} are one machine: name it once, with the slots of all, for its ranks to share memory${rest}`
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, names.length > 4 ? 3 : -1)
  return `${shown.join(', ')} and ${names.length > 4 ? `${names.length - 3} more` : names.at(-1)}`
}
