// Slurm's bracketed node lists, both ways: `rack[1-2]n[0-3]-ib,login` and the names it stands for.
//
//   list  := item { "," item }
//   item  := text { "[" range { "," range } "]" text }
//   range := digits | digits "-" digits       the width of the low bound is that of all: [098-102], [8-11]
import { LaunchError } from '../../lib/errors.js'

/** Names that a list may stand for, at most: a slip such as [0-99999999] is an error, not a machine without memory. */
export const MOST_NODES = 65536
/** Numbers of a name beyond this are not exact. */
const MOST_DIGITS = 15

/** Says what is wrong at which character of the text, counted from 0. */
export type Fail = (at: number, message: string) => never

const failInText = (text: string): Fail => (at, message) => {
  throw new LaunchError(`node list '${text}', character ${at + 1}: ${message}`)
}

/** The names of a list, in its order; duplicates stay. */
export function expandNodeList(text: string, fail: Fail = failInText(text)): string[] {
  const names: string[] = []
  for (const item of splitItems(text, fail)) {
    names.push(...expandItem(item.text, (at, message) => fail(item.at + at, message)))
    if (names.length > MOST_NODES) fail(item.at, `more than ${MOST_NODES} names`)
  }
  return names
}

/** A part of a list, and where in the list it begins. */
export interface Item {
  text: string
  at: number
}

/** Cuts a list at its commas, but for those in brackets. */
export function splitItems(text: string, fail: Fail): Item[] {
  const items: Item[] = []
  let from = 0
  let open = -1
  for (let at = 0; at <= text.length; at++) {
    const character = text[at]
    if (character === '[') {
      if (open >= 0) fail(at, 'a bracket inside a bracket')
      open = at
    } else if (character === ']') {
      if (open < 0) fail(at, 'a closing bracket without an opening one')
      open = -1
    } else if (character === undefined && open >= 0) {
      fail(open, 'an opening bracket without a closing one')
    } else if (character === undefined || (character === ',' && open < 0)) {
      if (at === from) fail(at, 'a name is missing')
      items.push({ text: text.slice(from, at), at: from })
      from = at + 1
    }
  }
  return items
}

/** The names of one item, whose brackets are in pairs. */
export function expandItem(text: string, fail: Fail): string[] {
  const parts: string[][] = []
  let count = 1
  let at = 0
  for (const [whole, literal, ranges] of text.matchAll(/([^[]*)(?:\[([^\]]*)\])?/g)) {
    if (whole === '') break
    parts.push([literal])
    if (ranges !== undefined) {
      const numbers = expandRanges(ranges, (offset, message) => fail(at + literal.length + 1 + offset, message))
      count *= numbers.length
      if (count > MOST_NODES) fail(at + literal.length, `more than ${MOST_NODES} names`)
      parts.push(numbers)
    }
    at += whole.length
  }
  return parts.reduce((names, part) => names.flatMap((name) => part.map((next) => name + next)), [''])
}

function expandRanges(text: string, fail: Fail): string[] {
  const numbers: string[] = []
  let at = 0
  for (const range of text.split(',')) {
    const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? fail(at, `'${range}' is neither N nor N-M`)
    if (Math.max(low.length, high.length) > MOST_DIGITS) fail(at, `'${range}' has too many digits`)
    const count = Number(high) - Number(low) + 1
    if (count < 1) fail(at, `${low} is more than ${high}`)
    if (numbers.length + count > MOST_NODES) fail(at, `more than ${MOST_NODES} names`)
    for (let n = Number(low); n <= Number(high); n++) numbers.push(padded(n, low.length))
    at += range.length + 1
  }
  return numbers
}

const padded = (number: number, width: number): string => String(number).padStart(width, '0')

/** A list, as short as runs of names that count up make it, that expands to just these names in this order. */
export function compressNodeList(names: readonly string[]): string {
  const items: string[] = []
  for (let first = 0; first < names.length; ) {
    const place = first + 1 < names.length ? differingNumber(names[first], names[first + 1]) : undefined
    const ranges = place === undefined ? [] : rangesFrom(names, first, place)
    const count = ranges.reduce((sum, range) => sum + range.count, 0)
    if (place === undefined || count < 2) {
      items.push(names[first++])
      continue
    }
    items.push(`${place.before}[${ranges.map(({ text }) => text).join(',')}]${place.after}`)
    first += count
  }
  return items.join(',')
}

/** What stands around a number in a name. */
interface Place {
  before: string
  after: string
}

/** Where two names differ, if that is in one number only. */
function differingNumber(a: string, b: string): Place | undefined {
  const [wordsA, wordsB] = [a.split(/(\d+)/), b.split(/(\d+)/)]
  const differing = wordsA.flatMap((word, index) => (word === wordsB[index] ? [] : [index]))
  const [index] = differing
  // Words at odd places are the numbers.
  if (wordsA.length !== wordsB.length || differing.length !== 1 || index % 2 === 0) return undefined
  return { before: wordsA.slice(0, index).join(''), after: wordsA.slice(index + 1).join('') }
}

function rangesFrom(names: readonly string[], first: number, place: Place): { text: string; count: number }[] {
  const ranges: { text: string; count: number }[] = []
  let at = first
  for (let low = numberAt(names[at], place); low !== undefined; low = numberAt(names[at], place)) {
    let last = low
    let count = 1
    for (; ; count++) {
      const next = numberAt(names[at + count], place)
      if (next === undefined || next !== padded(Number(last) + 1, low.length)) break
      last = next
    }
    ranges.push({ text: count === 1 ? low : `${low}-${last}`, count })
    at += count
  }
  return ranges
}

/** The number that a name has at this place. */
function numberAt(name: string | undefined, { before, after }: Place): string | undefined {
  if (name === undefined || !name.startsWith(before) || !name.endsWith(after)) return undefined
  const middle = name.slice(before.length, Math.max(before.length, name.length - after.length))
  return /^\d+$/.test(middle) && middle.length <= MOST_DIGITS ? middle : undefined
}

/** SLURM_TASKS_PER_NODE: `2(x3),1` is 2, 2, 2, 1. Only the first `count` are wanted; it may describe more nodes. */
export function expandTasks(text: string, count: number): number[] {
  const fail = (why: string): never => {
    throw new LaunchError(`SLURM_TASKS_PER_NODE=${text}: ${why}`)
  }
  const tasks: number[] = []
  for (const item of text.split(',')) {
    const [, number, times = '1'] = /^(\d{1,9})(?:\(x(\d{1,9})\))?$/.exec(item) ?? fail(`'${item}' is neither N nor N(xM)`)
    for (let n = Math.min(Number(times), count - tasks.length); n > 0; n--) tasks.push(Number(number))
  }
  return tasks.length === count ? tasks : fail(`describes ${tasks.length} nodes of ${count}`)
}
