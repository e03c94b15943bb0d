// The addresses of this host, and which of them is meant by a user's word: an interface, an address or a network.
import type * as Net from 'node:net'
import { networkInterfaces } from 'node:os'

/** Loaded at first use: ranks of one host do without. */
const net = (): typeof Net => process.getBuiltinModule('node:net')

export interface OwnAddress {
  interface: string
  address: string
  family: 'IPv4' | 'IPv6'
  /** A loopback address. */
  internal: boolean
}

export interface NetworkPart {
  address: string
  /** How many bits an address must share with it. */
  bits: number
}

export function ownAddresses(): OwnAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, all = []]) =>
    all.map(({ address, family, internal }) => ({ interface: name, address, family: family as OwnAddress['family'], internal })),
  )
}

/** `10.0.0.0/8` or `10.0.0.7`; undefined for what can only be a name. */
export function parseNetwork(text: string): NetworkPart | undefined {
  const [, address, bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  if (address === undefined || net().isIP(address) === 0) return undefined
  const all = net().isIPv4(address) ? 32 : 128
  return Number(bits ?? all) <= all ? { address, bits: Number(bits ?? all) } : undefined
}

/** Whether `text` can be the name of an interface, an address or a network. */
export const isNetwork = (text: string): boolean => parseNetwork(text) !== undefined || /^[^\s/]{1,64}$/.test(text)

/** Others may reach this host there, as far as can be seen here. */
export const isOutward = ({ address, internal }: OwnAddress): boolean => !internal && !isLinkLocal(address)

/** The first at which others may reach this host; loopback where there is none. */
export const outwardAddress = (own: readonly OwnAddress[]): string => preferIPv4(own.filter(isOutward))?.address ?? '127.0.0.1'

/** The address that `wanted` means: a name of an interface, an address, or a network. Undefined where there is none. */
export function addressOn(wanted: string, own: readonly OwnAddress[]): string | undefined {
  const network = parseNetwork(wanted)
  const fits = ({ interface: name, address }: OwnAddress): boolean => (network ? contains(network, address) : name === wanted)
  return preferIPv4(own.filter((one) => fits(one) && !isLinkLocal(one.address)))?.address
}

/** For errors. */
export const listed = (own: readonly OwnAddress[]): string =>
  own.map(({ interface: name, address }) => `${name} ${address}`).join(', ') || 'none at all'

const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)

const preferIPv4 = (some: readonly OwnAddress[]): OwnAddress | undefined =>
  some.find(({ family }) => family === 'IPv4') ?? some[0]

function contains({ address, bits }: NetworkPart, candidate: string): boolean {
  const { BlockList, isIP } = net()
  const family = (text: string): Net.IPVersion => (isIP(text) === 4 ? 'ipv4' : 'ipv6')
  const list = new BlockList()
  list.addSubnet(address, bits, family(address))
  return family(candidate) === family(address) && list.check(candidate, family(candidate))
}
