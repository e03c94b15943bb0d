// Whether what came over a control socket is a message: a program may write anything to the descriptor.
import type { FromRank } from './control.js'

type Fields = Readonly<Record<string, unknown>>
type Check = (field: unknown) => boolean

const isText: Check = (field) => typeof field === 'string'
const isCount: Check = (field) => Number.isSafeInteger(field) && (field as number) >= 0
const isObject = (field: unknown): field is Fields => typeof field === 'object' && field !== null
const areCounts: Check = (field) => isObject(field) && !Array.isArray(field) && Object.values(field).every(isCount)
const areLines: Check = (field) => Array.isArray(field) && field.every(isText)
const maybe = (check: Check): Check => (field) => field === undefined || check(field)

/** No address is longer. */
const MAX_ENDPOINT = 256

const FROM_RANK: Record<FromRank['type'], Readonly<Record<string, Check>>> = {
  hello: { pid: (field) => isCount(field) && (field as number) > 1 },
  finalize: { sent: areCounts },
  leaving: { sent: areCounts },
  uncaught: { pid: isCount, stack: isText, printed: (field) => typeof field === 'boolean' },
  abort: { code: Number.isSafeInteger, reason: maybe(isText) },
  doing: { lines: areLines },
  endpoint: { endpoint: (field) => isText(field) && (field as string).length <= MAX_ENDPOINT },
  where: { rank: isCount },
  lost: { rank: isCount, doing: isText },
}

/** Of a rank, as it must be. */
export function isFromRank(message: object): message is FromRank {
  const { type } = message as Fields
  const checks = typeof type === 'string' && Object.hasOwn(FROM_RANK, type) ? FROM_RANK[type as FromRank['type']] : undefined
  return checks !== undefined && Object.entries(checks).every(([name, check]) => check((message as Fields)[name]))
}
