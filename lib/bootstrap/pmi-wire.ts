// What PMI-1 and PMI-2 have in common: what a rank asks of the launcher's key-value space, and how answers are read.
import { TransportError } from '../errors.js'

/** The launcher's side of a job as a rank sees it. Every call waits for the answer, for a bounded time. */
export interface Pmi {
  readonly version: 1 | 2
  /** The launcher's name of the job. */
  readonly job: string
  /** The longest value that can be put, in bytes. */
  readonly valueBytes: number
  /** Keys and values are of printable ASCII without blanks and semicolons. Others see them after the next fence. */
  put(key: string, value: string): void
  /** Throws where nobody has put the key. */
  get(key: string): string
  /** Waits for every rank of the job; `what` is what they are waited for, in words for an error. */
  fence(what: string): void
  /** The same by the event loop, which it does not keep alive. */
  fenceLater(done: (error?: Error) => void): void
  /** Ends every process of the job. Returns at once. Does nothing where the launcher is gone. */
  abort(code: number, reason: string): void
  /** This process may now end, or live on without the launcher. */
  finalize(): void
}

/** How messages lie on the wire. Text is Latin-1: a character is a byte. */
export interface Framing {
  encode(body: string): string
  /** The message that `text` begins with, and what follows it; undefined where it is not complete. */
  cut(text: string): { body: string; rest: string } | undefined
}

/** No message of a launcher is longer. */
export const MAX_MESSAGE = 65536
export const MAX_KEY = 63

export type Answer = ReadonlyMap<string, string>

/** A piece of what came, for an error. */
export const shown = (text: string): string => JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)

export const wrongAnswer = (asked: string, got: string, expected: string): TransportError =>
  new TransportError(`PMI: asked ${shown(asked)}, the launcher answered ${shown(got)}; expected ${expected}`)

/** The answer, which must be `name` and, where it has a result code, say success. */
export function checkAnswer(asked: string, got: string, answer: Answer, name: string): Answer {
  if (answer.get('cmd') !== name) throw wrongAnswer(asked, got, `cmd=${name}`)
  if ((answer.get('rc') ?? '0') !== '0') throw wrongAnswer(asked, got, 'rc=0')
  return answer
}

/** A number that an answer must have, from 1 to `most`. */
export function checkNumber(asked: string, got: string, answer: Answer, name: string, most: number): number {
  const text = answer.get(name) ?? ''
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (value < 1) throw wrongAnswer(asked, got, `${name}=N with N from 1`)
  return Math.min(value, most)
}

/** Throws where `text` cannot travel in both protocols. */
export function checkText(text: string, most: number, what: string): void {
  if (text.length === 0 || text.length > most || !/^[!-:<-~]+$/.test(text)) {
    throw new TransportError(`PMI: a ${what} of ${text.length} bytes: it has 1 to ${most}, without blanks: ${shown(text)}`)
  }
}
