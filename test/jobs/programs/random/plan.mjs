// From events to the steps of each rank, in the order in which the rank makes them.
//
// A step's place is (time, phase): in phase 0 nonblocking calls are issued, in phase 1 the event's blocking calls are
// made, in phase 2 requests are waited for. `Lanes` keeps what must not overtake in order.
import { isTyped } from './content.mjs'
import { Generator } from './generate.mjs'
import { Random } from './prng.mjs'

const ISSUE = 0
const BLOCK = 1
const WAIT = 2

/** The last place of each lane: nothing of the lane may be issued before it. */
class Lanes {
  #last = new Map()

  /** The place for a nonblocking call that should be issued at `time`, in the lane of an event of time `event`. */
  issue(lane, time, event) {
    const last = this.#last.get(lane) ?? { time: 0, phase: ISSUE }
    let place = { time: Math.max(time, last.time), phase: ISSUE }
    // After a blocking call: of an earlier event the next time will do, of this event it must be the same phase.
    if (last.phase === BLOCK && place.time === last.time) {
      place = last.time === event ? { time: event, phase: BLOCK } : { time: last.time + 1, phase: ISSUE }
    }
    this.#last.set(lane, place)
    return place
  }

  block(lane, time) {
    const place = { time, phase: BLOCK }
    this.#last.set(lane, place)
    return place
  }
}

/** The steps of all ranks: `steps[rank]`, and how often each kind of thing is done. */
export function plan(seed, size, eagerLimit) {
  return new Planner(seed, size, eagerLimit).plan()
}

class Planner {
  #random
  #program
  #steps
  #lanes = new Lanes()
  /** By rank and time: handles to wait for. */
  #waits
  #handles = 0
  #order = 0

  constructor(seed, size, eagerLimit) {
    this.#random = new Random(seed, 2)
    this.#program = new Generator(seed, size, eagerLimit).generate()
    this.#steps = Array.from({ length: size }, () => [])
    this.#waits = Array.from({ length: size }, () => new Map())
  }

  plan() {
    for (const [index, event] of this.#program.events.entries()) this[event.kind](event, index + 1)
    for (const [rank, waits] of this.#waits.entries()) {
      for (const [time, handles] of waits) {
        const style = this.#random.pick(STYLES)
        this.#add(rank, { time, phase: WAIT }, { do: 'wait', handles: this.#random.shuffled(handles), style })
      }
      this.#pauses(rank)
    }
    const byPlace = (a, b) => a.place.time - b.place.time || a.place.phase - b.place.phase || a.order - b.order
    for (const steps of this.#steps) steps.sort(byPlace)
    return { steps: this.#steps, comms: this.#program.comms, counts: countSteps(this.#steps) }
  }

  #add(rank, place, step) {
    this.#steps[rank].push({ ...step, place, order: this.#order++ })
  }

  #pauses(rank) {
    const random = this.#random
    for (let time = 1; time < this.#program.end; time++) {
      if (!random.chance(0.04)) continue
      this.#add(rank, { time, phase: ISSUE }, { do: 'pause', how: random.pick(['timer', 'immediate', 'busy']), ms: random.below(3) })
    }
  }

  /** When something of this event may be issued at the earliest, and must be waited for at the latest. */
  #span({ comm, early }, time) {
    const { barriers, born } = comm
    const after = Math.max(born, ...barriers.filter((barrier) => barrier < time)) + 1
    const before = Math.min(comm.freed ?? this.#program.end, ...barriers.filter((barrier) => barrier > time)) - 1
    const issue = Math.max(after, early !== undefined ? time - early : time - this.#random.below(12))
    return { issue, wait: Math.min(before, time + this.#random.below(16)) }
  }

  /** A handle, waited for by `rank` at `time`. */
  #handle(rank, time) {
    const handle = this.#handles++
    const waits = this.#waits[rank]
    if (!waits.has(time)) waits.set(time, [])
    waits.get(time).push(handle)
    return handle
  }

  /** Adds a call: blocking at its time, or issued and waited for within its span. */
  #call(rank, event, time, lane, form, step) {
    if (form !== 'i' && form !== 'promise') return this.#add(rank, this.#lanes.block(lane, time), { ...step, form })
    const span = this.#span(event, time)
    const place = this.#lanes.issue(lane, span.issue, time)
    this.#add(rank, place, { ...step, form, handle: this.#handle(rank, span.wait) })
  }

  // ---- point-to-point ----

  message(event, time) {
    const { comm, source, dest, tag, content, anyTag, burst } = event
    const random = this.#random
    const sendForm = burst ? random.pick(['i', 'i', 'promise']) : random.pick(source === dest ? ['i'] : ['block', 'i', 'promise'])
    this.#send(event, time, { source, tag, content }, sendForm)
    const form = random.pick(burst ? ['block', 'i'] : ['block', 'block', 'i', 'i', 'promise', 'probe', 'iprobe'])
    const into = isTyped(content) && !form.endsWith('probe') ? event.into : 'none'
    const lane = `recv ${comm.id} ${source} ${dest} ${comm.style === 'streams' ? '' : tag}`
    const step = { do: 'recv', comm: comm.id, source, tag: anyTag ? 'any' : tag, into, content: into === 'none' ? undefined : content }
    this.#call(comm.members[dest], event, time, lane, form, step)
  }

  #send(event, time, { source, tag, content }, form) {
    const { comm, dest } = event
    const lane = `send ${comm.id} ${source} ${dest} ${comm.style === 'tags' ? tag : ''}`
    const mode = form === 'i' ? this.#random.pick(['send', 'send', 'ssend']) : this.#random.pick(['send', 'send', 'ssend', 'bsend', 'rsend'])
    this.#call(comm.members[source], event, time, lane, form, { do: 'send', mode, comm: comm.id, dest, tag, content })
  }

  batch(event, time) {
    const { comm, dest, messages, receives } = event
    const random = this.#random
    for (const message of messages) {
      this.#send(event, time, message, random.pick(message.source === dest ? ['i'] : ['block', 'i', 'promise']))
    }
    const lane = `recv ${comm.id} ${dest} ${comm.style === 'wild' ? '' : time}`
    const longest = messages.reduce((a, b) => (a.content.bytes < b.content.bytes ? b : a)).content
    let early = true
    for (const { source, tag, named } of receives) {
      early = named || (early && random.chance(0.7))
      const form = random.pick(early ? ['i', 'i', 'promise'] : ['block', 'block', 'probe', 'iprobe'])
      const into = event.into && !form.endsWith('probe') ? 'longest' : 'none'
      const step = { do: 'recv', comm: comm.id, source, tag, into, content: into === 'none' ? undefined : longest }
      this.#call(comm.members[dest], event, time, lane, form, step)
    }
  }

  shift(event, time) {
    const { comm, ranks, contents, tag, replace, anyTag } = event
    for (const [i, rank] of ranks.entries()) {
      const dest = ranks[(i + 1) % ranks.length]
      const source = ranks[(i + ranks.length - 1) % ranks.length]
      const streams = comm.style === 'streams'
      this.#lanes.block(`send ${comm.id} ${rank} ${dest} ${streams ? '' : tag}`, time)
      const place = this.#lanes.block(`recv ${comm.id} ${source} ${rank} ${streams ? '' : tag}`, time)
      const step = { do: 'sendrecv', comm: comm.id, dest, source, tag, recvTag: anyTag ? 'any' : tag, content: contents[i], replace }
      this.#add(comm.members[rank], place, step)
    }
  }

  phantom(event, time) {
    const { comm, source, tag } = event
    const rank = comm.members[event.rank]
    const { issue, wait } = this.#span(event, time)
    const handle = this.#handles++
    this.#add(rank, { time: issue, phase: ISSUE }, { do: 'phantom', comm: comm.id, source, tag, handle })
    this.#add(rank, { time: wait, phase: WAIT }, { do: 'cancel', handle })
  }

  nobody({ comm, rank }, time) {
    this.#add(comm.members[rank], { time, phase: BLOCK }, { do: 'nobody', comm: comm.id })
  }

  // ---- collectives ----

  collective(event, time) {
    const { comm, blocking } = event
    for (const [rank, member] of comm.members.entries()) {
      const form = blocking ? 'block' : this.#random.pick(['i', 'i', 'promise', 'block'])
      const step = { do: 'collective', comm: comm.id, plan: event.plan, rank, size: comm.members.length }
      this.#call(member, event, time, `collective ${comm.id} ${rank}`, form, step)
    }
  }

  split({ comm, colors, keys, made }, time) {
    for (const [rank, member] of comm.members.entries()) {
      const child = made.find((one) => one?.members.includes(member))
      const place = this.#lanes.block(`collective ${comm.id} ${rank}`, time)
      this.#add(member, place, { do: 'split', comm: comm.id, color: colors[rank], key: keys[rank], child: child?.id })
    }
  }

  dup({ comm, made }, time) {
    for (const [rank, member] of comm.members.entries()) {
      this.#add(member, this.#lanes.block(`collective ${comm.id} ${rank}`, time), { do: 'dup', comm: comm.id, child: made.id })
    }
  }

  free({ comm }, time) {
    for (const [rank, member] of comm.members.entries()) {
      this.#add(member, this.#lanes.block(`collective ${comm.id} ${rank}`, time), { do: 'free', comm: comm.id })
    }
  }
}

/** How to wait for several requests. */
const STYLES = ['each', 'waitAll', 'waitAny', 'waitSome', 'test', 'testAll', 'testAny', 'testSome']

/** What the program does, and how often: `send.ssend.i`, `recv.any.any.probe`, `collective.bcast.block` … */
function countSteps(steps) {
  const counts = {}
  for (const step of steps.flat()) {
    const wild = (what) => (what === 'any' ? 'any' : 'named')
    const words = {
      send: () => ['send', step.mode, step.form],
      recv: () => ['recv', wild(step.source), wild(step.tag), step.form, step.into],
      collective: () => ['collective', step.plan.name, step.form],
      wait: () => ['wait', step.style],
    }
    const key = (words[step.do]?.() ?? [step.do]).join('.')
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
