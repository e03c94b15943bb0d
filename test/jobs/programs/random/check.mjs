// The model of point-to-point messages: whether what a rank received is what MPI's matching allows.
//
// Receives are taken in the order in which they were posted, messages of each sender in the order in which they were sent.
// A receive with wildcards may get a message of any sender; of that sender it must be the oldest one that matches and that
// no receive posted before has got (MPI 4.0, section 3.5: non-overtaking). Then every message is received exactly once.
import { bytesOf, constructorOf, elements, isTyped, makeContent, same, show } from './content.mjs'

/** Messages to one rank of a communicator that nobody has received, by the rank of the sender, in order of sending. */
class Inbox {
  #bySource = new Map()

  add(source, message) {
    if (!this.#bySource.has(source)) this.#bySource.set(source, [])
    this.#bySource.get(source).push(message)
  }

  /** Takes the oldest message of `source` with `tag`. */
  take(source, tag) {
    const messages = this.#bySource.get(source) ?? []
    const at = messages.findIndex((message) => tag === 'any' || message.tag === tag)
    return at < 0 ? undefined : messages.splice(at, 1)[0]
  }

  get left() {
    return [...this.#bySource.values()].flat().length
  }
}

/** All inboxes of `rank`, by communicator. */
function inboxes({ steps, comms }, rank) {
  const found = new Map(comms.map((comm) => [comm.id, new Inbox()]))
  for (const [sender, list] of steps.entries()) {
    for (const { do: what, comm: id, dest, tag, content } of list) {
      if (what !== 'send' && what !== 'sendrecv') continue
      const { members } = comms[id]
      if (members[dest] === rank) found.get(id).add(members.indexOf(sender), { tag, content })
    }
  }
  return found
}

/**
 * Checks all receives of a rank: `{ step, status, value, error }` in the order of posting. Throws what is wrong first.
 * `complete`: no message may be left.
 */
export function checkReceived(program, rank, received, complete) {
  const boxes = inboxes(program, rank)
  for (const { step, status, value, error } of received) {
    if (status === undefined) break
    const { comm, source } = step
    const tag = step.do === 'sendrecv' ? step.recvTag : step.tag
    const what = `recv(source ${source}, tag ${tag}) on communicator ${comm} at time ${step.place.time}`
    if (source !== 'any' && status.source !== source) throw new Error(`${what} got a message from rank ${status.source}`)
    const message = boxes.get(comm).take(status.source, tag)
    if (message === undefined) throw new Error(`${what} got a message from ${status.source}, which has sent no more: ${show(value)}`)
    if (status.tag !== message.tag) {
      throw new Error(`${what} got tag ${status.tag} from rank ${status.source}; the oldest message left has tag ${message.tag}`)
    }
    const fault = faultOf(step, message.content, status, value, error)
    if (fault !== undefined) throw new Error(`${what} from rank ${status.source}, tag ${status.tag}: ${fault}`)
  }
  if (!complete) return
  for (const [id, inbox] of boxes) if (inbox.left > 0) throw new Error(`${inbox.left} messages on communicator ${id} were not received`)
}

/** What is wrong with a message that should be `content`. */
function faultOf(step, content, status, value, error) {
  const expected = makeContent(content)
  const typed = isTyped(content)
  const bytes = typed || content.kind === 'DataView' || content.kind === 'ArrayBuffer' ? bytesOf(expected).length : undefined
  if (bytes !== undefined && status.bytes !== bytes) return `status has ${status.bytes} bytes, the message ${bytes}`
  if (typed && status.typeName !== content.kind) return `status has type ${status.typeName}, the message ${content.kind}`
  if (typed && status.count !== expected.length) return `status has count ${status.count}, the message ${expected.length}`
  if (step.into === 'wrong') return error?.code === 'TSMPI_MISMATCH' ? undefined : `not a MismatchError: ${show(error ?? value)}`
  if (step.into === 'shorter' && bytes > 0) return faultOfTruncated(step, error, value, bytes)
  if (error !== undefined) return `${error.stack}`
  if (step.into === undefined || step.into === 'none') return same(value, expected) ? undefined : differ(value, expected)
  const part = value.subarray(0, expected.length)
  if (!same(part, expected)) return differ(part, expected)
  const untouched = bytesOf(value).subarray(bytes).every((byte) => byte === FILLER)
  return untouched ? undefined : `into was written past the ${bytes} bytes of the message`
}

function faultOfTruncated(step, error, value, bytes) {
  const room = intoFor(step).byteLength
  if (error?.code !== 'TSMPI_TRUNCATE') return `not a TruncateError: ${show(error ?? value)}`
  return error.messageBytes === bytes && error.bufferBytes === room ? undefined : `wrong sizes: ${error.message}`
}

const differ = (value, expected) => `got ${show(value)} instead of ${show(expected)}`

const FILLER = 0xa5

/** Memory for a receive that wants `into`. */
export function intoFor({ into, content }) {
  const constructor = constructorOf(content)
  const length = elements(content) + { same: 0, longest: 0, longer: 5, shorter: -1, wrong: 0 }[into]
  const kind = into !== 'wrong' ? constructor : constructor === Float64Array ? Int8Array : Float64Array
  const array = new kind(Math.max(0, length))
  bytesOf(array).fill(FILLER)
  return array
}
