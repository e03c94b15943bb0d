// Whether what a rank says has the form that it must have: any program may write to the descriptor.
import type { FromRank } from '../lib/wire/control.js'

type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const whole: Check = (value) => Number.isSafeInteger(value)
const counts: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(whole)
const lines: Check = (value) => Array.isArray(value) && value.every(text)
const maybe = (check: Check): Check => (value) => value === undefined || check(value)

const FIELDS: { [Type in FromRank['type']]: Record<string, Check> } = {
  hello: { pid: whole },
  finalize: { sent: counts },
  leaving: { sent: counts },
  uncaught: { pid: whole, stack: text, printed: (value) => typeof value === 'boolean' },
  abort: { code: whole, reason: maybe(text) },
  doing: { lines },
  endpoint: { endpoint: text },
  where: { rank: whole },
  lost: { rank: whole, doing: text },
}

export function isFromRank(message: { type: unknown }): message is FromRank {
  const { type } = message
  if (typeof type !== 'string' || !Object.hasOwn(FIELDS, type)) return false
  const checks = FIELDS[type as FromRank['type']]
  return Object.entries(checks).every(([name, check]) => check((message as Record<string, unknown>)[name]))
}
