// A launcher for tests that speaks PMI to real ranks: a key-value space, a barrier, and what became of everybody.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'

export interface FakeOptions {
  readonly version: 1 | 2
  readonly size: number
  /** Arguments of node. */
  readonly args: readonly string[]
  readonly env?: Record<string, string>
  /** Changes what is put, so that ranks read something else. */
  readonly tamper?: (key: string, value: string) => string
  /** Ends all connections at the so-manyth barrier. */
  readonly hangUpAt?: number
}

export interface FakeJob {
  readonly codes: (number | null)[]
  readonly signals: (NodeJS.Signals | null)[]
  readonly stdout: string
  readonly stderr: string
  /** Ranks that have finalized PMI. */
  readonly finalized: number[]
  /** What the ranks said that aborted. */
  readonly aborted: string[]
}

/** Variables of launchers, which tests may themselves run under. */
const FOREIGN = /^(TSMPI|OMPI|PMIX?|SLURM|HYDI|MPI)_/

/** The environment without any launcher, and without what tap adds. */
export const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name) && name !== 'NODE_OPTIONS'))

class Server {
  readonly finalized: number[] = []
  readonly aborted: string[] = []
  readonly children: ChildProcess[] = []
  readonly #values = new Map<string, string>()
  readonly #options: FakeOptions
  #waiting: { release: () => void; socket: Socket }[] = []
  #barriers = 0

  constructor(options: FakeOptions) {
    this.#options = options
  }

  serve(socket: Socket, rank: number): void {
    let text = ''
    let framed = false
    socket.on('error', () => {})
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      for (;;) {
        const length = framed ? Number(text.slice(0, 6)) : text.indexOf('\n') + 1
        const end = framed ? 6 + length : length
        if (text.length < (framed ? 6 : 1) || length === 0 || text.length < end) return
        const body = text.slice(framed ? 6 : 0, end).trimEnd()
        text = text.slice(end)
        const say = (answer: string): void => void socket.write(framed ? String(answer.length).padEnd(6) + answer : `${answer}\n`)
        if (body.startsWith('cmd=init ')) {
          say(`cmd=response_to_init pmi_version=${this.#options.version} pmi_subversion=0 rc=0`)
          framed = this.#options.version === 2
        } else if (framed) {
          this.#answer2(body, rank, say, socket)
        } else {
          this.#answer1(body, rank, say, socket)
        }
      }
    })
  }

  #put(key: string, value: string, answer: string): string {
    this.#values.set(key, this.#options.tamper?.(key, value) ?? value)
    return answer
  }

  /** As Hydra does: nothing more is said to a rank that has finalized. */
  #end(rank: number, say: () => void, socket: Socket): void {
    this.finalized.push(rank)
    say()
    socket.end()
  }

  #barrier(release: () => void, socket: Socket): void {
    this.#waiting.push({ release, socket })
    if (this.#waiting.length < this.#options.size) return
    const hangUp = ++this.#barriers === this.#options.hangUpAt
    for (const one of this.#waiting.splice(0)) {
      if (hangUp) one.socket.destroy()
      else one.release()
    }
  }

  #abort(said: string): void {
    this.aborted.push(said)
    for (const child of this.children) child.kill('SIGKILL')
  }

  #answer1(body: string, rank: number, say: (answer: string) => void, socket: Socket): void {
    const { cmd, key = '', value = '' } = Object.fromEntries(body.split(' ').map((word) => splitOnce(word))) as Record<string, string>
    const got = this.#values.get(key)
    if (cmd === 'get_maxes') say('cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024')
    else if (cmd === 'get_my_kvsname') say('cmd=my_kvsname kvsname=kvs_7')
    else if (cmd === 'put') say(this.#put(key, value, 'cmd=put_result rc=0 msg=success'))
    else if (cmd === 'get' && got === undefined) say('cmd=get_result rc=-1 msg=key_not_found value=unknown')
    else if (cmd === 'get') say(`cmd=get_result rc=0 msg=success value=${got}`)
    else if (cmd === 'barrier_in') this.#barrier(() => say('cmd=barrier_out'), socket)
    else if (cmd === 'finalize') this.#end(rank, () => say('cmd=finalize_ack'), socket)
    else if (cmd === 'abort') this.#abort(body)
  }

  #answer2(body: string, rank: number, say: (answer: string) => void, socket: Socket): void {
    const { cmd, key = '', value = '' } = Object.fromEntries(body.split(';').map((word) => splitOnce(word))) as Record<string, string>
    const got = this.#values.get(key)
    if (cmd === 'fullinit') say(`cmd=fullinit-response;rc=0;pmi-version=2;pmi-subversion=0;rank=${rank};size=${this.#options.size};appnum=-1;`)
    else if (cmd === 'job-getid') say('cmd=job-getid-response;rc=0;jobid=7.0;')
    else if (cmd === 'kvs-put') say(this.#put(key, value, 'cmd=kvs-put-response;rc=0;'))
    else if (cmd === 'kvs-get') say(`cmd=kvs-get-response;rc=0;${got === undefined ? 'found=FALSE' : `found=TRUE;value=${got}`};`)
    else if (cmd === 'kvs-fence') this.#barrier(() => say('cmd=kvs-fence-response;rc=0;'), socket)
    else if (cmd === 'finalize') this.#end(rank, () => say('cmd=finalize-response;rc=0;'), socket)
    else if (cmd === 'abort') this.#abort(body)
  }
}

function splitOnce(word: string): [string, string] {
  const equals = word.indexOf('=')
  return [word.slice(0, equals), word.slice(equals + 1)]
}

/** Runs a job to its end; after 60 s its ranks are killed. */
export async function runFake(options: FakeOptions): Promise<FakeJob> {
  const server = new Server(options)
  const output = { stdout: '', stderr: '' }
  const ends = Array.from({ length: options.size }, (_, rank) => {
    const role = { PMI_FD: '3', PMI_RANK: `${rank}`, PMI_SIZE: `${options.size}`, ...(options.version === 2 && { PMI_JOBID: '7.0' }) }
    const child = spawn(process.execPath, options.args, {
      env: { ...plainEnvironment(), ...role, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      timeout: 60_000,
      killSignal: 'SIGKILL',
    })
    server.children.push(child)
    server.serve(child.stdio[3] as Socket, rank)
    for (const name of ['stdout', 'stderr'] as const) child[name]!.setEncoding('utf8').on('data', (text: string) => (output[name] += text))
    return new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on('error', reject).on('close', (code, signal) => resolve([code, signal]))
    })
  })
  const ended = await Promise.all(ends)
  const { finalized, aborted } = server
  return { codes: ended.map(([code]) => code), signals: ended.map(([, signal]) => signal), ...output, finalized: finalized.sort((a, b) => a - b), aborted }
}

/** Changes a card on its way. */
export const tamper = (rank: number, change: (card: Record<string, unknown>) => void) => (key: string, value: string): string => {
  if (key !== `tsmpi-card-${rank}`) return value
  const card = JSON.parse(Buffer.from(value, 'base64url').toString()) as Record<string, unknown>
  change(card)
  return Buffer.from(JSON.stringify(card)).toString('base64url')
}

/** Ranks of these places, by rank, are on hosts of their own: to each other they listen on loopback. */
export const onHosts = (places: string): Pick<FakeOptions, 'size' | 'env' | 'tamper'> => ({
  size: places.length,
  env: { TSMPI_INTERFACE: 'lo' },
  tamper: (key, value) => {
    const rank = Number(/^tsmpi-card-(\d+)$/.exec(key)?.[1] ?? -1)
    return rank < 0 ? value : tamper(rank, (card) => Object.assign(card, { place: places[rank].repeat(16) }))(key, value)
  },
})
