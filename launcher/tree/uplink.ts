// The connection of an agent of a step to the root of the tree. All tasks of a step read the same standard input: one
// line, the invitation, after which it stays open as long as the root lives.
//
// Invariants:
// - There is one connection, and it is not made again: what it may have lost could not be found. Its end is told once.
// - The secret is in nothing that is told or thrown.
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type * as Zmq from 'zeromq'
import { LaunchError } from '../../lib/errors.js'
import type { Invitation } from '../../lib/wire/agent.js'
import { hostAndPort, isEndpoint, withoutScheme } from '../../lib/wire/control.js'
import { hostKey } from '../hosts/host.js'
import { ownAddressTowards } from './addresses.js'
import { ROOT, agentKeys, commonOptions, loadZmq, messagesOf, routingId } from './messages.js'

export interface UplinkListener {
  /** A piece of what the root says. */
  bytes(chunk: Buffer): void
  /** The root wants nothing more, or cannot be reached: then `problem` says why. */
  ended(problem?: string): void
}

/** By what Slurm calls the node that a task is on. */
const NODE_NAME = 'SLURMD_NODENAME'
const LOST = 'its connection was lost'

/** Reads the invitation and connects. @throws LaunchError, TransportError */
export async function openUplink(input: Readable, listener: UplinkListener, env = process.env): Promise<Uplink> {
  const [zmq, invitation] = await Promise.all([loadZmq(), readInvitation(input)])
  const name = env[NODE_NAME] ?? ''
  const host = Object.hasOwn(invitation.hosts, hostKey(name)) ? invitation.hosts[hostKey(name)] : undefined
  if (host === undefined) throw new LaunchError(`${NODE_NAME} is '${name}', which the job has no use for`)
  return new Uplink(zmq, invitation, host, listener)
}

/** Rejects where the input ends before. */
async function readInvitation(input: Readable): Promise<Invitation> {
  const line = await new Promise<string | undefined>((resolve) => {
    createInterface({ input, crlfDelay: Infinity }).once('line', resolve).once('close', () => resolve(undefined))
  })
  const said = parse(line ?? '')
  if (said !== undefined) return said
  throw new LaunchError('what came on standard input does not tell where the root of the tree is')
}

function parse(line: string): Invitation | undefined {
  try {
    const said = JSON.parse(line) as Partial<Invitation> | null
    const texts = [said?.job, said?.secret, said?.endpoint].every((text) => typeof text === 'string')
    return texts && isEndpoint(said!.endpoint!) && said!.hosts instanceof Object ? (said as Invitation) : undefined
  } catch {
    return undefined
  }
}

export class Uplink {
  readonly #dealer: Zmq.Dealer
  readonly #listener: UplinkListener
  readonly #endpoint: string
  #over = false

  constructor(zmq: typeof Zmq, invitation: Invitation, host: number, listener: UplinkListener) {
    this.#listener = listener
    this.#endpoint = invitation.endpoint
    const keys = agentKeys(invitation)
    const { publicKey, secretKey } = keys.pair(host)
    this.#dealer = new zmq.Dealer({
      context: new zmq.Context({ blocky: false }),
      ...commonOptions(invitation.endpoint),
      reconnectInterval: -1,
      routingId: routingId(keys, host),
      curvePublicKey: publicKey,
      curveSecretKey: secretKey,
      curveServerKey: keys.pair(ROOT).publicKey,
    })
    this.#watch()
    this.#dealer.connect(invitation.endpoint)
    void this.#read()
  }

  /** The addresses of the connection: of its other end, and the one of this host that leads there. */
  async session(): Promise<{ client: string; server?: string }> {
    const client = hostAndPort(this.#endpoint).host
    const server = await ownAddressTowards(client)
    return { client, ...(server !== undefined && { server }) }
  }

  write(pieces: readonly Buffer[]): void {
    for (const message of messagesOf(pieces)) {
      if (this.#over) return
      this.#dealer.send(message).catch(() => this.#end(LOST))
    }
  }

  #watch(): void {
    const { events } = this.#dealer
    events.on('disconnect', () => this.#end(LOST))
    events.on('close', () => this.#end('nobody listens there, or the way is closed'))
    events.on('handshake:error:auth', () => this.#end('it does not let this host in'))
  }

  async #read(): Promise<void> {
    for await (const [chunk] of this.#dealer) {
      if (chunk.length === 0) return this.#end()
      this.#listener.bytes(chunk)
    }
  }

  #end(problem?: string): void {
    if (this.#over) return
    this.#over = true
    this.#dealer.close()
    this.#listener.ended(problem && `tsmpirun at ${withoutScheme(this.#endpoint)}: ${problem}`)
  }
}
