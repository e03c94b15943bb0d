// Carries out one rank's steps of a random program with tsmpi, and notes what it got.
import { setImmediate, setTimeout } from 'node:timers/promises'
import { ANY_SOURCE, ANY_TAG, COMM_WORLD, PROC_NULL, Request, Status, UNDEFINED } from 'tsmpi'
import { intoFor } from './check.mjs'
import { setUp } from './collectives.mjs'
import { makeContent, same, scribble, show } from './content.mjs'

const sourceOf = (source) => (source === 'any' ? ANY_SOURCE : source)
const tagOf = (tag) => (tag === 'any' ? ANY_TAG : tag)
const FAILING = new Set(['shorter', 'wrong'])

function expect(condition, message) {
  if (!condition) throw new Error(message())
}

/** What a promise comes to. */
const outcome = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  )

export class Executor {
  /** All receives in the order in which they were posted: `{ step, status, value, error }`, status once complete. */
  received = []
  /** The step under way. */
  at = undefined
  #comms = new Map([[0, COMM_WORLD]])
  /** By handle: `{ promise | request, mayFail, done(outcome, status) }`. */
  #handles = new Map()
  #program

  constructor(program) {
    this.#program = program
  }

  async run(steps) {
    for (const step of steps) {
      this.at = step
      await this[step.do](step, this.#comms.get(step.comm))
    }
    expect(this.#handles.size === 0, () => `${this.#handles.size} requests were never waited for`)
  }

  // ---- point-to-point ----

  async send({ mode, form, dest, tag, content, handle }, comm) {
    const value = makeContent(content)
    const free = () => scribble(value)
    if (form === 'i') {
      const request = mode === 'ssend' ? comm.issend(value, dest, tag) : comm.isend(value, dest, tag)
      return void this.#handles.set(handle, { request, done: free })
    }
    const promise = comm[mode](value, dest, tag)
    if (mode === 'bsend') free()
    if (form === 'promise') return void this.#handles.set(handle, { promise: outcome(promise), done: free })
    await promise
    free()
  }

  async recv(step, comm) {
    const { form, source, tag, into, handle } = step
    const record = { step, status: undefined, value: undefined, error: undefined }
    this.received.push(record)
    if (form === 'probe' || form === 'iprobe') return await this.#probed(record, comm)
    const options = into === 'none' ? {} : { into: intoFor(step) }
    const mayFail = FAILING.has(into)
    if (form === 'i') {
      const request = comm.irecv(sourceOf(source), tagOf(tag), options)
      const done = (result) => Object.assign(record, result, { status: request.status })
      return void this.#handles.set(handle, { request, mayFail, done })
    }
    const status = new Status()
    const promise = outcome(comm.recv(sourceOf(source), tagOf(tag), { ...options, status }))
    const done = (result) => Object.assign(record, result, { status })
    if (form === 'promise') return void this.#handles.set(handle, { promise, mayFail, done })
    done(await promise)
  }

  async #probed(record, comm) {
    const { form, source, tag } = record.step
    let found
    if (form === 'probe') found = await comm.probe(sourceOf(source), tagOf(tag))
    else while (found === undefined) found = await comm.iprobe(sourceOf(source), tagOf(tag))
    const status = new Status()
    record.value = await comm.recv(found.source, found.tag, { status })
    record.status = status
    const agree = found.source === status.source && found.tag === status.tag && found.bytes === status.bytes
    expect(agree, () => `${form} found ${JSON.stringify(found)}, recv got ${JSON.stringify(status)}`)
  }

  async sendrecv(step, comm) {
    const { dest, source, tag, recvTag, content, replace } = step
    const status = new Status()
    const options = { sendTag: tag, source, recvTag: tagOf(recvTag), status }
    const record = { step: { ...step, into: 'none' }, status: undefined }
    this.received.push(record)
    const value = makeContent(content)
    record.value = replace ? await comm.sendrecvReplace(value, dest, options) : await comm.sendrecv(value, dest, options)
    record.status = status
    if (replace) expect(record.value === value, () => 'sendrecvReplace gave another array')
    else scribble(value)
  }

  phantom({ source, tag, handle }, comm) {
    this.#handles.set(handle, { request: comm.irecv(sourceOf(source), tag) })
  }

  async cancel({ handle }) {
    const { request } = this.#take(handle)
    expect(request.cancel() === true, () => 'a receive that nothing matches could not be cancelled')
    const { error } = await outcome(request.wait())
    expect(error?.code === 'TSMPI_CANCELLED' && request.status.cancelled, () => `a cancelled receive gave ${show(error)}`)
  }

  async nobody(_step, comm) {
    const status = new Status()
    await comm.send([1], PROC_NULL, 3)
    await comm.isend([1], PROC_NULL, 3)
    const value = await comm.recv(PROC_NULL, 3, { status })
    expect(value === undefined && status.source === PROC_NULL && status.bytes === 0, () => `PROC_NULL sent ${show(value)}`)
    expect((await comm.irecv(PROC_NULL, 3)) === undefined, () => 'PROC_NULL sent something')
  }

  // ---- collectives ----

  async collective({ form, plan, rank, size, handle }, comm) {
    const { args, expected } = setUp(plan, rank, size)
    const done = ({ value, error }) => {
      const what = () => `${plan.name} of rank ${rank} of ${size}, ${JSON.stringify(plan)}`
      if (error !== undefined) throw new Error(what(), { cause: error })
      expect(same(value, expected), () => `${what()} gave ${show(value)} instead of ${show(expected)}`)
      if (plan.name !== 'bcast') args.slice(0, 1).forEach(scribble)
    }
    if (form === 'i') return void this.#handles.set(handle, { request: comm[`i${plan.name}`](...args), done })
    const promise = outcome(comm[plan.name](...args))
    if (form === 'promise') this.#handles.set(handle, { promise, done })
    else done(await promise)
  }

  async split({ color, key, child }, comm) {
    this.#adopt(child, await comm.split(color ?? UNDEFINED, key))
  }

  async dup({ child }, comm) {
    this.#adopt(child, await comm.dup())
  }

  #adopt(child, made) {
    if (child === undefined) return expect(made === undefined, () => 'split with UNDEFINED gave a communicator')
    const { members } = this.#program.comms[child]
    const rank = members.indexOf(COMM_WORLD.rank)
    expect(made.size === members.length && made.rank === rank, () => `${made.name}: rank ${made.rank} of ${made.size}, not ${rank}`)
    this.#comms.set(child, made)
  }

  async free({ comm: id }, comm) {
    await comm.free()
    this.#comms.delete(id)
  }

  // ---- waiting ----

  async pause({ how, ms }) {
    if (how === 'timer') await setTimeout(ms)
    else if (how === 'immediate') await setImmediate()
    else for (const end = performance.now() + ms / 2; performance.now() < end; );
  }

  #take(handle) {
    const entry = this.#handles.get(handle)
    this.#handles.delete(handle)
    return entry
  }

  async wait({ handles, style }) {
    const entries = handles.map((handle) => this.#take(handle))
    const sure = entries.filter(({ request, mayFail }) => request !== undefined && mayFail !== true)
    for (const { request, promise, done } of entries) {
      if (request === undefined) done(await promise)
      else if (!sure.some((entry) => entry.request === request)) done(await outcome(request.wait()))
    }
    const requests = sure.map(({ request }) => request)
    const done = (index, value) => sure[index].done({ value })
    if (style === 'each') for (const [index, request] of requests.entries()) done(index, await request)
    else await WAITS[style](requests, done)
  }
}

/** Ways to wait for all of several requests; `done(index, value)` for each. */
const WAITS = {
  async waitAll(requests, done) {
    for (const [index, value] of (await Request.waitAll(requests)).entries()) done(index, value)
  },
  async waitAny(requests, done) {
    for (let one = await Request.waitAny(requests); one !== undefined; one = await Request.waitAny(requests)) done(one.index, one.value)
  },
  async waitSome(requests, done) {
    for (let some = await Request.waitSome(requests); some.length > 0; some = await Request.waitSome(requests)) {
      for (const { index, value } of some) done(index, value)
    }
  },
  async test(requests, done) {
    for (const [index, request] of requests.entries()) {
      while (!(await request.test()));
      done(index, await request)
    }
  },
  async testAll(requests, done) {
    let values
    while (values === undefined) values = await Request.testAll(requests)
    for (const [index, value] of values.entries()) done(index, value)
  },
  async testAny(requests, done) {
    for (let left = requests.length; left > 0; ) {
      const one = await Request.testAny(requests)
      if (one === undefined) continue
      done(one.index, one.value)
      left--
    }
  },
  async testSome(requests, done) {
    for (let left = requests.length; left > 0; ) {
      for (const { index, value } of await Request.testSome(requests)) {
        done(index, value)
        left--
      }
    }
  },
}
