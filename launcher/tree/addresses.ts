// At which of its addresses a host is to be reached by the others.
import { lookup } from 'node:dns/promises'
import { hostname } from 'node:os'
import { addressOn, isOutward, listed, outwardAddress, ownAddresses } from '../../lib/addresses.js'
import { LaunchError } from '../../lib/errors.js'
import type { Network } from '../../lib/wire/agent.js'

const ANY_PORT = 9

/**
 * By `--interface`; else the address by which others have reached the host; else the one that its name stands for; else
 * the first. Loopback is for hosts that have nothing else. Throws LaunchError.
 */
export async function chooseAddress(network: Network, own = ownAddresses(), resolve = resolveOwnName): Promise<string> {
  if (network.interface !== undefined) {
    const found = addressOn(network.interface, own)
    if (found !== undefined) return found
    throw new LaunchError(`--interface ${network.interface}: it has no such address, but ${listed(own)}`)
  }
  const usable = (address: string): boolean => own.some((one) => one.address === address && isOutward(one))
  return network.reachedAt.find(usable) ?? (await resolve()).find(usable) ?? outwardAddress(own)
}

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
