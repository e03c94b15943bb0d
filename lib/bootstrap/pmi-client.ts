// A rank's side of PMI, whichever version: questions one after the other, each with the answer that belongs to it. What they
// are called is in pmi1.ts and pmi2.ts.
import type { PmiSocket } from './pmi-socket.js'
import { checkAnswer, checkText, wrongAnswer } from './pmi-wire.js'
import type { Answer, Pmi } from './pmi-wire.js'

/** A message, and the name of the answer to it. */
export type Question = readonly [asked: string, answer: string]

export interface Dialect {
  /** The fields of a message. Throws TransportError where it is not one. */
  parse(body: string): Answer
  put(job: string, key: string, value: string): Question
  /** The answer has the field `value`. */
  get(job: string, key: string): Question
  readonly fence: Question
  readonly finalize: Question
}

/** How long ranks may take until all of them have come to a fence, in milliseconds. */
const FENCE_PATIENCE = 120_000

export abstract class PmiClient implements Pmi {
  abstract readonly version: 1 | 2
  abstract readonly job: string
  abstract readonly valueBytes: number
  /** The longest key. */
  protected abstract readonly keyBytes: number
  readonly #socket: PmiSocket
  readonly #dialect: Dialect

  constructor(socket: PmiSocket, dialect: Dialect) {
    this.#socket = socket
    this.#dialect = dialect
  }

  abstract abort(code: number, reason: string): void

  put(key: string, value: string): void {
    checkText(key, this.keyBytes, 'key')
    checkText(value, this.valueBytes, 'value')
    this.ask(this.#dialect.put(this.job, key, value))
  }

  get(key: string): string {
    checkText(key, this.keyBytes, 'key')
    return this.askFor('value', this.#dialect.get(this.job, key))
  }

  fence(what: string): void {
    const [asked] = this.#dialect.fence
    this.#check(this.#dialect.fence, this.#socket.ask(asked, what, FENCE_PATIENCE))
  }

  fenceLater(done: (error?: Error) => void): void {
    const [asked] = this.#dialect.fence
    this.#socket.askLater(asked, (got, error) => done(error ?? this.#problem(got ?? '')))
  }

  finalize(): void {
    this.ask(this.#dialect.finalize)
    this.#socket.close()
  }

  /** The question, what came, and its fields. */
  protected ask(question: Question): [asked: string, got: string, answer: Answer] {
    const [asked] = question
    const got = this.#socket.ask(asked)
    return [asked, got, this.#check(question, got)]
  }

  /** The field `wanted` of the answer. */
  protected askFor(wanted: string, question: Question): string {
    const [asked, got, answer] = this.ask(question)
    if (answer.get('found') === 'FALSE') throw wrongAnswer(asked, got, 'found=TRUE')
    const value = answer.get(wanted)
    if (value === undefined) throw wrongAnswer(asked, got, `${wanted}=…`)
    return value
  }

  /** Says a last word. */
  protected leave(word: string): void {
    this.#socket.tell(word)
    this.#socket.close()
  }

  #check([asked, name]: Question, got: string): Answer {
    return checkAnswer(asked, got, this.#dialect.parse(got), name)
  }

  #problem(got: string): Error | undefined {
    try {
      this.#check(this.#dialect.fence, got)
      return undefined
    } catch (error) {
      return error as Error
    }
  }
}
