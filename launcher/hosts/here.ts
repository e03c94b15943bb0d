// This machine: which names are its own, and how many processors it has for ranks.
import { availableParallelism, hostname, networkInterfaces } from 'node:os'
import { isIP } from 'node:net'
import { coresOf } from '../binding.js'
import { readTopology } from '../topology.js'

export interface Here {
  name: string
  processors: number
  /** Cores that ranks can be bound to; 0 where the system does not tell. */
  cores: () => number
  /** Whether a host of this name, or with this address, is this machine. Asks nobody. */
  is(name: string): boolean
}

export function thisMachine(): Here {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
  return machine(hostname(), addresses, availableParallelism(), () => coresOf(readTopology()).length)
}

export function machine(name: string, addresses: readonly string[], processors: number, cores = () => processors): Here {
  const own = name.toLowerCase()
  const known = new Set(['localhost', own, ...addresses.map(canonical)])
  const is = (asked: string): boolean => {
    const text = asked.toLowerCase()
    if (known.has(text)) return true
    if (isIP(text) !== 0) return text.startsWith('127.') || known.has(canonical(text)) || canonical(text) === '::1'
    // One of the two is without a domain: the other's first label decides.
    return text.includes('.') !== own.includes('.') && text.split('.')[0] === own.split('.')[0]
  }
  return { name, processors, cores, is }
}

/** One spelling for each address: that of URLs for version 6, without its zone. */
function canonical(address: string): string {
  const bare = address.replace(/%.*$/, '')
  return isIP(bare) === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare
}
