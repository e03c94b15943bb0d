// Makes a random program from a seed: a list of events, the same on every rank. plan.mjs turns it into steps of ranks.
//
// Why no program deadlocks. The index of an event is its time. A blocking call of an event is made at its time; a
// nonblocking one is issued at that time or earlier and waited for at that time or later; each rank goes through its steps
// in order of time. Of all ranks that wait, take one that waits at the earliest time: whatever it waits for has an event
// of that time or an earlier one, and everybody else has issued their part of it. So it completes, if messages meet the
// receives that are meant for them, or ones that are just as good. Wildcards could break that; therefore a communicator
// has one of three styles:
//
//   tags      receives name their source and tag, or take ANY_SOURCE with a tag that one event alone uses
//   streams   receives name their source, and may take ANY_TAG: messages from one rank to another are sent, and received,
//             in the order of their events
//   wild      receives with ANY_SOURCE and ANY_TAG, at most one event for each receiver between two barriers
//
// What is received by wildcards depends on timing. check.mjs decides whether it is admissible.
import { TAG_MAX } from 'tsmpi'
import { planCollective } from './collectives.mjs'
import { planContent } from './content.mjs'
import { Random } from './prng.mjs'

const TAGS = [0, 1, 7, 32768, TAG_MAX]
const EVENTS = { message: 30, batch: 12, shift: 8, burst: 3, collective: 26, split: 4, dup: 2, free: 2, phantom: 3, nobody: 2 }
const MOST_COMMUNICATORS = 10
const LENGTH = 32

export class Generator {
  random
  size
  eagerLimit
  events = []
  comms = []
  #id = 1

  constructor(seed, size, eagerLimit) {
    this.random = new Random(seed)
    this.size = size
    this.eagerLimit = eagerLimit
    this.#addComm(undefined, Array.from({ length: size }, (_, rank) => rank), 0)
  }

  get now() {
    return this.events.length + 1
  }

  /** Events and communicators of a whole program. All communicators but the world are freed in the end. */
  generate() {
    while (this.events.length < LENGTH) this[this.random.weighted(EVENTS)]()
    for (const comm of this.comms) if (comm.id !== 0 && comm.freed === undefined) this.#free(comm)
    return { events: this.events, comms: this.comms, end: this.now }
  }

  #nextId() {
    return (this.#id += 1000)
  }

  #addComm(parent, members, born) {
    const style = this.random.pick(['tags', 'tags', 'streams', 'wild'])
    const comm = { id: this.comms.length, parent, members, style, born, freed: undefined, barriers: [], used: new Set() }
    this.comms.push(comm)
    return comm
  }

  #liveComm() {
    return this.random.pick(this.comms.filter((comm) => comm.freed === undefined))
  }

  #content(kind) {
    return planContent(this.random, this.#nextId(), this.eagerLimit, kind)
  }

  #rank(comm) {
    return this.random.below(comm.members.length)
  }

  // ---- point-to-point: sources and destinations are ranks of the communicator ----

  message() {
    const comm = this.#liveComm()
    if (comm.style === 'wild') this.#batch(comm)
    else this.#message(comm, this.#rank(comm), this.#rank(comm), {})
  }

  /** Many messages from one rank to another, sent before the first is received: more than the eager window holds. */
  burst() {
    const comm = this.#liveComm()
    if (comm.style === 'wild') return this.#batch(comm)
    const [source, dest] = [this.#rank(comm), this.#rank(comm)]
    const count = 20 + this.random.below(30)
    const big = this.random.chance(0.5)
    const tag = this.random.pick(TAGS)
    for (let i = 0; i < count; i++) {
      const content = { ...this.#content('Uint8Array'), ...(big && { bytes: 16000 + this.random.below(500) }) }
      this.#message(comm, source, dest, { content, tag, early: i, burst: true })
    }
  }

  #message(comm, source, dest, { content = this.#content(), tag = this.random.pick(TAGS), early, burst = false }) {
    const { random } = this
    const anyTag = comm.style === 'streams' && random.chance(0.5)
    this.events.push({ kind: 'message', comm, source, dest, tag, content, anyTag, early, burst, into: random.pick(INTO) })
  }

  batch() {
    const comm = this.#liveComm()
    if (comm.style === 'streams') this.#message(comm, this.#rank(comm), this.#rank(comm), {})
    else this.#batch(comm)
  }

  /** Messages of several ranks to one that takes them by wildcards. */
  #batch(comm) {
    const { random } = this
    const dest = this.#rank(comm)
    const wild = comm.style === 'wild'
    if (wild && comm.used.has(dest)) {
      comm.barriers.push(this.now)
      comm.used.clear()
      this.events.push({ kind: 'collective', comm, plan: { id: this.#nextId(), name: 'barrier', root: 0 }, blocking: true })
    }
    if (wild) comm.used.add(dest)
    const kind = random.chance(0.3) ? random.pick(['Int32Array', 'Float64Array', 'Uint8Array']) : undefined
    const ownTag = 1000 + this.events.length
    const messages = Array.from({ length: 1 + random.below(7) }, () => {
      return { source: this.#rank(comm), tag: wild ? random.pick(TAGS) : ownTag, content: this.#content(kind) }
    })
    // The first receives may name what they want, if they are posted before any that takes whatever comes.
    const named = messages.slice(0, random.below(3)).map(({ source, tag }) => ({ source, tag, named: true }))
    const free = messages.slice(named.length).map(() => ({ tag: wild ? 'any' : ownTag, source: 'any', named: false }))
    const into = kind !== undefined && random.chance(0.5)
    this.events.push({ kind: 'batch', comm, dest, messages: random.shuffled(messages), receives: [...named, ...free], into })
  }

  /** Some ranks in a circle: each sends to the next and receives from the one before. */
  shift() {
    const { random } = this
    const comm = this.#liveComm()
    if (comm.style === 'wild') return this.#batch(comm)
    const all = random.shuffled(comm.members.map((_, rank) => rank))
    const ranks = all.slice(0, 1 + random.below(all.length))
    const replace = random.chance(0.3)
    const first = this.#content(replace ? random.pick(['Float32Array', 'BigUint64Array', 'Uint8Array', 'Buffer']) : undefined)
    const contents = ranks.map((_, i) => (i === 0 ? first : replace ? { ...first, id: this.#nextId() } : this.#content()))
    const anyTag = comm.style === 'streams'
    this.events.push({ kind: 'shift', comm, ranks, contents, tag: random.pick(TAGS), replace, anyTag })
  }

  /** A receive that nothing matches, cancelled later. */
  phantom() {
    const comm = this.#liveComm()
    const source = this.random.chance(0.5) ? 'any' : this.#rank(comm)
    this.events.push({ kind: 'phantom', comm, rank: this.#rank(comm), source, tag: 999_999 })
  }

  /** Messages to and from PROC_NULL. */
  nobody() {
    const comm = this.#liveComm()
    this.events.push({ kind: 'nobody', comm, rank: this.#rank(comm) })
  }

  // ---- collectives ----

  collective() {
    const comm = this.#liveComm()
    const plan = planCollective(this.random, this.#nextId(), comm.members.length, this.eagerLimit)
    this.events.push({ kind: 'collective', comm, plan, blocking: this.random.chance(0.4) })
  }

  split() {
    if (this.comms.length >= MOST_COMMUNICATORS) return this.collective()
    const { random } = this
    const parent = this.#liveComm()
    const colors = parent.members.map(() => (random.chance(0.1) ? undefined : random.below(2)))
    const keys = parent.members.map(() => random.below(4) - 2)
    const made = [0, 1].map((color) => {
      const ranks = parent.members.map((_, rank) => rank).filter((rank) => colors[rank] === color)
      ranks.sort((a, b) => keys[a] - keys[b] || a - b)
      const members = ranks.map((rank) => parent.members[rank])
      return members.length === 0 ? undefined : this.#addComm(parent, members, this.now)
    })
    this.events.push({ kind: 'split', comm: parent, colors, keys, made })
  }

  dup() {
    if (this.comms.length >= MOST_COMMUNICATORS) return this.collective()
    const parent = this.#liveComm()
    this.events.push({ kind: 'dup', comm: parent, made: this.#addComm(parent, parent.members, this.now) })
  }

  free() {
    const comm = this.#liveComm()
    if (comm.id !== 0) this.#free(comm)
  }

  #free(comm) {
    comm.freed = this.now
    this.events.push({ kind: 'free', comm })
  }
}

/** How a receive of one typed array takes it: as a new value, or into memory of the same, of more, of less room. */
const INTO = ['none', 'none', 'none', 'same', 'longer', 'shorter', 'wrong']
