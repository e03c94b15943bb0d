// The hosts of `--host a:2,b,+n0`: a list of its own, or a choice among the hosts of a file or an allocation.
import { LaunchError } from '../../lib/errors.js'
import { HostList, hostKey, parseHostWord, positive } from './host.js'
import type { Host } from './host.js'
import { splitItems } from './nodelist.js'
import type { Fail } from './nodelist.js'

/** One mention of a host. Without a number: all slots that the host has, or one. */
interface Mention {
  host: Host
  slots?: number
}

/**
 * `from`: the hosts among which to choose, where there is a file or an allocation. A host named once and without a number
 * has the slots it has there; otherwise numbers add up, and no number is one.
 */
export function parseHostOption(text: string, from?: readonly Host[]): Host[] {
  const fail: Fail = (at, message) => {
    throw new LaunchError(`--host ${text}: character ${at + 1}: ${message}`, { exitCode: 2 })
  }
  const items = splitItems(text, fail).map((item) => ({ text: item.text, fail: offset(fail, item.at), rest: /^\+e/i.test(item.text) }))
  const named = items.map((item) => (item.rest ? [] : mentions(item.text, from, item.fail)))
  const taken = new Set(named.flat().map(({ host }) => hostKey(host.name)))
  const free = from?.filter(({ name }) => !taken.has(hostKey(name)))
  const all = items.flatMap((item, index) => (item.rest ? emptyHosts(item.text, free, item.fail) : named[index]))
  return addUp(all, (message) => fail(0, message))
}

const offset = (fail: Fail, by: number): Fail => (at, message) => fail(by + at, message)

function mentions(text: string, from: readonly Host[] | undefined, fail: Fail): Mention[] {
  if (text.startsWith('+')) return [relative(text, from, fail)]
  const { names, slots, user } = parseHostWord(text, fail)
  return names.map((name) => {
    const known = from?.find((host) => sameName(host.name, name))
    if (from !== undefined && known === undefined) fail(0, `${name} is not among the hosts to choose from: ${listed(from)}`)
    const host = { name, slots: 1, ...known, ...(user !== undefined && { user }) }
    return { host, ...(slots !== undefined && { slots }) }
  })
}

/** `+n2`, `+n2:4`: the host with this number, from 0, of the file or the allocation. */
function relative(text: string, from: readonly Host[] | undefined, fail: Fail): Mention {
  const [, index, count] = /^\+n(\d{1,9})(?::(.*))?$/i.exec(text) ?? fail(0, `'${text}' is neither +nN, +nN:SLOTS, +e nor +e:N`)
  if (from === undefined) return fail(0, `${text} chooses from a hostfile or an allocation, and there is none`)
  const host = from[Number(index)] ?? fail(0, `${text}: there are ${from.length} hosts, from +n0 to +n${from.length - 1}`)
  return { host, ...(count !== undefined && { slots: positive(count, (message) => fail(0, `${text}: ${message}`)) }) }
}

/** `+e`, `+e:3`: all hosts, or so many, that the list does not name otherwise. */
function emptyHosts(text: string, free: readonly Host[] | undefined, fail: Fail): Mention[] {
  const [, count] = /^\+e(?::(.*))?$/i.exec(text) ?? fail(0, `'${text}' is neither +e nor +e:N`)
  if (free === undefined) return fail(0, `${text} chooses from a hostfile or an allocation, and there is none`)
  const wanted = count === undefined ? free.length : positive(count, (message) => fail(0, `${text}: ${message}`))
  if (wanted > free.length || free.length === 0) fail(0, `${text}: ${free.length} hosts are left that the list does not name`)
  return free.slice(0, wanted).map((host) => ({ host }))
}

function addUp(all: readonly Mention[], fail: (message: string) => never): Host[] {
  const times = new Map<string, number>()
  for (const { host } of all) times.set(hostKey(host.name), (times.get(hostKey(host.name)) ?? 0) + 1)
  const list = new HostList()
  for (const { host: { maxSlots: _, ...host }, slots } of all) {
    const once = times.get(hostKey(host.name)) === 1
    list.add({ ...host, slots: slots ?? (once ? host.slots : 1) }, fail)
  }
  return list.list().map((host) => {
    const most = all.find(({ host: { name } }) => hostKey(name) === hostKey(host.name))?.host.maxSlots
    if (most !== undefined && host.slots > most) fail(`${host.name} may have ${most} slots at most (max_slots)`)
    return { ...host, ...(most !== undefined && { maxSlots: most }) }
  })
}

/** The same name, or one of them is without the other's domain. */
export function sameName(a: string, b: string): boolean {
  const [one, other] = [hostKey(a), hostKey(b)]
  return one === other || `${one}.` === other.slice(0, one.length + 1) || `${other}.` === one.slice(0, other.length + 1)
}

function listed(hosts: readonly Host[]): string {
  const names = hosts.slice(0, 8).map(({ name }) => name).join(', ')
  return hosts.length > 8 ? `${names} and ${hosts.length - 8} more` : names
}
