// PMI-2 as Slurm speaks it: six digits of length, then name=value; after each other, with a semicolon in a value doubled.
import { TransportError } from '../errors.js'
import { FENCE_PATIENCE } from './pmi1.js'
import type { PmiSocket } from './pmi-socket.js'
import { MAX_KEY, MAX_MESSAGE, checkAnswer, checkText, shown, wrongAnswer } from './pmi-wire.js'
import type { Answer, Framing, Pmi } from './pmi-wire.js'

/** What the length takes, right-aligned and padded with blanks. */
const LENGTH = 6
/** PMI2_MAX_VALLEN, less the end of a string in C. */
const VALUE_BYTES = 1023

export const LENGTHS: Framing = {
  encode: (body) => String(body.length).padStart(LENGTH) + body,
  cut(text) {
    if (text.length < LENGTH) return undefined
    const head = text.slice(0, LENGTH)
    const length = /^ *\d+ *$/.test(head) ? Number(head) : 0
    if (length < 1 || length > MAX_MESSAGE) {
      const most = `a length from 1 to ${MAX_MESSAGE} in ${LENGTH} bytes`
      throw new TransportError(`PMI: the launcher's message begins with ${shown(head)}; expected ${most}`)
    }
    const end = LENGTH + length
    return text.length < end ? undefined : { body: text.slice(LENGTH, end), rest: text.slice(end) }
  },
}

/** The fields of a message. Throws TransportError where it is not one. */
export function parseFields(body: string): Answer {
  const fields = new Map<string, string>()
  // A pair of semicolons is one of a value; what is left ends a field.
  for (const [field] of body.matchAll(/(?:[^;]|;;)+(?:;|$)/g)) {
    const equals = field.indexOf('=')
    if (equals < 1) throw new TransportError(`PMI: the launcher said ${shown(body)}; expected name=value;`)
    const value = field.slice(equals + 1).replaceAll(';;', '\0').replace(/;$/, '').replaceAll('\0', ';')
    fields.set(field.slice(0, equals), value)
  }
  return fields
}

export interface Pmi2Identity {
  readonly rank: number
  readonly size: number
  /** PMI_JOBID, where the launcher sets it. */
  readonly jobId: string | undefined
}

export class Pmi2 implements Pmi {
  readonly version = 2
  readonly job: string
  readonly valueBytes = VALUE_BYTES
  readonly #socket: PmiSocket

  /** After the handshake. */
  constructor(socket: PmiSocket, { rank, size, jobId }: Pmi2Identity) {
    this.#socket = socket
    socket.reframe(LENGTHS)
    const asked = `cmd=fullinit;pmijobid=${jobId ?? ''};pmirank=${rank};threaded=FALSE;`
    const got = socket.ask(asked)
    const answer = checkAnswer(asked, got, parseFields(got), 'fullinit-response')
    if (answer.get('rank') !== `${rank}`) throw wrongAnswer(asked, got, `rank=${rank}`)
    if (answer.get('size') !== `${size}`) throw wrongAnswer(asked, got, `size=${size}`)
    this.job = jobId ?? this.#ask('cmd=job-getid;', 'job-getid-response', 'jobid')
  }

  put(key: string, value: string): void {
    checkText(key, MAX_KEY, 'key')
    checkText(value, VALUE_BYTES, 'value')
    this.#ask(`cmd=kvs-put;key=${key};value=${value};`, 'kvs-put-response')
  }

  get(key: string): string {
    checkText(key, MAX_KEY, 'key')
    return this.#ask(`cmd=kvs-get;jobid=${this.job};srcid=-1;key=${key};`, 'kvs-get-response', 'value')
  }

  fence(what: string): void {
    const asked = 'cmd=kvs-fence;'
    const got = this.#socket.ask(asked, what, FENCE_PATIENCE)
    checkAnswer(asked, got, parseFields(got), 'kvs-fence-response')
  }

  fenceLater(done: (error?: Error) => void): void {
    const asked = 'cmd=kvs-fence;'
    this.#socket.askLater(asked, (got, error) => done(error ?? problem(asked, got ?? '')))
  }

  abort(_code: number, reason: string): void {
    this.#socket.tell(`cmd=abort;isworld=TRUE;msg=${reason.replace(/[^ -:<-~]/g, ' ').slice(0, 200)};`)
    this.#socket.close()
  }

  finalize(): void {
    this.#ask('cmd=finalize;', 'finalize-response')
    this.#socket.close()
  }

  /** The field `wanted` of the answer, which must be `name`. */
  #ask(asked: string, name: string, wanted?: string): string {
    const got = this.#socket.ask(asked)
    const answer = checkAnswer(asked, got, parseFields(got), name)
    if (answer.get('found') === 'FALSE') throw wrongAnswer(asked, got, 'found=TRUE')
    const value = wanted === undefined ? '' : answer.get(wanted)
    if (value === undefined) throw wrongAnswer(asked, got, `${wanted}=…`)
    return value
  }
}

function problem(asked: string, got: string): Error | undefined {
  try {
    checkAnswer(asked, got, parseFields(got), 'kvs-fence-response')
    return undefined
  } catch (error) {
    return error as Error
  }
}
