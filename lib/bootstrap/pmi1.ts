// PMI-1 as Hydra speaks it: a line a message, words of the form name=value, the value of a key last.
import { PmiClient } from './pmi-client.js'
import type { Dialect } from './pmi-client.js'
import type { PmiSocket } from './pmi-socket.js'
import { MAX_KEY, MAX_MESSAGE, checkNumber } from './pmi-wire.js'
import type { Answer, Framing } from './pmi-wire.js'

/** Both versions begin like this. */
export const LINES: Framing = {
  encode: (body) => `${body}\n`,
  cut(text) {
    const end = text.indexOf('\n')
    return end < 0 ? undefined : { body: text.slice(0, end), rest: text.slice(end + 1) }
  },
}

/** The words of a line; one without `=` belongs to the value before it. */
export function parseLine(line: string): Answer {
  const words = new Map<string, string>()
  let last = ''
  for (const word of line.split(' ')) {
    const equals = word.indexOf('=')
    if (equals > 0) words.set((last = word.slice(0, equals)), word.slice(equals + 1))
    else if (last !== '' && word !== '') words.set(last, `${words.get(last)} ${word}`)
  }
  return words
}

const PMI1: Dialect = {
  parse: parseLine,
  put: (job, key, value) => [`cmd=put kvsname=${job} key=${key} value=${value}`, 'put_result'],
  get: (job, key) => [`cmd=get kvsname=${job} key=${key}`, 'get_result'],
  fence: ['cmd=barrier_in', 'barrier_out'],
  finalize: ['cmd=finalize', 'finalize_ack'],
}

export class Pmi1 extends PmiClient {
  readonly version = 1
  readonly job: string
  readonly valueBytes: number
  protected readonly keyBytes: number

  /** After the handshake. */
  constructor(socket: PmiSocket) {
    super(socket, PMI1)
    const [asked, got, maxes] = this.ask(['cmd=get_maxes', 'maxes'])
    this.valueBytes = checkNumber(asked, got, maxes, 'vallen_max', MAX_MESSAGE / 2) - 1
    this.keyBytes = checkNumber(asked, got, maxes, 'keylen_max', MAX_KEY + 1) - 1
    this.job = this.askFor('kvsname', ['cmd=get_my_kvsname', 'my_kvsname'])
  }

  abort(code: number): void {
    this.leave(`cmd=abort exitcode=${code}`)
  }
}
