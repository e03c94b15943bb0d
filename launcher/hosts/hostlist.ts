// The hosts of `--host a:2,b,+n0`: a list of its own, or a choice among the hosts of a file or an allocation.
import { LaunchError } from '../../lib/errors.js'
import { HostList, counted, hostKey, parseHostWord, positive } from './host.js'
import type { Host } from './host.js'
import { MOST_NODES, splitItems } from './nodelist.js'
import type { Fail } from './nodelist.js'

/** One mention of a host. Without a number: all slots that the host has, or one. */
interface Mention {
  host: Host
  slots?: number
}

/** Among which to choose: in their order, and by name. */
interface Choice {
  hosts: readonly Host[]
  find: HostList['find']
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
  const choice = from && choiceOf(from, (message) => fail(0, message))
  let count = 0
  const named = items.map((item) => {
    const found = item.rest ? [] : mentions(item.text, choice, item.fail)
    count += found.length
    return count > MOST_NODES ? item.fail(0, `more than ${MOST_NODES} names`) : found
  })
  const taken = new Set(named.flat().map(({ host }) => hostKey(host.name)))
  const free = from?.filter(({ name }) => !taken.has(hostKey(name)))
  const all = items.flatMap((item, index) => (item.rest ? emptyHosts(item.text, free, item.fail) : named[index]))
  return addUp(all, (message) => fail(0, message))
}

/** Whether the list speaks of a file or an allocation by numbers, as no list of its own can. */
export const isRelative = (text: string): boolean => /(^|,)\+/.test(text)

const offset = (fail: Fail, by: number): Fail => (at, message) => fail(by + at, message)

function choiceOf(hosts: readonly Host[], fail: (message: string) => never): Choice {
  const list = new HostList()
  for (const host of hosts) list.add(host, fail)
  return { hosts, find: (name, failHere) => list.find(name, failHere) }
}

function mentions(text: string, choice: Choice | undefined, fail: Fail): Mention[] {
  if (text.startsWith('+')) return [relative(text, choice?.hosts, fail)]
  const { names, slots, user } = parseHostWord(text, fail)
  return names.map((name) => {
    const known = choice?.find(name, (message) => fail(0, message))
    if (choice && !known) fail(0, `${name} is not among the hosts to choose from: ${listed(choice.hosts)}`)
    const host: Host = { ...(known ?? { name, slots: 1, bare: true }), ...(user !== undefined && { user }) }
    return { host, ...(slots !== undefined && { slots }) }
  })
}

/** `+n2`, `+n2:4`: the host with this number, from 0, of the file or the allocation. */
function relative(text: string, from: readonly Host[] | undefined, fail: Fail): Mention {
  const [, index, count] = /^\+n(\d{1,9})(?::(.*))?$/i.exec(text) ?? fail(0, `'${text}' is neither +nN, +nN:SLOTS, +e nor +e:N`)
  if (from === undefined) return fail(0, `${text} chooses from a hostfile or an allocation, and there is none`)
  const last = from.length === 1 ? 'there is 1 host, +n0' : `there are ${from.length} hosts, from +n0 to +n${from.length - 1}`
  const host = from[Number(index)] ?? fail(0, `${text}: ${last}`)
  return { host, ...(count !== undefined && { slots: positive(count, (message) => fail(0, `${text}: ${message}`)) }) }
}

/** `+e`, `+e:3`: all hosts, or so many, that the list does not name otherwise. */
function emptyHosts(text: string, free: readonly Host[] | undefined, fail: Fail): Mention[] {
  const [, count] = /^\+e(?::(.*))?$/i.exec(text) ?? fail(0, `'${text}' is neither +e nor +e:N`)
  if (free === undefined) return fail(0, `${text} chooses from a hostfile or an allocation, and there is none`)
  const wanted = count === undefined ? free.length : positive(count, (message) => fail(0, `${text}: ${message}`))
  if (wanted > free.length || free.length === 0) {
    fail(0, `${text}: ${counted(free.length, 'host')} ${free.length === 1 ? 'is' : 'are'} left that the list does not name`)
  }
  return free.slice(0, wanted).map((host) => ({ host }))
}

function addUp(all: readonly Mention[], fail: (message: string) => never): Host[] {
  const times = new Map<string, number>()
  const limits = new Map<string, number>()
  for (const { host: { name, maxSlots } } of all) {
    const key = hostKey(name)
    times.set(key, (times.get(key) ?? 0) + 1)
    if (maxSlots !== undefined) limits.set(key, maxSlots)
  }
  const list = new HostList()
  for (const { host: { maxSlots: _, bare, ...host }, slots } of all) {
    const once = times.get(hostKey(host.name)) === 1
    list.add({ ...host, slots: slots ?? (once ? host.slots : 1), ...(bare && slots === undefined && { bare }) }, fail)
  }
  return list.list().map((host) => {
    const most = limits.get(hostKey(host.name))
    if (most !== undefined && host.slots > most) fail(`${host.name} may have ${counted(most, 'slot')} at most (max_slots)`)
    return { ...host, ...(most !== undefined && { maxSlots: most }) }
  })
}

function listed(hosts: readonly Host[]): string {
  const names = hosts.slice(0, 8).map(({ name }) => name).join(', ')
  return hosts.length > 8 ? `${names} and ${hosts.length - 8} more` : names
}
