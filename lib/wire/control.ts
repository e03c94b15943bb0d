// The messages between an agent and its ranks: one JSON object a line, over the socket TSMPI_CONTROL_FD.

/** How many frames a rank has sent to each peer, so that a peer knows when it has seen them all. Zeros are left out. */
export type SentFrames = Record<number, number>

/** What a rank says to its agent. */
export type FromRank =
  /** tsmpi was imported: `pid` is the Node process, which may be a child of what the agent started. */
  | { type: 'hello'; pid: number }
  /** The program is done with tsmpi and waits for the others. */
  | { type: 'finalize'; sent: SentFrames }
  /** Written at exit by a rank that has not finalized, if it can. */
  | { type: 'leaving'; sent: SentFrames }
  /** The process is about to die of this error. `printed`: Node itself prints it on standard error. */
  | { type: 'uncaught'; pid: number; stack: string; printed: boolean }
  | { type: 'abort'; code: number; reason?: string }
  /** Answer to `report`: what the rank waits for, a line an operation. */
  | { type: 'doing'; lines: string[] }
  /** Where this rank listens, in a job of several hosts: `tcp://10.0.0.7:41234`. */
  | { type: 'endpoint'; endpoint: string }
  /** Asks where `rank` listens. */
  | { type: 'where'; rank: number }
  /** This rank waited on `rank`, which ended without finalizing. */
  | { type: 'lost'; rank: number; doing: string }

/** What an agent says to a rank. */
export type ToRank =
  /** First message on the socket. `secret`: hex, known to the ranks of the job only. */
  | { type: 'job'; secret: string; hosts: string[] }
  /** Another rank has finalized or ended. `sent` is how many frames it sent to the rank addressed, if known. */
  | { type: 'ended'; rank: number; finalized: boolean; how: string; sent?: number }
  /** Answer to `where`, as soon as it is known: where `rank` listens, and the name of its host. */
  | { type: 'endpoint'; rank: number; endpoint: string; host: string }
  /** Every rank has finalized or ended: leave. */
  | { type: 'finalized' }
  /** Say what you are doing. */
  | { type: 'report' }

/** An endpoint as messages have it: `tcp://10.0.0.7:41234`, `tcp://[fd00::7]:41234`. `*`: a port that the system chooses. */
export const endpointAt = (address: string, port: number | '*'): string =>
  `tcp://${address.includes(':') ? `[${address}]` : address}:${port}`

export const isEndpoint = (text: string): boolean => /^tcp:\/\/[^/\s]+:\d{1,5}$/.test(text) && hostAndPort(text).port < 65536

/** What to connect to. `endpoint` must be one. */
export function hostAndPort(endpoint: string): { host: string; port: number } {
  const colon = endpoint.lastIndexOf(':')
  return { host: endpoint.slice('tcp://'.length, colon).replace(/^\[|\]$/g, ''), port: Number(endpoint.slice(colon + 1)) }
}

/** Whether an endpoint is one of IPv6. */
export const isIPv6 = (endpoint: string): boolean => hostAndPort(endpoint).host.includes(':')

/** For people: `10.0.0.7:41234`. */
export const withoutScheme = (endpoint: string): string => endpoint.replace('tcp://', '')

export const encodeControl = (message: FromRank | ToRank): string => `${JSON.stringify(message)}\n`

/** Longer lines are not ours. */
const MAX_LINE = 1 << 24

/** Cuts a byte stream into control messages. Anything else, which a program may write to the descriptor, is dropped. */
export class ControlReader<T extends FromRank | ToRank> {
  #rest = ''
  readonly #decoder = new TextDecoder()

  /** The messages completed by `chunk`. */
  push(chunk: Uint8Array): T[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > MAX_LINE) this.#rest = ''
    return lines.map(parseLine).filter((message) => message !== undefined) as T[]
  }
}

function parseLine(line: string): object | undefined {
  try {
    const message: unknown = JSON.parse(line)
    return typeof message === 'object' && message !== null && 'type' in message ? message : undefined
  } catch {
    return undefined
  }
}
