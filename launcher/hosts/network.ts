// What --interface may say: the name of an interface, an address, or a network.
import { isIP, isIPv4 } from 'node:net'

export interface NetworkPart {
  address: string
  /** How many bits an address must share with it. */
  bits: number
}

/** `10.0.0.0/8` or `10.0.0.7`; undefined for what can only be a name. */
export function parseNetwork(text: string): NetworkPart | undefined {
  const [, address, bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  if (address === undefined || isIP(address) === 0) return undefined
  const all = isIPv4(address) ? 32 : 128
  return Number(bits ?? all) <= all ? { address, bits: Number(bits ?? all) } : undefined
}

export const isNetwork = (text: string): boolean => parseNetwork(text) !== undefined || /^[^\s/]{1,64}$/.test(text)
