// A host as a user, a file or a batch system names it, and what the same host named twice comes to.
import { isIPv6 } from 'node:net'
import { expandItem } from './nodelist.js'
import type { Fail } from './nodelist.js'

/** Ranks of a host, at most. */
export const MOST_SLOTS = 65536

export interface Host {
  /** As it was written first: a name or an address. */
  name: string
  /** How many ranks it is meant to run. */
  slots: number
  /** How many it may run at the most. */
  maxSlots?: number
  /** Whom to be there, and where ssh listens; as ssh has it otherwise. */
  user?: string
  port?: number
}

/** Names are compared without regard to case. */
export const hostKey = (name: string): string => name.toLowerCase()

/** `[user@]name[:N]` in one word; the name may stand for many by brackets, or be an IPv6 address (`[address]:N`). */
export interface HostWord {
  names: string[]
  user?: string
  slots?: number
}

export function parseHostWord(word: string, fail: Fail): HostWord {
  const at = word.lastIndexOf('@') + 1
  const rest = word.slice(at)
  const user = at === 0 ? undefined : checkUser(word.slice(0, at - 1), (offset, message) => fail(offset, message))
  const { name, count, countAt } = cutCount(rest)
  const address = /^\[(.*:.*)\]$/.exec(name)?.[1] ?? (isIPv6(name) ? name : undefined)
  if (address !== undefined && !isIPv6(address)) fail(at, `${address} is not an IPv6 address`)
  const names = address === undefined ? expandItem(name, (offset, message) => fail(at + offset, message)) : [address]
  if (address === undefined) for (const one of names) checkName(one, (message) => fail(at, message))
  return {
    names,
    ...(user !== undefined && { user }),
    ...(count !== undefined && { slots: positive(count, (message) => fail(at + countAt, message)) }),
  }
}

/** Cuts `:N` off; the colons of an address without brackets are its own. */
function cutCount(text: string): { name: string; count?: string; countAt: number } {
  const colon = text.lastIndexOf(':')
  if (colon < 0 || isIPv6(text) || colon < text.lastIndexOf(']')) return { name: text, countAt: 0 }
  return { name: text.slice(0, colon), count: text.slice(colon + 1), countAt: colon + 1 }
}

/** Names go into command lines: what could be taken for an option, or for a shell's word, is no name. */
function checkName(name: string, fail: (message: string) => never): void {
  if (/^[A-Za-z0-9_]([\w.-]*\w)?$/.test(name) && name.length < 254) return
  const hint = name.includes(':') ? '; an IPv6 address with a number of slots is written [address]:N' : ''
  fail(name === '' ? 'a name is missing' : `'${name}' is not the name of a host${hint}`)
}

export function checkUser(user: string, fail: Fail): string {
  return /^\w[\w.+-]*$/.test(user) ? user : fail(0, `'${user}' is not the name of a user`)
}

export function positive(text: string, fail: (message: string) => never, most = MOST_SLOTS): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  return number >= 1 && number <= most ? number : fail(`'${text}' is not an integer from 1 to ${most}`)
}

/** Hosts in the order in which they first came; slots of one that comes again add up. */
export class HostList {
  readonly #hosts = new Map<string, Host>()
  readonly #keyOf: (name: string) => string

  /** `keyOf`: names with the same key are the same host. */
  constructor(keyOf: (name: string) => string = hostKey) {
    this.#keyOf = keyOf
  }

  add(host: Host, fail: (message: string) => never): void {
    const key = this.#keyOf(host.name)
    const known = this.#hosts.get(key)
    if (known === undefined) return void this.#hosts.set(key, { ...host })
    for (const what of ['user', 'port'] as const) {
      if (host[what] === undefined || known[what] === undefined || host[what] === known[what]) continue
      fail(`${host.name} has ${what} ${known[what]} above and ${what} ${host[what]} here`)
    }
    if (known.maxSlots !== undefined || host.maxSlots !== undefined) {
      known.maxSlots = (known.maxSlots ?? known.slots) + (host.maxSlots ?? host.slots)
    }
    known.slots += host.slots
    Object.assign(known, { ...(host.user !== undefined && { user: host.user }), ...(host.port !== undefined && { port: host.port }) })
  }

  list(): Host[] {
    return [...this.#hosts.values()]
  }
}
