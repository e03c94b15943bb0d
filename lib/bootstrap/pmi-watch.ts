// Whether a rank still lives, where another launcher started the ranks and says nothing of those that die: a connection to
// the port at which it listens for others, over which nothing is said.
//
// The system of its host keeps that connection, not the rank: one that computes, or is stopped, for an hour still has it.
// Invariants:
// - Until `close`, or `onGone`, a connection stands or is tried, or the next tick tries one. ZeroMQ ends one that says nothing
//   after the time of a handshake, and then there is another.
// - A port that refuses belongs to nobody: the rank is gone. A host that is gone or cut off says nothing. That is taken for
//   its end only once a connection has stood, and after ticks of our own timer: by the clock, a process that was stopped or
//   computed would find others silent for as long, whose answers are there but not yet read.
// - What is wrong on our own side, such as too many open files, says nothing about the rank.
// Nothing of it keeps the process alive.
import type * as Net from 'node:net'
import { hostAndPort } from '../wire/control.js'

/** Loaded when it is needed: ranks of one host never need it. */
const net = (): typeof Net => process.getBuiltinModule('node:net')

const TICK_MS = 1000
/** Ticks without a connection. */
const SILENT_TICKS = 5
const AWAY = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ECONNRESET', 'EPIPE'])

export class Watch {
  readonly #address: { readonly host: string; readonly port: number }
  readonly #onGone: (why: string) => void
  readonly #timer: NodeJS.Timeout
  #socket: Net.Socket | undefined
  #standing = false
  #stoodOnce = false
  /** A connection was begun since the last tick. */
  #begun = false
  #silent = 0
  #fault = ''
  #closed = false

  /** `endpoint`: where the rank listens, `tcp://10.0.0.7:41234`. `onGone` is called once, from the event loop. */
  constructor(endpoint: string, onGone: (why: string) => void) {
    this.#address = hostAndPort(endpoint)
    this.#onGone = onGone
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref()
    this.#connect()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
    this.#socket?.destroy()
  }

  #tick(): void {
    this.#begun = false
    const known = this.#stoodOnce && (this.#fault === '' || AWAY.has(this.#fault))
    this.#silent = this.#standing || !known ? 0 : this.#silent + 1
    if (this.#silent >= SILENT_TICKS) return this.#gone(this.#fault === '' ? 'its host does not answer' : this.#fault)
    if (this.#socket === undefined) this.#connect()
  }

  #connect(): void {
    this.#begun = true
    const socket = net().connect({ ...this.#address, keepAlive: true, keepAliveInitialDelay: TICK_MS })
    this.#socket = socket
    socket.unref().resume()
    socket.on('connect', () => {
      this.#standing = this.#stoodOnce = true
      this.#fault = ''
    })
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => (this.#fault = code ?? message))
    socket.on('close', () => this.#onClose())
  }

  #onClose(): void {
    const stood = this.#standing
    this.#socket = undefined
    this.#standing = false
    if (this.#closed) return
    // The system has asked for ten seconds.
    if (stood && this.#fault === 'ETIMEDOUT') return this.#gone('its host does not answer')
    if (this.#fault === 'ECONNREFUSED') this.#gone('its port refuses connections')
    else if (!this.#begun) this.#connect()
  }

  #gone(why: string): void {
    this.close()
    this.#onGone(why)
  }
}
