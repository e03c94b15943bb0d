// PMI-1 as Hydra speaks it: a line a message, words of the form name=value, the value of a key last.
import type { PmiSocket } from './pmi-socket.js'
import { MAX_KEY, MAX_MESSAGE, checkAnswer, checkNumber, checkText, wrongAnswer } from './pmi-wire.js'
import type { Answer, Framing, Pmi } from './pmi-wire.js'

/** How long ranks may take until all of them have come to a fence, in milliseconds. */
export const FENCE_PATIENCE = 120_000

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

export class Pmi1 implements Pmi {
  readonly version = 1
  readonly job: string
  readonly valueBytes: number
  readonly #keyBytes: number
  readonly #socket: PmiSocket

  /** After the handshake. */
  constructor(socket: PmiSocket) {
    this.#socket = socket
    const asked = 'cmd=get_maxes'
    const got = socket.ask(asked)
    const maxes = checkAnswer(asked, got, parseLine(got), 'maxes')
    this.valueBytes = checkNumber(asked, got, maxes, 'vallen_max', MAX_MESSAGE / 2) - 1
    this.#keyBytes = checkNumber(asked, got, maxes, 'keylen_max', MAX_KEY + 1) - 1
    this.job = this.#ask('cmd=get_my_kvsname', 'my_kvsname', 'kvsname')
  }

  put(key: string, value: string): void {
    checkText(key, this.#keyBytes, 'key')
    checkText(value, this.valueBytes, 'value')
    this.#ask(`cmd=put kvsname=${this.job} key=${key} value=${value}`, 'put_result')
  }

  get(key: string): string {
    checkText(key, this.#keyBytes, 'key')
    return this.#ask(`cmd=get kvsname=${this.job} key=${key}`, 'get_result', 'value')
  }

  fence(what: string): void {
    const asked = 'cmd=barrier_in'
    const got = this.#socket.ask(asked, what, FENCE_PATIENCE)
    checkAnswer(asked, got, parseLine(got), 'barrier_out')
  }

  fenceLater(done: (error?: Error) => void): void {
    const asked = 'cmd=barrier_in'
    this.#socket.askLater(asked, (got, error) => done(error ?? problem(asked, got ?? '')))
  }

  abort(code: number): void {
    this.#socket.tell(`cmd=abort exitcode=${code}`)
    this.#socket.close()
  }

  finalize(): void {
    this.#ask('cmd=finalize', 'finalize_ack')
    this.#socket.close()
  }

  /** The word `wanted` of the answer, which must be `name`. */
  #ask(asked: string, name: string, wanted?: string): string {
    const got = this.#socket.ask(asked)
    const answer = checkAnswer(asked, got, parseLine(got), name)
    const value = wanted === undefined ? '' : answer.get(wanted)
    if (value === undefined) throw wrongAnswer(asked, got, `${wanted}=…`)
    return value
  }
}

function problem(asked: string, got: string): Error | undefined {
  try {
    checkAnswer(asked, got, parseLine(got), 'barrier_out')
    return undefined
  } catch (error) {
    return error as Error
  }
}
