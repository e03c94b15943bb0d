// A host as a user, a file or a batch system names it, and what the same host named twice comes to.
import { isIP, isIPv6 } from 'node:net'
import { MOST_NODES, expandItem } from './nodelist.js'
import type { Fail } from './nodelist.js'

/** Ranks of a host, at most. */
export const MOST_SLOTS = 65536

export interface Host {
  /** As it was written first: a name or an address. */
  name: string
  /** How many ranks it is meant to run. */
  slots: number
  /** Nobody has said how many: one stands for that. */
  bare?: true
  /** How many it may run at the most. */
  maxSlots?: number
  /** Whom to be there, and where ssh listens; as ssh has it otherwise. */
  user?: string
  port?: number
}

/** Names are compared without regard to case. */
export const hostKey = (name: string): string => name.toLowerCase()

/** `1 slot`, `2 slots` */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

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
  refuseAmbiguous(rest, (message) => fail(at, message))
  const { name, count, countAt } = cutCount(rest)
  const address = /^\[(.*:.*)\]$/.exec(name)?.[1] ?? (isIPv6(name) ? name : undefined)
  if (address !== undefined && !isIPv6(address)) fail(at, `${address} is not an IPv6 address`)
  const names = address === undefined ? expandItem(name, (offset, message) => fail(at + offset, message)).map(withoutRoot) : [address]
  if (address === undefined) for (const one of names) checkName(one, (message) => fail(at, message))
  return {
    names,
    ...(user !== undefined && { user }),
    ...(count !== undefined && { slots: positive(count, (message) => fail(at + countAt, message)) }),
  }
}

/** `::1:2` may be meant as an address, or as one with a number of slots. */
function refuseAmbiguous(text: string, fail: (message: string) => never): void {
  const [, address, count] = /^(.*):(\d+)$/.exec(text) ?? []
  if (address === undefined || !isIPv6(text) || !isIPv6(address)) return
  fail(`'${text}' can be read in two ways: write [${address}]:${count}, or [${text}] without a number of slots`)
}

/** `a.x.org.` is a.x.org. */
const withoutRoot = (name: string): string => name.replace(/\.$/, '')

/** Cuts `:N` off; the colons of an address without brackets are its own. */
function cutCount(text: string): { name: string; count?: string; countAt: number } {
  const colon = text.lastIndexOf(':')
  if (colon < 0 || isIPv6(text) || colon < text.lastIndexOf(']')) return { name: text, countAt: 0 }
  return { name: text.slice(0, colon), count: text.slice(colon + 1), countAt: colon + 1 }
}

/** Names go into command lines: what could be taken for an option, or for a shell's word, is no name. */
function checkName(name: string, fail: (message: string) => never): void {
  if (/^[A-Za-z0-9_]([\w.-]*\w)?$/.test(name) && name.length < 254) return
  const colons = name.split(':').length - 1
  const hint = colons > 1 ? '; an IPv6 address with a number of slots is written [address]:N' : '; one number of slots may follow a name'
  fail(name === '' ? 'a name is missing' : `'${name}' is not the name of a host${colons > 0 ? hint : ''}`)
}

export function checkUser(user: string, fail: Fail): string {
  return /^\w[\w.+-]*$/.test(user) ? user : fail(0, `'${user}' is not the name of a user`)
}

export function positive(text: string, fail: (message: string) => never, most = MOST_SLOTS): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  return number >= 1 && number <= most ? number : fail(`'${text}' is not an integer from 1 to ${most}`)
}

/** A host of a list, by all the names it came under. */
interface Entry {
  host: Host
  keys: Set<string>
  /** Where it came last. */
  fail: (message: string) => never
}

/**
 * Hosts in the order in which they first came; slots of one that comes again add up, and so do limits: a mention without
 * one adds none. `a` and `a.x.org` are one host, and `a` is none where there is `a.y.org`, too.
 */
export class HostList {
  readonly #entries = new Set<Entry>()
  readonly #byKey = new Map<string, Entry>()
  /** By names that could be short for one of theirs. */
  readonly #byShort = new Map<string, Set<Entry>>()
  readonly #keyOf: (name: string) => string
  #named = 0

  /** `keyOf`: names with the same key are the same host. */
  constructor(keyOf: (name: string) => string = hostKey) {
    this.#keyOf = keyOf
  }

  /** The host with this name, if it is in the list. */
  find(name: string, fail: (message: string) => never): Host | undefined {
    return this.#find(this.#keyOf(name), fail)?.host
  }

  /** What one item of a list stands for. A single name that comes again is a further slot, and may do so without limit. */
  addAll(names: readonly string[], settings: Omit<Host, 'name'>, fail: (message: string) => never): void {
    if (names.length > 1 || !this.#byKey.has(this.#keyOf(names[0]))) this.#named += names.length
    if (this.#named > MOST_NODES) fail(`more than ${MOST_NODES} names`)
    for (const name of names) this.add({ name, ...settings }, fail)
  }

  add(host: Host, fail: (message: string) => never): void {
    const key = this.#keyOf(host.name)
    const entry = this.#find(key, fail)
    if (entry === undefined) return this.#index(key, { host: { ...host }, keys: new Set(), fail })
    this.#index(key, entry)
    entry.fail = fail
    merge(entry.host, host, fail)
  }

  /** Refuses a host that has more slots by its mentions together than their limits allow. */
  list(): Host[] {
    return Array.from(this.#entries, ({ host, fail }) => {
      const { name, slots, maxSlots = slots } = host
      return slots > maxSlots ? fail(`${name} has ${counted(slots, 'slot')} in all, which is more than its max_slots=${maxSlots}`) : host
    })
  }

  #index(key: string, entry: Entry): void {
    this.#entries.add(entry)
    this.#byKey.set(key, entry)
    entry.keys.add(key)
    for (const short of shorter(key)) {
      const those = this.#byShort.get(short)
      if (those) those.add(entry)
      else this.#byShort.set(short, new Set([entry]))
    }
  }

  #find(key: string, fail: (message: string) => never): Entry | undefined {
    const exact = this.#byKey.get(key)
    if (exact) return exact
    const alike = [...shorter(key).map((short) => this.#byKey.get(short)), ...(this.#byShort.get(key) ?? [])]
    const found = [...new Set(alike.filter((entry) => entry !== undefined))]
    const keys = found.flatMap((entry) => [...entry.keys])
    const other = keys.find((one) => keys.some((two) => !sameName(one, two)) || !sameName(one, key))
    if (other !== undefined) fail(`which of ${[key, ...keys.slice(0, 4)].join(', ')} are one host? Write each with its domain`)
    return found[0]
  }
}

/** What a list has of a host, and what one more mention says of it. */
function merge(known: Host, host: Host, fail: (message: string) => never): void {
  for (const what of ['user', 'port'] as const) {
    if (host[what] === undefined || known[what] === undefined || host[what] === known[what]) continue
    fail(`${host.name} has ${what} ${known[what]} above and ${what} ${host[what]} here`)
  }
  if (host.maxSlots !== undefined) known.maxSlots = (known.maxSlots ?? 0) + host.maxSlots
  known.slots += host.slots
  delete known.bare
  Object.assign(known, { ...(host.user !== undefined && { user: host.user }), ...(host.port !== undefined && { port: host.port }) })
}

/** Names that could be short for this one: `a` and `a.x` for a.x.org. An address has none. */
function shorter(key: string): string[] {
  const labels = isIP(key) === 0 ? key.split('.') : []
  return labels.slice(1).map((_, index) => labels.slice(0, index + 1).join('.'))
}

const sameName = (a: string, b: string): boolean => a === b || shorter(a).includes(b) || shorter(b).includes(a)
