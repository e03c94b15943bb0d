// On a terminal, a line that says which hosts have not joined yet, while starting them takes long. It is gone before
// anything else is said.
import { compressNodeList } from '../hosts/nodelist.js'

/** Milliseconds that a start may take without a word, and between two words. */
const QUIET = 1000
const PAUSE = 200
/** Of the names. */
const MOST_CHARACTERS = 50
const CLEAR = '\r\x1b[K'

export interface JoiningTimes {
  readonly quiet: number
  readonly pause: number
}

export class Joining {
  readonly #show: (text: string) => void
  readonly #missing: Set<string>
  readonly #size: number
  readonly #start: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined
  #shown = ''

  /** The names of the hosts that are to join. `show` writes to the terminal. */
  constructor(hosts: readonly string[], show: (text: string) => void, { quiet, pause }: JoiningTimes = { quiet: QUIET, pause: PAUSE }) {
    this.#show = show
    this.#missing = new Set(hosts)
    this.#size = this.#missing.size
    this.#start = setTimeout(() => {
      this.#say()
      this.#timer = setInterval(() => this.#say(), pause).unref()
    }, quiet).unref()
  }

  joined(host: string): void {
    this.#missing.delete(host)
  }

  end(): void {
    clearTimeout(this.#start)
    clearInterval(this.#timer)
    if (this.#shown !== '') this.#show(CLEAR)
    this.#shown = ''
  }

  #say(): void {
    const names = compressNodeList([...this.#missing])
    const waited = names.length > MOST_CHARACTERS ? `${names.slice(0, MOST_CHARACTERS)}…` : names
    const text = `tsmpirun: ${this.#size - this.#missing.size} of ${this.#size} hosts have joined, waiting for ${waited}`
    if (text === this.#shown || names === '') return
    this.#shown = text
    this.#show(CLEAR + text)
  }
}
