// Whether what came over a control socket is a message: a program may write anything to the descriptor. And whether what
// came in the name of an agent is one: its host may not be what it was.
import type { FromAgent } from './agent.js'
import type { FromRank } from './control.js'

type Fields = Readonly<Record<string, unknown>>
type Check = (field: unknown) => boolean
type Checks = Readonly<Record<string, Check>>

const isText: Check = (field) => typeof field === 'string'
const isCount: Check = (field) => Number.isSafeInteger(field) && (field as number) >= 0
const isObject = (field: unknown): field is Fields => typeof field === 'object' && field !== null
const areCounts: Check = (field) => isObject(field) && !Array.isArray(field) && Object.values(field).every(isCount)
const areLines: Check = (field) => Array.isArray(field) && field.every(isText)
const maybe = (check: Check): Check => (field) => field === undefined || check(field)
const between = (least: number, most: number): Check => (field) => Number.isInteger(field) && (field as number) >= least && (field as number) <= most
/** 0 and 1 are nobody's to be told of: a signal to their groups would end more than a job. */
const isProcess = between(2, 2 ** 31 - 1)

/** No address is longer. */
const MAX_ENDPOINT = 256

const FROM_RANK: Record<FromRank['type'], Checks> = {
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

const GREETING: Checks = {
  version: isText,
  node: isText,
  pid: isCount,
  processors: between(1, 2 ** 20),
  client: maybe(isText),
  server: maybe(isText),
  machine: maybe(isText),
  session: maybe(isText),
}

const areGreetings: Check = (field) => isObject(field) && hasAll(field, GREETING)

/** What an agent passes on of its ranks may be no stricter here than there. */
const ofRank = (checks: Checks): Checks => ({ ...checks, rank: isCount })

const FROM_AGENT: Record<FromAgent['type'], Checks> = {
  joined: { greeting: areGreetings },
  unreachable: { reason: isText },
  gone: { how: isText },
  swept: {},
  done: {},
  refused: { reason: isText },
  notice: { text: isText },
  started: ofRank({ pid: isProcess }),
  failed: ofRank({ reason: isText, code: between(1, 255) }),
  exited: ofRank({
    code: (field) => field === null || between(0, 2 ** 32 - 1)(field),
    signal: (field) => field === null || (typeof field === 'string' && /^SIG[A-Z\d]{1,12}$/.test(field)),
    sent: maybe(areCounts),
  }),
  hello: ofRank(FROM_RANK.hello),
  finalize: ofRank(FROM_RANK.finalize),
  uncaught: ofRank(FROM_RANK.uncaught),
  abort: ofRank(FROM_RANK.abort),
  doing: ofRank(FROM_RANK.doing),
  endpoint: ofRank(FROM_RANK.endpoint),
  lost: ofRank({ peer: isCount, doing: isText }),
}

const hasAll = (message: Fields, checks: Checks): boolean => Object.entries(checks).every(([name, check]) => check(message[name]))

function fits(message: unknown, kinds: Readonly<Record<string, Checks>>): boolean {
  if (!isObject(message) || typeof message['type'] !== 'string') return false
  const { type } = message
  return Object.hasOwn(kinds, type) && hasAll(message, kinds[type])
}

/** Of a rank, as it must be. */
export const isFromRank = (message: object): message is FromRank => fits(message, FROM_RANK)

/** Of an agent, as it must be; whether it has such ranks is for those to say who know. */
export const isFromAgent = (message: unknown): message is FromAgent => fits(message, FROM_AGENT)
