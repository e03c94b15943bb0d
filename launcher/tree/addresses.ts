// At which of its addresses a host is to be reached by the others.
import { lookup } from 'node:dns/promises'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { LaunchError } from '../../lib/errors.js'
import type { Network } from '../../lib/wire/agent.js'
import { parseNetwork } from '../hosts/network.js'
import type { NetworkPart } from '../hosts/network.js'

const ANY_PORT = 9

export interface OwnAddress {
  interface: string
  address: string
  family: 'IPv4' | 'IPv6'
  /** A loopback address. */
  internal: boolean
}

export function ownAddresses(): OwnAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, all = []]) =>
    all.map(({ address, family, internal }) => ({ interface: name, address, family: family as OwnAddress['family'], internal })),
  )
}

/**
 * By `--interface`; else the address by which others have reached the host; else the one that its name stands for; else
 * the first. Loopback is for hosts that have nothing else. Throws LaunchError.
 */
export async function chooseAddress(network: Network, own = ownAddresses(), resolve = resolveOwnName): Promise<string> {
  if (network.interface !== undefined) return byInterface(network.interface, own)
  const usable = (address: string): boolean => isUsable(address, own)
  const known = network.reachedAt.find(usable) ?? (await resolve()).find(usable)
  if (known !== undefined) return known
  const outward = own.filter(({ address }) => usable(address))
  return (preferIPv4(outward) ?? { address: '127.0.0.1' }).address
}

/** Whether this host can be reached at it from elsewhere, as far as can be seen here. */
export const isUsable = (address: string, own: readonly OwnAddress[]): boolean =>
  own.some((one) => one.address === address && !one.internal && !isLinkLocal(address))

const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)

const preferIPv4 = (some: readonly OwnAddress[]): OwnAddress | undefined =>
  some.find(({ family }) => family === 'IPv4') ?? some[0]

/** The address of this host from which messages to `name` go out; undefined where no way is known. Nothing is sent. */
export async function ownAddressTowards(name: string): Promise<string | undefined> {
  const { createSocket } = await import('node:dgram')
  const there = await lookup(name).catch(() => undefined)
  if (there === undefined) return undefined
  const socket = createSocket(there.family === 6 ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).connect(ANY_PORT, there.address, resolve)
    })
    return socket.address().address
  } catch {
    return undefined
  } finally {
    socket.close()
  }
}

async function resolveOwnName(): Promise<string[]> {
  try {
    return (await lookup(hostname(), { all: true })).map(({ address }) => address)
  } catch {
    return []
  }
}

function byInterface(wanted: string, own: readonly OwnAddress[]): string {
  const network = parseNetwork(wanted)
  const fits = ({ interface: name, address }: OwnAddress): boolean => (network ? contains(network, address) : name === wanted)
  const found = preferIPv4(own.filter((one) => fits(one) && !isLinkLocal(one.address)))
  if (found !== undefined) return found.address
  const there = own.map(({ interface: name, address }) => `${name} ${address}`).join(', ')
  throw new LaunchError(`--interface ${wanted}: it has no such address, but ${there || 'none at all'}`)
}

function contains({ address, bits }: NetworkPart, candidate: string): boolean {
  const list = new BlockList()
  list.addSubnet(address, bits, isIPv4(address) ? 'ipv4' : 'ipv6')
  return isIP(candidate) === isIP(address) && list.check(candidate, isIPv4(candidate) ? 'ipv4' : 'ipv6')
}
