// Shared memory among the ranks of a host that no agent gave it to: they open each other's descriptors through /proc.
//
// The lowest rank of the host makes a memfd, each rank two pipes, which others ring and which show that it lives. (An
// eventfd cannot be opened through /proc.) Nothing has a name in a file system, so nothing is left, whoever is killed
// and when. What has been opened is what was meant if its inode is, and for the segment its token; two fences hold its
// maker until all have it.
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import type { NativeMemory } from '../../native/load.js'
import { READY, TOKEN, TOKEN_WORDS, rosterBytes, rosterOffset } from '../wire/roster.js'
import { isDescriptor } from './pmi-cards.js'
import type { Card, Descriptor } from './pmi-cards.js'
import type { Pmi } from './pmi-wire.js'

/** This rank's ends of its two pipes. */
export interface OwnBells {
  readonly doorbell: readonly [readEnd: number, writeEnd: number]
  readonly news: readonly [readEnd: number, writeEnd: number]
}

export interface SharedHost {
  readonly segment: number
  /** By local rank: what rings it; for this rank what it hears. */
  readonly doorbells: readonly number[]
  readonly news: readonly number[]
  readonly roster: ArrayBuffer
}

/** What the maker of a segment puts into the key-value space. */
interface Offer extends Descriptor {
  readonly token: readonly number[]
}

export function makeBells(memory: NativeMemory): OwnBells {
  const [doorbell, news] = [memory.createPipe(), memory.createPipe()]
  return { doorbell, news }
}

export const describe = (fd: number): Descriptor => ({ fd, inode: fstatSync(fd).ino })

export interface Locals {
  readonly pmi: Pmi
  readonly memory: NativeMemory
  /** Cards of the ranks on this host, by local rank. */
  readonly cards: readonly Card[]
  /** World rank of local rank 0. */
  readonly leader: number
  readonly localRank: number
  readonly bells: OwnBells
}

/** The host's shared memory; every rank of the job calls it. Where one rank cannot have it, all get the reason. */
export function shareHost(locals: Locals): SharedHost | string {
  const { pmi, memory, cards, leader, localRank } = locals
  const key = `tsmpi-segment-${leader}`
  let made: number | undefined
  let host: SharedHost | undefined
  let reason = 'another rank could not open it'
  if (localRank === 0) {
    try {
      made = createSegment(memory, cards.length, (offer) => pmi.put(key, encode(offer)))
    } catch (error) {
      reason = (error as Error).message
      pmi.put(key, encode({ reason: reason.slice(0, 200) }))
    }
  }
  pmi.fence('the other ranks to share memory')
  try {
    host = open(locals, made, pmi.get(key))
  } catch (error) {
    reason = (error as Error).message
  }
  pmi.fence('the other ranks to open the shared memory')
  if (host !== undefined && Atomics.load(new Int32Array(host.roster), READY) === cards.length) return host
  if (host !== undefined) close(host)
  return reason
}

/** Takes part in the fences of other hosts' ranks that share memory. */
export function abstain(pmi: Pmi): void {
  pmi.fence('other hosts to share memory')
  pmi.fence('other hosts to open their shared memory')
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function createSegment(memory: NativeMemory, size: number, offer: (offer: Offer) => void): number {
  const fd = memory.createSegment(rosterOffset(size) + rosterBytes(size))
  memory.closeOnExec(fd)
  const words = new Int32Array(memory.map(fd, rosterOffset(size), rosterBytes(size)))
  const token = words.subarray(TOKEN, TOKEN + TOKEN_WORDS)
  process.getBuiltinModule('node:crypto').randomFillSync(token)
  offer({ ...describe(fd), token: [...token] })
  return fd
}

function open({ memory, cards, localRank, bells }: Locals, made: number | undefined, value: string): SharedHost {
  const offer = JSON.parse(Buffer.from(value, 'base64url').toString()) as Offer & { reason?: string }
  if (!isDescriptor(offer) || !Array.isArray(offer.token)) throw new Error(String(offer.reason ?? 'nobody offers it'))
  const opened: number[] = []
  const openAll = (which: 0 | 1, own: number): number[] =>
    cards.map((card, local) => {
      if (local === localRank) return own
      const fd = openOf(card.pid, card.bells![which], constants.O_WRONLY | constants.O_NONBLOCK)
      opened.push(fd)
      return fd
    })
  try {
    const segment = made ?? openOf(cards[0].pid, offer, constants.O_RDWR)
    opened.push(segment)
    const size = cards.length
    const roster = memory.map(segment, rosterOffset(size), rosterBytes(size))
    const words = new Int32Array(roster)
    if (offer.token.some((word, i) => words[TOKEN + i] !== word)) throw new Error('the shared memory is not what was offered')
    const host = { segment, doorbells: openAll(0, bells.doorbell[0]), news: openAll(1, bells.news[0]), roster }
    Atomics.add(words, READY, 1)
    return host
  } catch (error) {
    for (const fd of opened) closeSync(fd)
    throw error
  }
}

/** Opens a descriptor of another process. Does not block: what is there may not be what was meant. */
function openOf(pid: number, { fd, inode }: Descriptor, flags: number): number {
  const path = `/proc/${pid}/fd/${fd}`
  const opened = openSync(path, flags | constants.O_NONBLOCK)
  if (fstatSync(opened).ino === inode) return opened
  closeSync(opened)
  throw new Error(`${path} is not what process ${pid} offered: another process has this number here`)
}

function close({ segment, doorbells, news }: SharedHost): void {
  for (const fd of [segment, ...doorbells, ...news]) closeSync(fd)
}
