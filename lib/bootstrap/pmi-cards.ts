// What ranks that another launcher started tell each other of themselves, through the launcher's key-value space.
import type * as Crypto from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { TransportChoice } from '../env.js'
import { TransportError } from '../errors.js'
import { shown } from './pmi-wire.js'
import type { Pmi } from './pmi-wire.js'

/** Loaded at first use: other ranks do without. */
export const crypto = (): typeof Crypto => process.getBuiltinModule('node:crypto')

/** Changes whenever cards, segment or frames do. */
const FORMAT = 3
const MAX_HOST = 253
const MAX_REASON = 100
const MAX_ADDRESS = 45
const MAX_PORT = 65535

/** A descriptor of a process, and what shows that it is the one that was meant. */
export interface Descriptor {
  readonly fd: number
  readonly inode: number
}

export interface Card {
  readonly host: string
  /** The same for ranks that share a kernel and a network: those on one host. */
  readonly place: string
  readonly pid: number
  readonly transport: TransportChoice
  /** Where it would listen for other hosts, and the public key by which it would speak to them, in hex. */
  readonly address: string
  readonly key: string
  /** The port there, where it is known already. */
  readonly port?: number
  readonly processors: number
  /** Ends that others write to: the doorbell, and the bell of the roster. Absent where shared memory cannot be had. */
  readonly bells?: readonly [Descriptor, Descriptor]
  /** Why there are no bells. */
  readonly reason?: string
  /** Of rank 0: a random name of the job. */
  readonly job?: string
}

/** This process's host, and a name of it that two hosts do not share. */
export function whereAmI(): { host: string; place: string } {
  const host = hostname().slice(0, MAX_HOST)
  const parts = [host, read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')), read(() => readlinkSync('/proc/self/ns/net'))]
  return { host, place: crypto().createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16) }
}

function read(what: () => string): string {
  try {
    return what().trim()
  } catch {
    return ''
  }
}

export const newJob = (): string => crypto().randomBytes(8).toString('hex')
export const newSecret = (): string => crypto().randomBytes(32).toString('hex')

const keyOf = (rank: number): string => `tsmpi-card-${rank}`

export function putCard(pmi: Pmi, rank: number, card: Card): void {
  const reason = card.reason?.slice(0, MAX_REASON)
  const text = JSON.stringify({ format: FORMAT, ...card, ...(reason === undefined ? {} : { reason }) })
  pmi.put(keyOf(rank), Buffer.from(text).toString('base64url'))
}

/** The cards of all ranks, which have put them before the last fence. */
export function getCards(pmi: Pmi, size: number): Card[] {
  return Array.from({ length: size }, (_, rank) => parseCard(pmi.get(keyOf(rank)), rank))
}

/** Throws TransportError where `value` is not the card of `rank`. */
export function parseCard(value: string, rank: number): Card {
  const text = Buffer.from(value, 'base64url').toString()
  let card: (Card & { format: unknown }) | undefined
  try {
    card = JSON.parse(text) as typeof card
  } catch {
    // said below
  }
  if (typeof card !== 'object' || card === null || card.format !== FORMAT) {
    const what = typeof card?.format === 'number' ? `of format ${card.format}, not ${FORMAT}: all ranks must use one version of tsmpi` : `not one: ${shown(text)}`
    throw new TransportError(`PMI: the card of rank ${rank} is ${what}`)
  }
  if (!isCard(card, rank)) throw new TransportError(`PMI: the card of rank ${rank} lacks something: ${shown(text)}`)
  return card
}

function isCard({ host, place, pid, transport, address, key, port, processors, bells, reason, job }: Card, rank: number): boolean {
  return (
    isText(host, MAX_HOST) && isText(place, 16) && isCount(pid) &&
    ['auto', 'shm', 'zmq'].includes(transport) &&
    isText(address, MAX_ADDRESS) && isHex(key, 64) && (port === undefined || (isCount(port) && port > 0 && port <= MAX_PORT)) && isCount(processors) && processors > 0 &&
    (reason === undefined || isText(reason, MAX_REASON)) &&
    (bells === undefined || (Array.isArray(bells) && bells.length === 2 && bells.every(isDescriptor))) &&
    (rank === 0 ? isHex(job, 16) : job === undefined)
  )
}

export const isDescriptor = (value: unknown): value is Descriptor =>
  typeof value === 'object' && value !== null && isCount((value as Descriptor).fd) && isCount((value as Descriptor).inode)

const isText = (value: unknown, most: number): boolean => typeof value === 'string' && value.length > 0 && value.length <= most
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isHex = (value: unknown, length: number): boolean =>
  typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value)
