// Why a peer on another host cannot be reached, if that is so: asked soon after the first connect, where nothing has shown
// yet that messages arrive, and when a peer has been silent for long.
//
// A peer that computes answers late: its system accepts connections, and the handshake waits for its event loop. So what
// speaks against a peer is only that no connection is accepted, or that what accepts it is no rank of the job; and never
// what is wrong on our own side, or that we have had no time to read its answer.
import type * as Net from 'node:net'
import { hostAndPort } from '../wire/control.js'
import type { ZmqSocket } from './zmq-socket.js'

/** Loaded when it is needed: most ranks never need it. */
const net = (): typeof Net => process.getBuiltinModule('node:net')

/** A greeting of ZMTP 3 by CURVE: its first 10 bytes, its version, where the mechanism's name stands. */
const SIGNATURE_BYTES = 10
const MECHANISM = 12
const GREETING_BYTES = 64
/** Faults of this process or host: too many files, no memory, no port. */
const OWN_FAULTS = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN'])
/** How long refused handshakes are waited for: connections are tried again within a second. */
const OBSERVE_MS = 3_000
/** A peer that is busy ends one in a handshake's time at the most. */
const MOST_ENDED = 2

export interface Fault {
  readonly why: string
  /** Nobody answers there. */
  readonly unreachable: boolean
}

/**
 * What is wrong at a `tcp://` endpoint, or with the connection of `dealer`, where one is given; undefined where nothing is
 * found.
 */
export async function probe(endpoint: string, dealer: ZmqSocket | undefined, milliseconds: number): Promise<Fault | undefined> {
  const fault = await probePort(endpoint, milliseconds)
  if (fault !== undefined || dealer === undefined || dealer.closed) return fault
  const why = await observe(dealer)
  return why === undefined ? undefined : { why, unreachable: false }
}

function probePort(endpoint: string, milliseconds: number): Promise<Fault | undefined> {
  return new Promise((resolve) => {
    let accepted = false
    let greeting = Buffer.alloc(0)
    const socket = net().connect(hostAndPort(endpoint))
    const done = (why?: string, unreachable = true): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(why === undefined ? undefined : { why, unreachable })
    }
    // the turn of the event loop in between reads what has come while this process did something else
    const late = (): void => done(accepted ? undefined : `no connection within ${milliseconds / 1000} s`)
    const timer = setTimeout(() => setImmediate(late), milliseconds)
    socket.on('connect', () => (accepted = true))
    socket.on('data', (bytes) => {
      greeting = Buffer.concat([greeting, bytes]).subarray(0, GREETING_BYTES)
      if (!couldBeRank(greeting)) done('what listens there is no rank of tsmpi', false)
      else if (greeting.length > SIGNATURE_BYTES) done()
    })
    // a busy system may end connections as well
    socket.on('end', () => done())
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      done(accepted || OWN_FAULTS.has(code ?? '') ? undefined : (code ?? message))
    })
  })
}

/** Whether bytes are the beginning of what ZeroMQ says first. */
export function couldBeRank(bytes: Uint8Array): boolean {
  if (bytes.length > 0 && bytes[0] !== 0xff) return false
  if (bytes.length >= SIGNATURE_BYTES && bytes[SIGNATURE_BYTES - 1] !== 0x7f) return false
  const mechanism = Buffer.from(bytes).toString('latin1', MECHANISM, MECHANISM + 5)
  return mechanism === 'CURVE'.slice(0, mechanism.length)
}

/** Refusals that the connection meets while we look: at the first look only, for a socket has one observer. */
async function observe(dealer: ZmqSocket): Promise<string | undefined> {
  const { events } = dealer
  const close = (): void => {
    if (!events.closed) events.close()
  }
  const timer = setTimeout(close, OBSERVE_MS)
  let ended = 0
  try {
    while (!events.closed && !dealer.closed) {
      const { type } = await events.receive()
      if (type === 'handshake') return undefined
      if (type === 'handshake:error:auth') return 'it does not admit the key of this rank'
      if (type === 'disconnect' || type.startsWith('handshake:error')) ended++
      if (ended === MOST_ENDED) return 'it ends every connection before the handshake is over: has it keys of this job?'
    }
  } catch {
    // the socket was closed meanwhile
  } finally {
    clearTimeout(timer)
    close()
  }
  return undefined
}
