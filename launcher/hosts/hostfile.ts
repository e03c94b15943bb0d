// Hostfiles of all kinds: Open MPI's and PRRTE's, Hydra's, Intel's, and plain lists of names, by one grammar.
//
//   line    := [ hosts { key "=" value } ] [ comment ]
//   hosts   := host { "," host }                       brackets as in nodelist.ts
//   host    := [ user "@" ] ( name | "[" IPv6 "]" ) [ ":" slots ]
//   comment := "#"… | "//"… | "/*"…"*/"
//
// A host without a number has one slot. A host that comes again gets the slots of both lines. Keys are in either case.
import { readFileSync } from 'node:fs'
import { LaunchError } from '../../lib/errors.js'
import { HostList, checkUser, counted, parseHostWord, positive } from './host.js'
import type { Host } from './host.js'
import { splitItems } from './nodelist.js'
import type { Fail } from './nodelist.js'

/** Larger files are something else. */
const MOST_BYTES = 1 << 24
const MOST_PORT = 65535

type Setting = 'slots' | 'maxSlots' | 'port' | 'user'

/** The settings of a line, and where in it their keys stand. */
interface Settings {
  found: Pick<Partial<Host>, Setting>
  at: Partial<Record<Setting, number>>
}

const KEYS: Record<string, Setting> = {
  slots: 'slots',
  cpu: 'slots',
  count: 'slots',
  max_slots: 'maxSlots',
  'max-slots': 'maxSlots',
  slots_max: 'maxSlots',
  'slots-max': 'maxSlots',
  port: 'port',
  user: 'user',
  username: 'user',
}

/** The text of a file of hosts. `what`: how messages name it. Throws LaunchError. */
export function readHosts(file: string, what: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new LaunchError(`${what} cannot be read: ${(error as Error).message}`)
  }
  if (text.length > MOST_BYTES || text.includes('\0')) throw new LaunchError(`${what} is not a text with names of hosts`)
  return text
}

/** The hosts of a file; `file` is its name in messages. Throws LaunchError with file, line and column. */
export function parseHostfile(text: string, file: string): Host[] {
  const hosts = new HostList()
  const fileFail = (line: number): Fail => (at, message) => {
    throw new LaunchError(`${file}:${line}:${at + 1}: ${message}`)
  }
  const lines = withoutComments(text, fileFail)
  lines.forEach((line, index) => parseLine(line, hosts, fileFail(index + 1)))
  const list = hosts.list()
  if (list.length === 0) throw new LaunchError(`${file}: it names no host`)
  return list
}

/** The lines, with blanks where comments were so that columns stay. */
export function withoutComments(text: string, failIn: (line: number) => Fail): string[] {
  let opened: { line: number; at: number } | undefined
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/).map((line, index) => {
    let rest = line
    if (opened !== undefined) {
      const end = rest.indexOf('*/')
      if (end < 0) return ''
      rest = ' '.repeat(end + 2) + rest.slice(end + 2)
      opened = undefined
    }
    return rest.replace(/\/\*.*?(\*\/|$)|(#|\/\/).*$/g, (comment, end: string | undefined, _other, at: number) => {
      if (comment.startsWith('/*') && end === '') opened = { line: index + 1, at }
      return ' '.repeat(comment.length)
    })
  })
  if (opened !== undefined) failIn(opened.line)(opened.at, 'a comment begins with /* and does not end')
  return lines
}

function parseLine(line: string, hosts: HostList, fail: Fail): void {
  const [first, ...words] = line.matchAll(/([^\s=]+)[ \t]*(?:(=)[ \t]*(\S*))?|=/g)
  if (first === undefined) return
  if (first[2] !== undefined || first[1] === undefined) fail(first.index, `'${first[0]}': the line must begin with a host`)
  const items = splitItems(first[1], (at, message) => fail(first.index + at, message))
  const settings = parseSettings(words, fail)
  for (const item of items) {
    const from = first.index + item.at
    const { names, ...found } = parseHostWord(item.text, (at, message) => fail(from + at, message))
    for (const what of ['slots', 'user'] as const) {
      if (found[what] !== undefined && settings.found[what] !== undefined) fail(settings.at[what]!, `${what} given twice`)
    }
    const { slots, maxSlots, ...more } = { ...found, ...settings.found }
    const count = slots ?? 1
    if (maxSlots !== undefined && maxSlots < count) {
      fail(settings.at.maxSlots!, `max_slots=${maxSlots} is less than its ${counted(count, 'slot')}`)
    }
    const host = { slots: count, ...(slots === undefined && { bare: true as const }), ...(maxSlots !== undefined && { maxSlots }), ...more }
    hosts.addAll(names, host, (message) => fail(from, message))
  }
}

function parseSettings(words: RegExpMatchArray[], fail: Fail): Settings {
  const settings: Settings = { found: {}, at: {} }
  const { found, at } = settings
  for (const { 0: whole, 1: key = '', 2: equals, 3: value = '', index = 0 } of words) {
    const known = key.toLowerCase()
    if (known === 'binding') fail(index, 'binding= is not understood: use --bind-to')
    if (!Object.hasOwn(KEYS, known) || equals === undefined) {
      const expected = 'expected slots=N, max_slots=N, port=N or user=NAME'
      return fail(index, equals === undefined ? `'${whole.trim()}' after the host: ${expected}` : `unknown key '${key}': ${expected}`)
    }
    const what = KEYS[known]
    if (found[what] !== undefined) fail(index, `${key}= given twice`)
    const valueAt = index + (value === '' ? whole.indexOf('=') + 1 : whole.length - value.length)
    const failValue = (message: string): never => fail(valueAt, `${key}=${value}: ${message}`)
    if (what === 'user') found.user = checkUser(value, (_at, message) => failValue(message))
    else found[what] = positive(value, failValue, what === 'port' ? MOST_PORT : undefined)
    at[what] = index
  }
  return settings
}
