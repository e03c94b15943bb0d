// PMI-2 as Slurm speaks it: six digits of length, then name=value; after each other, with a semicolon in a value doubled.
import { TransportError } from '../errors.js'
import { PmiClient } from './pmi-client.js'
import type { Dialect } from './pmi-client.js'
import type { PmiSocket } from './pmi-socket.js'
import { MAX_KEY, MAX_MESSAGE, shown, wrongAnswer } from './pmi-wire.js'
import type { Answer, Framing } from './pmi-wire.js'

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

const PMI2: Dialect = {
  parse: parseFields,
  put: (_, key, value) => [`cmd=kvs-put;key=${key};value=${value};`, 'kvs-put-response'],
  get: (job, key) => [`cmd=kvs-get;jobid=${job};srcid=-1;key=${key};`, 'kvs-get-response'],
  fence: ['cmd=kvs-fence;', 'kvs-fence-response'],
  finalize: ['cmd=finalize;', 'finalize-response'],
}

export class Pmi2 extends PmiClient {
  readonly version = 2
  readonly job: string
  readonly valueBytes = VALUE_BYTES
  protected readonly keyBytes = MAX_KEY

  /** After the handshake. */
  constructor(socket: PmiSocket, { rank, size, jobId }: Pmi2Identity) {
    super(socket, PMI2)
    socket.reframe(LENGTHS)
    const init = `cmd=fullinit;pmijobid=${jobId ?? ''};pmirank=${rank};threaded=FALSE;`
    const [asked, got, answer] = this.ask([init, 'fullinit-response'])
    if (answer.get('rank') !== `${rank}`) throw wrongAnswer(asked, got, `rank=${rank}`)
    if (answer.get('size') !== `${size}`) throw wrongAnswer(asked, got, `size=${size}`)
    this.job = jobId ?? this.askFor('jobid', ['cmd=job-getid;', 'job-getid-response'])
  }

  abort(_code: number, reason: string): void {
    this.leave(`cmd=abort;isworld=TRUE;msg=${reason.replace(/[^ -:<-~]/g, ' ').slice(0, 200)};`)
  }
}
